// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/model/heatmap.h"

#include <math.h>
#include <stdbool.h>

#include "tests/support/test.h"

#define ROWS    100000
#define BRUTE   20000
#define MISSING (__builtin_nan(""))

static uint64_t seed = 20200905;

/* splitmix64 (S. Vigna): the same numbers on every machine. */
static double uniform(void)
{
    seed += 0x9e3779b97f4a7c15u;
    uint64_t z = seed;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return (double)((z ^ z >> 31) >> 11) * 0x1p-53;
}

static bool must_not_exceed(int i, int j)
{
    return i / RX_HEATMAP_COLS <= j / RX_HEATMAP_COLS && i % RX_HEATMAP_COLS >= j % RX_HEATMAP_COLS;
}

static bool is_monotone(const double *cells)
{
    for (int i = 0; i < RX_HEATMAP_CELLS; i++) {
        for (int j = 0; j < RX_HEATMAP_CELLS; j++) {
            if (must_not_exceed(i, j) && cells[i] > cells[j]) {
                return false;
            }
        }
    }
    return true;
}

/* Probabilities of very different sizes, ties, and rows that are nearly in order. */
static void random_cells(double *cells, int kind)
{
    for (int i = 0; i < RX_HEATMAP_CELLS; i++) {
        const double u = uniform();
        const double order = exp(-1.5 * (i % RX_HEATMAP_COLS) + i / RX_HEATMAP_COLS) / 20;
        cells[i] = kind == 0   ? u
                   : kind == 1 ? floor(4 * u) / 4
                   : kind == 2 ? order * (0.7 + 0.6 * u)
                   : kind == 3 ? pow(10, -12 * u)
                               : (u < 0.5 ? u * u : 1 - u);
    }
}

/*
 * The Karush-Kuhn-Tucker conditions of the least squares problem, which only its solution meets:
 * the residual is orthogonal to the fit, and no upper set of the order would gain by rising.
 */
static bool is_optimal(const double *raw, const double *fit)
{
    double inner = 0;
    for (int i = 0; i < RX_HEATMAP_CELLS; i++) {
        inner += (raw[i] - fit[i]) * fit[i];
    }
    if (fabs(inner) > 1e-12) {
        return false;
    }
    for (int a = 0; a <= RX_HEATMAP_COLS; a++) {
        for (int b = a; b <= RX_HEATMAP_COLS; b++) {
            for (int c = b; c <= RX_HEATMAP_COLS; c++) {
                const int width[] = {a, b, c};
                double gain = 0;
                for (int i = 0; i < RX_HEATMAP_CELLS; i++) {
                    if (i % RX_HEATMAP_COLS < width[i / RX_HEATMAP_COLS]) {
                        gain += raw[i] - fit[i];
                    }
                }
                if (gain > 1e-12) {
                    return false;
                }
            }
        }
    }
    return true;
}

static void test_random_rows(void **state)
{
    (void)state;
    size_t changed = 0;
    for (int row = 0; row < ROWS; row++) {
        double lo[RX_HEATMAP_CELLS], p[RX_HEATMAP_CELLS], hi[RX_HEATMAP_CELLS];
        double raw[RX_HEATMAP_CELLS], again[RX_HEATMAP_CELLS];
        random_cells(p, row % 5);
        for (int i = 0; i < RX_HEATMAP_CELLS; i++) {
            lo[i] = p[i] * uniform();
            hi[i] = p[i] + (1 - p[i]) * uniform() * (row % 3);
        }
        memcpy(raw, p, sizeof(raw));
        rx_heatmap_project(p);
        rx_heatmap_project(lo);
        rx_heatmap_project(hi);
        assert_true(is_monotone(p) && is_monotone(lo) && is_monotone(hi));
        assert_true(is_optimal(raw, p));
        for (int i = 0; i < RX_HEATMAP_CELLS; i++) {
            assert_true(lo[i] <= p[i] + 1e-15 && p[i] <= hi[i] + 1e-15);
        }
        memcpy(again, p, sizeof(again));
        rx_heatmap_project(again);
        assert_memory_equal(again, p, sizeof(p));
        changed += memcmp(raw, p, sizeof(p)) != 0;
    }
    print_message("%d random rows, %zu of them moved: monotone, idempotent, ordered, optimal\n",
                  ROWS, changed);
}

