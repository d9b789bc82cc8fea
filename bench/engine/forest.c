// SPDX-License-Identifier: Apache-2.0
/* Tree models: one row, a batch, contributions. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/engine/forest/treeshap.h"
#include "bench/engine/bench.h"
#include "common/base/file.h"

struct bench {
    struct rx_buf rows; /* float64, row by row */
    struct rx_forest *forest;
    struct rx_treeshap *shap;
    size_t n;
    void *scratch;
    double *margins, *values, *phi; /* of all rows, of one, of one */
};

static void bench_fini(struct bench *bench)
{
    rx_buf_free(&bench->rows);
    rx_treeshap_free(bench->shap);
    rx_forest_free(bench->forest);
    free(bench->scratch);
    free(bench->margins);
    free(bench->values);
    free(bench->phi);
}
RX_DEFINE_CLEANUP_INPLACE(bench, struct bench, bench_fini);

static const double *row_of(const struct bench *bench, size_t at)
{
    const double *rows = (const double *)(const void *)rx_buf_str(&bench->rows).p;
    return rows + at * rx_forest_inputs(bench->forest);
}

static int bench_open(struct bench *bench, const char *model, const char *rows,
                      struct rx_error *err)
{
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(256u << 20);
    int r = rx_file_read(model, &text, err);
    r = r < 0 ? r : rx_forest_load(rx_buf_str(&text), &bench->forest, err);
    r = r < 0 ? r : rx_treeshap_new(bench->forest, &bench->shap, err);
    r = r < 0 ? r : rx_file_read(rows, &bench->rows, err);
    if (r < 0) {
        return r;
    }
    size_t inputs = rx_forest_inputs(bench->forest);
    size_t outputs = rx_forest_outputs(bench->forest);
    bench->n = rx_buf_str(&bench->rows).n / sizeof(double) / inputs;
    if (bench->n == 0) {
        return rx_error_set(err, RX_EINVALID, "%s: expected rows of %zu numbers", rows, inputs);
    }
    bench->scratch = malloc(rx_treeshap_scratch_size(bench->shap));
    bench->margins = calloc(bench->n * outputs, sizeof(double));
    bench->values = calloc(rx_forest_values(bench->forest), sizeof(double));
    bench->phi = calloc(outputs * (inputs + 1), sizeof(double));
    if (!bench->scratch || !bench->margins || !bench->values || !bench->phi) {
        return rx_error_errno(err, ENOMEM, "bench");
    }
    return 0;
}

static double time_rows(struct bench *bench)
{
    double began = bench_now_us();
    size_t outputs = rx_forest_outputs(bench->forest);
    for (size_t i = 0; i < bench->n; i++) {
        rx_forest_margins(bench->forest, row_of(bench, i), bench->margins + i * outputs);
    }
    return (bench_now_us() - began) / (double)bench->n;
}

static double time_batch(struct bench *bench)
{
    double began = bench_now_us();
    rx_forest_margins_batch(bench->forest, row_of(bench, 0), bench->n, bench->margins);
    return (bench_now_us() - began) / (double)bench->n;
}

static double time_shap(struct bench *bench)
{
    size_t n = bench->n < 200 ? bench->n : 200;
    double began = bench_now_us();
    for (size_t i = 0; i < n; i++) {
        rx_treeshap_values(bench->shap, row_of(bench, i), bench->scratch, bench->phi);
    }
    return (bench_now_us() - began) / (double)n;
}

int bench_forest(int argc, char **argv, struct rx_error *err)
{
    if (argc != 2) {
        return rx_error_set(err, RX_EINVALID, "expected MODEL ROWS");
    }
    rx_auto(bench) struct bench bench = {.rows = RX_BUF_INIT(256u << 20)};
    int r = bench_open(&bench, argv[0], argv[1], err);
    if (r < 0) {
        return r;
    }
    double single[BENCH_ROUNDS];
    double batch[BENCH_ROUNDS];
    double shap[BENCH_ROUNDS];
    for (size_t i = 0; i < BENCH_ROUNDS; i++) {
        single[i] = time_rows(&bench);
        batch[i] = time_batch(&bench);
        shap[i] = time_shap(&bench);
    }
    (void)printf("single_us %.4f\nbatch_us %.4f\nshap_us %.4f\nnodes %zu\n",
                 bench_median(single, BENCH_ROUNDS), bench_median(batch, BENCH_ROUNDS),
                 bench_median(shap, BENCH_ROUNDS), rx_forest_nodes(bench.forest));
    return 0;
}

int bench_dump(int argc, char **argv, struct rx_error *err)
{
    if (argc != 3) {
        return rx_error_set(err, RX_EINVALID, "expected MODEL ROWS OUT");
    }
    rx_auto(bench) struct bench bench = {.rows = RX_BUF_INIT(256u << 20)};
    int r = bench_open(&bench, argv[0], argv[1], err);
    if (r < 0) {
        return r;
    }
    size_t outputs = rx_forest_outputs(bench.forest);
    size_t values = rx_forest_values(bench.forest);
    size_t shares = outputs * (rx_forest_inputs(bench.forest) + 1);
    rx_auto(buf) struct rx_buf out = RX_BUF_INIT(1u << 30);
    for (size_t i = 0; i < bench.n; i++) {
        double *margins = bench.margins + i * outputs;
        rx_forest_margins(bench.forest, row_of(&bench, i), margins);
        rx_forest_transform(bench.forest, margins, bench.values);
        rx_treeshap_values(bench.shap, row_of(&bench, i), bench.scratch, bench.phi);
        rx_buf_add(&out, margins, outputs * sizeof(double));
        rx_buf_add(&out, bench.values, values * sizeof(double));
        rx_buf_add(&out, bench.phi, shares * sizeof(double));
    }
    r = rx_buf_error(&out, err);
    return r < 0 ? r : rx_file_write_atomic(argv[2], rx_buf_str(&out), 0644, err);
}
