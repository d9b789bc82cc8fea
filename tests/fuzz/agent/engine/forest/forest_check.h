// SPDX-License-Identifier: Apache-2.0
/* What must hold for every model that loads: finite answers, the same for one row and for many. */
#pragma once

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "agent/engine/forest/forest.h"

#define CHECK_ROWS    9u
#define CHECK_NUMBERS (1u << 18)

static inline void check_forest(const struct rx_forest *forest)
{
    static const double values[] = {(double)NAN, 0, -0.0, 1, -1, 33, 3e38, -3e38, 1e-45, 16777216};
    size_t inputs = rx_forest_inputs(forest);
    size_t outputs = rx_forest_outputs(forest);
    if ((inputs + outputs) * CHECK_ROWS > CHECK_NUMBERS) {
        return;
    }
    double *rows = calloc(CHECK_ROWS * inputs + 1, sizeof(double));
    double *one = calloc(2 * outputs, sizeof(double));
    double *many = calloc(CHECK_ROWS * outputs, sizeof(double));
    if (!rows || !one || !many) {
        abort();
    }
    for (size_t i = 0; i < CHECK_ROWS * inputs; i++) {
        rows[i] = values[(i * 7 + i / inputs) % (sizeof(values) / sizeof(values[0]))];
    }
    rx_forest_margins_batch(forest, rows, CHECK_ROWS, many);
    for (size_t r = 0; r < CHECK_ROWS; r++) {
        rx_forest_margins(forest, rows + r * inputs, one);
        if (memcmp(one, many + r * outputs, outputs * sizeof(double)) != 0) {
            abort();
        }
        rx_forest_transform(forest, one, one + outputs);
        for (size_t i = 0; i < outputs + rx_forest_values(forest); i++) {
            if (!isfinite(one[i])) {
                abort();
            }
        }
    }
    free(rows);
    free(one);
    free(many);
}

/* Loads it, and checks what came of it. */
static inline void check_model(struct rx_str bytes)
{
    struct rx_forest *forest = NULL;
    struct rx_error err = {0};
    if (rx_forest_load(bytes, &forest, &err) == 0) {
        check_forest(forest);
    } else if (err.msg[0] == 0) {
        abort();
    }
    rx_forest_free(forest);
}
