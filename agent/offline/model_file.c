// SPDX-License-Identifier: Apache-2.0
#include "agent/offline/model_file.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/file.h"

/* A bundle begins with its digest or, unsigned, with its format. */
static bool is_bundle(struct rx_str bytes)
{
    struct rx_str head = {bytes.p, bytes.n < 256 ? bytes.n : 256};
    struct rx_str text = rx_str_trim(head);
    return rx_str_starts(text, RX_STR("{\"sha256\"")) ||
           (head.n > 0 && memmem(head.p, head.n, "\"radarx-model\"", 14) != NULL);
}

void rx_model_file_free(struct rx_model_file *file)
{
    rx_forest_free(file->forest);
    rx_model_scratch_free(file->scratch);
    rx_model_free(file->bundle);
    free(file->names);
    *file = (struct rx_model_file){0};
}

static int name_inputs(struct rx_model_file *file, struct rx_error *err)
{
    file->inputs = file->forest ? rx_forest_inputs(file->forest) : rx_model_features(file->bundle);
    file->names = calloc(file->inputs + 1, sizeof(*file->names));
    if (!file->names) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    for (size_t i = 0; i < file->inputs; i++) {
        file->names[i] = file->forest ? rx_forest_input_name(file->forest, i)
                                      : rx_feature_info(rx_model_feature(file->bundle, i))->name;
    }
    return 0;
}

int rx_model_file_load(const char *path, int64_t iterations, struct rx_model_file *ret,
                       struct rx_error *err)
{
    rx_auto(buf) struct rx_buf bytes = RX_BUF_INIT(RX_FOREST_MAX_BYTES);
    rx_auto(model_file) struct rx_model_file file = {0};
    int rc = rx_file_read(path, &bytes, err);
    if (rc < 0) {
        return rc;
    }
    if (is_bundle(rx_buf_str(&bytes))) {
        rc = rx_model_load(rx_buf_str(&bytes), &file.bundle, err);
        if (rc == 0) {
            rc = rx_model_scratch_new(file.bundle, &file.scratch, err);
        }
    } else {
        struct rx_forest_options options = {.iterations = iterations};
        rc = rx_forest_load_with(rx_buf_str(&bytes), &options, &file.forest, err);
    }
    if (rc == 0) {
        rc = name_inputs(&file, err);
    }
    if (rc < 0) {
        return rx_error_wrap(err, "%s", path);
    }
    *ret = file;
    file = (struct rx_model_file){0};
    return 0;
}

size_t rx_model_file_outputs(const struct rx_model_file *file, bool margin)
{
    if (file->bundle) {
        return rx_model_targets(file->bundle);
    }
    return margin ? rx_forest_outputs(file->forest) : rx_forest_values(file->forest);
}

void rx_model_file_output_name(const struct rx_model_file *file, bool margin, size_t output,
                               struct rx_buf *ret)
{
    if (file->bundle) {
        rx_buf_printf(ret, "%s_%s", margin ? "logit" : "p",
                      rx_model_target_name(file->bundle, output));
        return;
    }
    rx_buf_puts(ret, margin ? "margin" : "prediction");
    if (rx_model_file_outputs(file, margin) > 1) {
        rx_buf_printf(ret, "_%zu", output);
    }
}

static void predict_bundle(struct rx_model_file *file, const double *row, bool margin, double *out)
{
    double features[RX_F_MAX];
    struct rx_estimate estimates[RX_MODEL_MAX_TARGETS];
    for (size_t i = 0; i < RX_F_MAX; i++) {
        features[i] = (double)NAN;
    }
    for (size_t i = 0; i < file->inputs; i++) {
        features[rx_model_feature(file->bundle, i)] = row[i];
    }
    rx_model_eval(file->bundle, features, 1, file->scratch, estimates);
    for (size_t i = 0; i < rx_model_targets(file->bundle); i++) {
        out[i] = margin ? estimates[i].log_odds : estimates[i].p;
    }
}

/* Values in place of margins: out holds room for the wider of the two a row at a time. */
static void predict_values(const struct rx_forest *forest, const double *row, double *margins,
                           double *out)
{
    rx_forest_margins(forest, row, margins);
    rx_forest_transform(forest, margins, out);
}