/* A cell less at a time: the rest must be as if it had never been there. */
static void test_missing_cells(void **state)
{
    (void)state;
    size_t checked = 0;
    for (int row = 0; row < 2000; row++) {
        double cells[RX_HEATMAP_CELLS];
        bool gone[RX_HEATMAP_CELLS];
        random_cells(cells, row % 5);
        for (int i = 0; i < RX_HEATMAP_CELLS; i++) {
            gone[i] = uniform() < 0.3;
            cells[i] = gone[i] ? MISSING : cells[i];
        }
        rx_heatmap_project(cells);
        for (int i = 0; i < RX_HEATMAP_CELLS; i++) {
            assert_int_equal(isnan(cells[i]), gone[i]);
            for (int j = 0; j < RX_HEATMAP_CELLS; j++) {
                assert_true(!must_not_exceed(i, j) || !(cells[i] > cells[j]));
            }
        }
        checked++;
    }
    double none[RX_HEATMAP_CELLS];
    for (int i = 0; i < RX_HEATMAP_CELLS; i++) {
        none[i] = MISSING;
    }
    rx_heatmap_project(none);
    assert_true(isnan(none[0]));
    print_message("%zu rows with missing cells\n", checked);
}

/*
 * All ways to cut the 2 x 2 corner that is left when the other cells are missing into blocks of one
 * value: the best of them that is in order is the solution.
 */
static void test_brute_force(void **state)
{
    (void)state;
    static const int corner[4] = {0, 1, RX_HEATMAP_COLS, RX_HEATMAP_COLS + 1};
    double worst = 0;
    for (int row = 0; row < BRUTE; row++) {
        double raw[4], cells[RX_HEATMAP_CELLS], best_fit[4] = {0}, best = HUGE_VAL;
        for (int i = 0; i < RX_HEATMAP_CELLS; i++) {
            cells[i] = MISSING;
        }
        for (int k = 0; k < 4; k++) {
            raw[k] = row % 2 ? uniform() : floor(3 * uniform()) / 3;
            cells[corner[k]] = raw[k];
        }
        for (int code = 0; code < 256; code++) {
            double sum[4] = {0}, n[4] = {0}, fit[4], error = 0;
            bool in_order = true;
            for (int k = 0; k < 4; k++) {
                sum[code >> 2 * k & 3] += raw[k];
                n[code >> 2 * k & 3]++;
            }
            for (int k = 0; k < 4; k++) {
                fit[k] = sum[code >> 2 * k & 3] / n[code >> 2 * k & 3];
                error += (fit[k] - raw[k]) * (fit[k] - raw[k]);
            }
            for (int i = 0; i < 4; i++) {
                for (int j = 0; j < 4; j++) {
                    in_order = in_order &&
                               !(must_not_exceed(corner[i], corner[j]) && fit[i] > fit[j] + 1e-15);
                }
            }
            if (in_order && error < best) {
                best = error;
                memcpy(best_fit, fit, sizeof(fit));
            }
        }
        rx_heatmap_project(cells);
        for (int k = 0; k < 4; k++) {
            worst = fmax(worst, fabs(cells[corner[k]] - best_fit[k]));
        }
    }
    assert_true(worst < 1e-12);
    print_message("%d small cases against brute force, largest difference %.2g\n", BRUTE, worst);
}

static void test_known(void **state)
{
    (void)state;
    double cells[RX_HEATMAP_CELLS] = {0.1, 0.2, 0, 0, 0, 0.3, 0, 0, 0, 0, 0.3, 0, 0, 0, 0};
    rx_heatmap_project(cells);
    /* 0.2 must come down to its left and to what lies below: (0.1 + 0.2) / 2 with the zeros under
     * it that have to rise, (0.2 + 0 + 0) / 3 < 0.1. */
    assert_true(fabs(cells[0] - 0.1) < 1e-15);
    assert_true(fabs(cells[1] - 0.2 / 3) < 1e-15 && fabs(cells[11] - 0.2 / 3) < 1e-15);
    assert_true(cells[5] == 0.3 && cells[10] == 0.3 && cells[2] == 0);
}

static void test_chain(void **state)
{
    (void)state;
    double three[] = {0.5, 0.1, 0.3};
    rx_chain_project(three, 3);
    for (int i = 0; i < 3; i++) {
        assert_true(fabs(three[i] - 0.3) < 1e-15);
    }
    double gap[] = {0.4, MISSING, 0.2, 0.9};
    rx_chain_project(gap, 4);
    assert_true(fabs(gap[0] - 0.3) < 1e-15 && isnan(gap[1]) && gap[2] == gap[0] && gap[3] == 0.9);
    for (int row = 0; row < ROWS; row++) {
        double x[5], y[5];
        for (int i = 0; i < 5; i++) {
            x[i] = y[i] = uniform();
        }
        rx_chain_project(y, 5);
        double below = 0, inner = 0;
        for (int i = 0; i < 5; i++) {
            assert_true(i == 0 || y[i] >= y[i - 1]);
            below += x[i] - y[i];
            inner += (x[i] - y[i]) * y[i];
            assert_true(below > -1e-12);
        }
        assert_true(fabs(below) < 1e-12 && fabs(inner) < 1e-12);
    }
    print_message("%d random chains\n", ROWS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_rows),   cmocka_unit_test(test_brute_force),
        cmocka_unit_test(test_missing_cells), cmocka_unit_test(test_known),
        cmocka_unit_test(test_chain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
