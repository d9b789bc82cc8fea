// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/math/amm.h"

#include <math.h>

#include "agent/engine/math/u256_muldiv.h"

bool rx_amm_out(const struct rx_u256 *in, rx_u128 reserve_in, rx_u128 reserve_out,
                struct rx_u256 *ret)
{
    const struct rx_u256 kept = rx_u256_of(997), whole = rx_u256_of(1000);
    const struct rx_u256 r_in = rx_u256_of(reserve_in), r_out = rx_u256_of(reserve_out);
    struct rx_u256 paid, divisor;
    if (reserve_in == 0 || reserve_out == 0 || !rx_u256_mul(in, &kept, &paid)) {
        return false;
    }
    return rx_u256_mul(&r_in, &whole, &divisor) && rx_u256_add(&divisor, &paid, &divisor) &&
           rx_u256_muldiv(&paid, &r_out, &divisor, ret, NULL);
}

double rx_amm_out_real(double in, double reserve_in, double reserve_out)
{
    const double paid = in * RX_AMM_AFTER_FEE;
    return paid * reserve_out / (reserve_in + paid);
}

double rx_amm_slippage(double in, double reserve_in)
{
    return 1 - RX_AMM_AFTER_FEE * reserve_in / (reserve_in + in * RX_AMM_AFTER_FEE);
}

double rx_amm_impact(double in, double reserve_in)
{
    const double paid = in * RX_AMM_AFTER_FEE;
    return paid / (reserve_in + paid);
}

double rx_amm_depth(double move, double reserve_in)
{
    return reserve_in * (sqrt(1 + move) - 1) / RX_AMM_AFTER_FEE;
}