void rx_model_file_predict(struct rx_model_file *file, const double *rows, size_t n, bool margin,
                           double *out)
{
    if (file->bundle) {
        size_t width = rx_model_targets(file->bundle);
        for (size_t i = 0; i < n; i++) {
            predict_bundle(file, rows + i * file->inputs, margin, out + i * width);
        }
        return;
    }
    size_t width = rx_forest_outputs(file->forest);
    if (margin || rx_forest_values(file->forest) == width) {
        rx_forest_margins_batch(file->forest, rows, n, out);
        for (size_t i = 0; i < n && !margin; i++) {
            rx_forest_transform(file->forest, out + i * width, out + i * width);
        }
        return;
    }
    /* One class from many margins. */
    double margins[RX_FOREST_MAX_OUTPUTS];
    for (size_t i = 0; i < n; i++) {
        predict_values(file->forest, rows + i * file->inputs, margins, out + i);
    }
}

bool rx_model_file_accepts(const struct rx_model_file *file, double value)
{
    bool single = file->forest && rx_forest_format(file->forest) != RX_FOREST_LIGHTGBM;
    return !single || !isinf((float)value);
}

/* --- facts -------------------------------------------------------------------------------------
 */

static void write_bundle(const struct rx_model *bundle, struct rx_jw *w)
{
    rx_jw_kv_cstr(w, "format", "radarx-model");
    rx_jw_kv_cstr(w, "version", rx_model_version(bundle));
    rx_jw_kv_cstr(w, "created", rx_model_created(bundle));
    rx_jw_kv_cstr(w, "feature_version", rx_model_feature_version(bundle));
    rx_jw_kv_cstr(w, "sha256", rx_model_sha256(bundle));
    rx_jw_kv_i64(w, "inputs", (int64_t)rx_model_features(bundle));
    rx_jw_key(w, "components");
    rx_jw_begin_array(w);
    for (size_t i = 0; i < rx_model_parts(bundle); i++) {
        struct rx_model_part part = rx_model_part(bundle, i);
        rx_jw_begin_object(w);
        rx_jw_kv_cstr(w, "name", part.name);
        rx_jw_kv_cstr(w, "kind", part.kind);
        rx_jw_kv_i64(w, "inputs", (int64_t)part.inputs);
        rx_jw_kv_i64(w, "trees", (int64_t)part.trees);
        rx_jw_end_object(w);
    }
    rx_jw_end_array(w);
    rx_jw_key(w, "targets");
    rx_jw_begin_array(w);
    for (size_t i = 0; i < rx_model_targets(bundle); i++) {
        rx_jw_begin_object(w);
        rx_jw_kv_cstr(w, "name", rx_model_target_name(bundle, i));
        rx_jw_kv_double(w, "rows", rx_model_rows(bundle, i));
        rx_jw_kv_double(w, "base_rate", rx_model_base_rate(bundle, i));
        rx_jw_end_object(w);
    }
    rx_jw_end_array(w);
}

static void write_forest(const struct rx_forest *forest, struct rx_jw *w)
{
    int64_t best = rx_forest_best_iteration(forest);
    rx_jw_kv_cstr(w, "format", rx_forest_format_name(forest));
    rx_jw_kv_cstr(w, "version", rx_forest_version(forest));
    rx_jw_kv_cstr(w, "booster", rx_forest_booster(forest));
    rx_jw_kv_cstr(w, "objective", rx_forest_objective(forest));
    rx_jw_kv_i64(w, "trees", (int64_t)rx_forest_trees(forest));
    rx_jw_kv_i64(w, "trees_in_file", (int64_t)rx_forest_trees_in_file(forest));
    rx_jw_kv_i64(w, "iterations", (int64_t)rx_forest_iterations(forest));
    if (best >= 0) {
        rx_jw_kv_i64(w, "best_iteration", best);
    } else {
        rx_jw_kv_null(w, "best_iteration");
    }
    rx_jw_kv_i64(w, "nodes", (int64_t)rx_forest_nodes(forest));
    rx_jw_kv_i64(w, "leaves", (int64_t)rx_forest_leaves(forest));
    rx_jw_kv_i64(w, "depth", (int64_t)rx_forest_depth(forest));
    rx_jw_kv_i64(w, "inputs", (int64_t)rx_forest_inputs(forest));
    rx_jw_kv_i64(w, "outputs", (int64_t)rx_forest_outputs(forest));
    rx_jw_key(w, "base_margin");
    rx_jw_begin_array(w);
    for (size_t i = 0; i < rx_forest_outputs(forest); i++) {
        rx_jw_double(w, rx_forest_base_margin(forest, i));
    }
    rx_jw_end_array(w);
}

