// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/model/heatmap.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdbool.h>

#define MAX_CHAIN  64
#define UPPER_SETS 56 /* staircases of a 3 x 5 grid: 8 over 3 */

static unsigned cell_bit(unsigned row, unsigned col)
{
    return 1U << (row * RX_HEATMAP_COLS + col);
}

/* The sets that with a cell hold every cell that must not be below it: in each row the first k
 * columns, k growing with the row. */
static void make_upper_sets(unsigned sets[UPPER_SETS])
{
    const unsigned all = RX_HEATMAP_COLS;
    unsigned n = 0;
    for (unsigned a = 0; a <= all; a++) {
        for (unsigned b = a; b <= all; b++) {
            for (unsigned c = b; c <= all; c++) {
                const unsigned first = (1U << a) - 1, second = (1U << b) - 1, third = (1U << c) - 1;
                sets[n++] = first | second << RX_HEATMAP_COLS | third << (2 * RX_HEATMAP_COLS);
            }
        }
    }
    assert(n == UPPER_SETS);
}

static bool is_monotone(const double cells[RX_HEATMAP_CELLS], unsigned present)
{
    for (unsigned i = 0; i < RX_HEATMAP_CELLS; i++) {
        for (unsigned j = 0; j < RX_HEATMAP_CELLS; j++) {
            const bool below = i / RX_HEATMAP_COLS <= j / RX_HEATMAP_COLS &&
                               i % RX_HEATMAP_COLS >= j % RX_HEATMAP_COLS;
            if (below && present >> i & 1 && present >> j & 1 && cells[i] > cells[j]) {
                return false;
            }
        }
    }
    return true;
}

static double sum_over(const double *values, unsigned set)
{
    double sum = 0;
    for (; set; set &= set - 1) {
        sum += values[__builtin_ctz(set)];
    }
    return sum;
}

/* The part of the block that should lie higher than the rest; 0 when all of it has one value. */
static unsigned upper_part(const double cells[RX_HEATMAP_CELLS], unsigned block, double mean,
                           const unsigned sets[UPPER_SETS])
{
    double surplus[RX_HEATMAP_CELLS] = {0};
    double scale = 0;
    for (unsigned left = block; left; left &= left - 1) {
        const int i = __builtin_ctz(left);
        surplus[i] = cells[i] - mean;
        scale = fmax(scale, fabs(cells[i]));
    }
    /* What rounding can make of a surplus of nothing. */
    double best = 2 * RX_HEATMAP_CELLS * DBL_EPSILON * scale;
    unsigned upper = 0;
    for (unsigned s = 0; s < UPPER_SETS; s++) {
        const unsigned part = sets[s] & block;
        const double sum = sum_over(surplus, part);
        if (sum > best && part != block) {
            best = sum;
            upper = part;
        }
    }
    return upper;
}

/* Rounding may leave neighbouring blocks the wrong way round by a last digit. */
static void settle(double cells[RX_HEATMAP_CELLS], unsigned present)
{
    double least[RX_HEATMAP_CELLS];
    for (unsigned row = 0; row < RX_HEATMAP_ROWS; row++) {
        for (unsigned col = RX_HEATMAP_COLS; col-- > 0;) {
            const unsigned i = row * RX_HEATMAP_COLS + col;
            double value = present & cell_bit(row, col) ? cells[i] : -HUGE_VAL;
            if (row > 0) {
                value = fmax(value, least[i - RX_HEATMAP_COLS]);
            }
            if (col + 1 < RX_HEATMAP_COLS) {
                value = fmax(value, least[i + 1]);
            }
            least[i] = value;
            if (present & cell_bit(row, col)) {
                cells[i] = value;
            }
        }
    }
}

void rx_heatmap_project(double cells[RX_HEATMAP_CELLS])
{
    unsigned present = 0;
    for (unsigned i = 0; i < RX_HEATMAP_CELLS; i++) {
        present |= (unsigned)!isnan(cells[i]) << i;
    }
    if (present == 0 || is_monotone(cells, present)) {
        return;
    }
    unsigned sets[UPPER_SETS], blocks[RX_HEATMAP_CELLS];
    double fitted[RX_HEATMAP_CELLS] = {0};
    unsigned n = 0;
    make_upper_sets(sets);
    blocks[n++] = present;
    while (n > 0) {
        const unsigned block = blocks[--n];
        const double mean = sum_over(cells, block) / __builtin_popcount(block);
        const unsigned upper = upper_part(cells, block, mean, sets);
        if (upper) {
            blocks[n++] = upper;
            blocks[n++] = block & ~upper;
            continue;
        }
        for (unsigned left = block; left; left &= left - 1) {
            fitted[__builtin_ctz(left)] = mean;
        }
    }
    for (unsigned left = present; left; left &= left - 1) {
        cells[__builtin_ctz(left)] = fitted[__builtin_ctz(left)];
    }
    settle(cells, present);
}

void rx_chain_project(double *values, size_t n)
{
    double mean[MAX_CHAIN] = {0}, count[MAX_CHAIN] = {0};
    size_t blocks = 0;
    assert(n <= MAX_CHAIN);
    for (size_t i = 0; i < n; i++) {
        if (isnan(values[i])) {
            continue;
        }
        mean[blocks] = values[i];
        count[blocks++] = 1;
        while (blocks > 1 && mean[blocks - 2] > mean[blocks - 1]) {
            const double a = count[blocks - 2], b = count[blocks - 1];
            mean[blocks - 2] = (a * mean[blocks - 2] + b * mean[blocks - 1]) / (a + b);
            count[blocks - 2] = a + b;
            blocks--;
        }
    }
    size_t block = 0;
    for (size_t i = 0; i < n; i++) {
        if (!isnan(values[i])) {
            values[i] = mean[block];
            count[block]--;
            block += count[block] <= 0;
        }
    }
}
