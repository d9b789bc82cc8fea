// SPDX-License-Identifier: Apache-2.0
/*
 * Constant-product pools with a fee of 0.3 % on the way in (Uniswap V2 whitepaper, Adams et al.
 * 2020; integer form of UniswapV2Library). Pure functions; thread-safe.
 */
#pragma once

#include "agent/engine/math/u256.h"

/* What is left of an input after the fee. */
#define RX_AMM_AFTER_FEE 0.997

/*
 * Exact output in base units: floor(in 997 r_out / (r_in 1000 + in 997)). False when a reserve is
 * zero, or the sum in the divisor leaves 256 bits.
 */
bool rx_amm_out(const struct rx_u256 *in, rx_u128 reserve_in, rx_u128 reserve_out,
                struct rx_u256 *ret) RX_MUST_CHECK;

/* The same in real numbers: any unit, the same for `in` and `reserve_in`. */
double rx_amm_out_real(double in, double reserve_in, double reserve_out);
/* 1 - (price got / spot price), fee included: what a taker of `in` loses. 0..1. */
double rx_amm_slippage(double in, double reserve_in);
/* Share of the price lost to the size of the trade alone: in' / (reserve_in + in'). 0..1. */
double rx_amm_impact(double in, double reserve_in);
/*
 * Input that moves the price of what is bought by the factor 1 + move (move > -1; 0.01 = 1 %),
 * before the fee that stays in the pool is counted: reserve_in (sqrt(1 + move) - 1) / 0.997.
 */
double rx_amm_depth(double move, double reserve_in);
