// SPDX-License-Identifier: Apache-2.0
/*
 * Makes probabilities monotone by least squares. The result is unique; it keeps the order of two
 * inputs (a <= b cell by cell stays so), leaves monotone input as it is, and is exactly monotone.
 *
 * Sources: PAVA: M. Ayer et al. 1955. On a partial order: W. L. Maxwell, J. A. Muckstadt 1985, S.
 * Spouge, H. Wan, W. J. Wilbur 2003 (splitting a block by the upper set of largest surplus).
 *
 * Pure functions; thread-safe.
 */
#pragma once

#include <stddef.h>

#define RX_HEATMAP_ROWS  3
#define RX_HEATMAP_COLS  5
#define RX_HEATMAP_CELLS (RX_HEATMAP_ROWS * RX_HEATMAP_COLS)

/* Rows = horizons: non-decreasing downwards; columns = multipliers: non-increasing to the right.
 * NaN = no such cell: it stays NaN and orders nothing. */
void rx_heatmap_project(double cells[RX_HEATMAP_CELLS]);
/* Non-decreasing, n values, the same rule for NaN. n <= 64. */
void rx_chain_project(double *values, size_t n);