void rx_model_file_write(const struct rx_model_file *file, bool inputs, struct rx_jw *w)
{
    if (file->bundle) {
        write_bundle(file->bundle, w);
    } else {
        write_forest(file->forest, w);
    }
    if (!inputs) {
        return;
    }
    rx_jw_key(w, "input_names");
    if (file->inputs == 0 || !file->names[0]) {
        rx_jw_null(w);
        return;
    }
    rx_jw_begin_array(w);
    for (size_t i = 0; i < file->inputs; i++) {
        rx_jw_cstr(w, file->names[i]);
    }
    rx_jw_end_array(w);
}

static void print_names(const struct rx_model_file *file, struct rx_buf *out)
{
    rx_buf_printf(out, "inputs          %zu", file->inputs);
    for (size_t i = 0; i < file->inputs && file->names[i]; i++) {
        if (i == 20) {
            rx_buf_printf(out, ", ... %zu more (--json names all)", file->inputs - i);
            break;
        }
        rx_buf_printf(out, "%s%s", i ? ", " : ": ", file->names[i]);
    }
    rx_buf_putc(out, '\n');
}

static void print_bundle(const struct rx_model *bundle, struct rx_buf *out)
{
    rx_buf_printf(out, "format          radarx-model\nversion         %s, made %s\n",
                  rx_model_version(bundle), rx_model_created(bundle));
    rx_buf_printf(out, "sha256          %s\n", rx_model_sha256(bundle));
    rx_buf_printf(out, "components      %zu\n", rx_model_parts(bundle));
    for (size_t i = 0; i < rx_model_parts(bundle); i++) {
        struct rx_model_part part = rx_model_part(bundle, i);
        rx_buf_printf(out, "  %-24s %-9s %4zu inputs %5zu trees\n", part.name, part.kind,
                      part.inputs, part.trees);
    }
    rx_buf_printf(out, "targets         %zu\n", rx_model_targets(bundle));
    for (size_t i = 0; i < rx_model_targets(bundle); i++) {
        rx_buf_printf(out, "  %-24s base rate %.4f of %.0f rows\n", rx_model_target_name(bundle, i),
                      rx_model_base_rate(bundle, i), rx_model_rows(bundle, i));
    }
}

static void print_forest(const struct rx_forest *forest, struct rx_buf *out)
{
    rx_buf_printf(out, "format          %s %s\nbooster         %s\nobjective       %s\n",
                  rx_forest_format_name(forest), rx_forest_version(forest),
                  rx_forest_booster(forest), rx_forest_objective(forest));
    rx_buf_printf(out, "trees           %zu of %zu in the file", rx_forest_trees(forest),
                  rx_forest_trees_in_file(forest));
    if (rx_forest_best_iteration(forest) >= 0) {
        rx_buf_printf(out, " (best iteration %lld of %zu)",
                      (long long)rx_forest_best_iteration(forest), rx_forest_iterations(forest));
    }
    rx_buf_printf(out, "\nnodes           %zu, of them %zu leaves; depth %zu\n",
                  rx_forest_nodes(forest), rx_forest_leaves(forest), rx_forest_depth(forest));
    rx_buf_printf(out, "outputs         %zu\nbase margin    ", rx_forest_outputs(forest));
    for (size_t i = 0; i < rx_forest_outputs(forest); i++) {
        if (i == 10) {
            rx_buf_puts(out, " ...");
            break;
        }
        rx_buf_printf(out, " %.9g", rx_forest_base_margin(forest, i));
    }
    rx_buf_putc(out, '\n');
}

void rx_model_file_print(const struct rx_model_file *file, struct rx_buf *out)
{
    if (file->bundle) {
        print_bundle(file->bundle, out);
    } else {
        print_forest(file->forest, out);
    }
    print_names(file, out);
}

void rx_model_file_summary(const struct rx_model_file *file, struct rx_buf *out)
{
    if (file->bundle) {
        rx_buf_printf(out, "radarx-model %s, %zu components, %zu inputs, %zu targets",
                      rx_model_version(file->bundle), rx_model_parts(file->bundle), file->inputs,
                      rx_model_targets(file->bundle));
        return;
    }
    const struct rx_forest *forest = file->forest;
    rx_buf_printf(out, "%s %s, %s, %zu trees, depth %zu, %zu inputs, %zu output%s",
                  rx_forest_format_name(forest), rx_forest_version(forest),
                  rx_forest_objective(forest), rx_forest_trees(forest), rx_forest_depth(forest),
                  file->inputs, rx_forest_outputs(forest),
                  rx_forest_outputs(forest) == 1 ? "" : "s");
}
