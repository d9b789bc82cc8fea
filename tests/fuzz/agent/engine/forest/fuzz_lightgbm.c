// SPDX-License-Identifier: Apache-2.0
/* A LightGBM file from anywhere loads, predicts finite numbers and contributions that add up, or is
 * refused with a message. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "agent/engine/forest/treeshap.h"

#define MAX_NUMBERS (1u << 16)

static double largest_of(const double *values, size_t n)
{
    double most = 0;
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(values[i])) {
            abort();
        }
        most = fabs(values[i]) > most ? fabs(values[i]) : most;
    }
    return most;
}

static void explain(const struct rx_forest *forest, const double *row, const double *margins)
{
    size_t inputs = rx_forest_inputs(forest);
    size_t outputs = rx_forest_outputs(forest);
    struct rx_error err = {0};
    rx_auto(treeshap) struct rx_treeshap *shap = NULL;
    if (outputs * (inputs + 1) > MAX_NUMBERS) {
        return;
    }
    if (rx_treeshap_new(forest, &shap, &err) < 0) {
        if (err.msg[0] == 0) {
            abort();
        }
        return;
    }
    rx_autofree void *scratch = malloc(rx_treeshap_scratch_size(shap));
    rx_autofree double *phi = malloc(outputs * (inputs + 1) * sizeof(*phi));
    if (!scratch || !phi) {
        return;
    }
    rx_treeshap_values(shap, row, scratch, phi);
    for (size_t k = 0; k < outputs; k++) {
        const double *out = phi + k * (inputs + 1);
        double sum = 0;
        double size = 1;
        for (size_t i = 0; i <= inputs; i++) {
            sum += out[i];
            size += fabs(out[i]);
        }
        if (!(fabs(sum - margins[k]) <= 1e-6 * size)) {
            abort();
        }
    }
}

static void check(const struct rx_forest *forest)
{
    size_t inputs = rx_forest_inputs(forest);
    size_t outputs = rx_forest_outputs(forest);
    size_t values = rx_forest_values(forest);
    static const double at[] = {0, 1, -1, 0.5, 3, 1e-36, 1e18, -1e300};
    rx_autofree double *row = malloc(inputs * sizeof(*row));
    rx_autofree double *margins = malloc(outputs * sizeof(*margins));
    rx_autofree double *out = malloc(values * sizeof(*out));
    if (!row || !margins || !out) {
        return;
    }
    for (size_t round = 0; round <= RX_ARRAY_LEN(at); round++) {
        for (size_t i = 0; i < inputs; i++) {
            row[i] = round == RX_ARRAY_LEN(at) ? (double)NAN : at[(round + i) % RX_ARRAY_LEN(at)];
        }
        rx_forest_margins(forest, row, margins);
        (void)largest_of(margins, outputs);
        rx_forest_transform(forest, margins, out);
        explain(forest, row, margins);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rx_error err = {0};
    rx_auto(forest) struct rx_forest *forest = NULL;
    if (rx_forest_load((struct rx_str){(const char *)data, size}, &forest, &err) == 0) {
        check(forest);
    } else if (err.msg[0] == 0) {
        abort();
    }
    return 0;
}
