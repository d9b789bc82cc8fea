// SPDX-License-Identifier: Apache-2.0
/* radarx-agent model explain: what each input adds to each output's margin. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/engine/forest/treeshap.h"
#include "agent/engine/model/explain.h"
#include "agent/offline/model_commands.h"
#include "agent/offline/out_file.h"

#define MAX_TEXT (64u << 20)

/* Contributions of one row: phi[outputs][inputs + extra + 1]; extra columns are a bundle's own
 * (the heatmap's projection), the last is the base. */
struct explainer {
    struct rx_model_file *file;
    struct rx_treeshap *shap; /* owned; forests */
    void *scratch;            /* owned */
    size_t inputs, outputs, width;
    double *row, *phi; /* owned */
    size_t *order;     /* owned: inputs by falling share */
};

static void explainer_free(struct explainer *explainer)
{
    rx_treeshap_free(explainer->shap);
    free(explainer->scratch);
    free(explainer->row);
    free(explainer->phi);
    free(explainer->order);
}

static int explainer_init(struct explainer *e, struct rx_model_file *file, struct rx_error *err)
{
    *e = (struct explainer){.file = file, .inputs = file->inputs};
    e->outputs = rx_model_file_outputs(file, true);
    e->width = e->inputs + (file->bundle ? 2 : 1);
    e->row = calloc(e->inputs + 1, sizeof(double));
    e->phi = calloc(e->outputs * e->width, sizeof(double));
    e->order = calloc(e->width, sizeof(*e->order));
    if (!e->row || !e->phi || !e->order) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    if (file->bundle) {
        return 0;
    }
    int rc = rx_treeshap_new(file->forest, &e->shap, err);
    if (rc < 0) {
        return rc;
    }
    e->scratch = malloc(rx_treeshap_scratch_size(e->shap) + 1);
    return e->scratch ? 0 : rx_error_set(err, -ENOMEM, "out of memory");
}

static void explain_bundle(struct explainer *e)
{
    const struct rx_model *bundle = e->file->bundle;
    double features[RX_F_MAX];
    size_t place[RX_F_MAX];
    struct rx_estimate estimates[RX_MODEL_MAX_TARGETS];
    struct rx_explanation explanation;
    for (size_t i = 0; i < RX_F_MAX; i++) {
        features[i] = (double)NAN;
        place[i] = 0;
    }
    for (size_t i = 0; i < e->inputs; i++) {
        features[rx_model_feature(bundle, i)] = e->row[i];
        place[rx_model_feature(bundle, i)] = i;
    }
    rx_model_eval(bundle, features, 1, e->file->scratch, estimates);
    for (size_t t = 0; t < e->outputs; t++) {
        double *phi = e->phi + t * e->width;
        for (size_t i = 0; i < e->width; i++) {
            phi[i] = 0;
        }
        rx_model_explain(bundle, t, features, estimates, e->file->scratch, 0, &explanation);
        for (size_t i = 0; i < explanation.n; i++) {
            enum rx_feature feature = explanation.items[i].feature;
            size_t at = feature == RX_CONTRIBUTION_PROJECTION ? e->inputs : place[feature];
            phi[at] += explanation.items[i].log_odds;
        }
        phi[e->width - 1] = explanation.base;
    }
}

static void explain_row(struct explainer *e)
{
    if (e->file->bundle) {
        explain_bundle(e);
    } else {
        rx_treeshap_values(e->shap, e->row, e->scratch, e->phi);
    }
}

/* A name as a CSV field, or as text. */
static void add_name(const struct explainer *e, size_t column, bool quoted, struct rx_buf *out)
{
    if (column + 1 == e->width) {
        rx_buf_puts(out, "base");
        return;
    }
    if (column == e->inputs) {
        rx_buf_puts(out, "heatmap_projection");
        return;
    }
    const char *name = e->file->names[column];
    if (!name) {
        rx_buf_printf(out, "f%zu", column);
        return;
    }
    bool quote = quoted && strpbrk(name, ",\"") != NULL;
    if (quote) {
        rx_buf_putc(out, '"');
    }
    for (; *name; name++) {
        if (quote && *name == '"') {
            rx_buf_putc(out, '"');
        }
        rx_buf_putc(out, quoted && (*name == '\n' || *name == '\r') ? ' ' : *name);
    }
    if (quote) {
        rx_buf_putc(out, '"');
    }
}

static double sum_of(const double *phi, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += phi[i];
    }
    return sum;
}

/* --- CSV: one line a row and output, one column an input ---------------------------------------
 */

static void csv_header(const struct explainer *e, struct rx_buf *out)
{
    rx_buf_puts(out, "row,output");
    for (size_t i = 0; i < e->width; i++) {
        rx_buf_putc(out, ',');
        add_name(e, i, true, out);
    }
    rx_buf_putc(out, '\n');
}

static void csv_row(const struct explainer *e, uint64_t row, struct rx_buf *out)
{
    for (size_t t = 0; t < e->outputs; t++) {
        rx_buf_printf(out, "%llu,", (unsigned long long)row);
        rx_model_file_output_name(e->file, true, t, out);
        for (size_t i = 0; i < e->width; i++) {
            rx_buf_printf(out, ",%.9g", e->phi[t * e->width + i]);
        }
        rx_buf_putc(out, '\n');
    }
}

/* --- for people and programs: the largest shares -----------------------------------------------
 */

static int by_share(const void *a, const void *b, void *context)
{
    const double *phi = context;
    double left = fabs(phi[*(const size_t *)a]);
    double right = fabs(phi[*(const size_t *)b]);
    return left < right ? 1 : left > right ? -1 : 0;
}

static size_t sort_shares(const struct explainer *e, const double *phi, uint64_t top)
{
    size_t n = e->width - 1;
    for (size_t i = 0; i < n; i++) {
        e->order[i] = i;
    }
    qsort_r(e->order, n, sizeof(*e->order), by_share, (void *)(uintptr_t)phi);
    n = n < top ? n : (size_t)top;
    while (n > 0 && phi[e->order[n - 1]] == 0) {
        n--;
    }
    return n;
}

static void print_row(const struct explainer *e, uint64_t row, uint64_t top, struct rx_buf *out)
{
    for (size_t t = 0; t < e->outputs; t++) {
        const double *phi = e->phi + t * e->width;
        size_t n = sort_shares(e, phi, top);
        rx_buf_printf(out, "row %llu, ", (unsigned long long)row);
        rx_model_file_output_name(e->file, true, t, out);
        rx_buf_printf(out, " %.6g = base %.6g + shares\n", sum_of(phi, e->width),
                      phi[e->width - 1]);
        for (size_t i = 0; i < n; i++) {
            size_t at = e->order[i];
            rx_buf_printf(out, "  %+12.6f  ", phi[at]);
            add_name(e, at, false, out);
            if (at < e->inputs && isnan(e->row[at])) {
                rx_buf_puts(out, " is missing\n");
            } else if (at < e->inputs) {
                rx_buf_printf(out, " = %.6g\n", e->row[at]);
            } else {
                rx_buf_putc(out, '\n');
            }
        }
        double rest = sum_of(phi, e->width - 1);
        for (size_t i = 0; i < n; i++) {
            rest -= phi[e->order[i]];
        }
        if (n < e->width - 1) {
            rx_buf_printf(out, "  %+12.6f  all others\n", rest);
        }
    }
}

static void json_share(const struct explainer *e, size_t at, double share, struct rx_jw *w)
{
    rx_auto(buf) struct rx_buf name = RX_BUF_INIT(1u << 20);
    add_name(e, at, false, &name);
    rx_jw_begin_object(w);
    rx_jw_kv_str(w, "input", rx_buf_str(&name));
    if (at < e->inputs) {
        rx_jw_kv_double(w, "value", e->row[at]);
    }
    rx_jw_kv_double(w, "contribution", share);
    rx_jw_end_object(w);
}

static void json_row(const struct explainer *e, uint64_t row, uint64_t top, struct rx_jw *w)
{
    for (size_t t = 0; t < e->outputs; t++) {
        const double *phi = e->phi + t * e->width;
        size_t n = sort_shares(e, phi, top);
        rx_auto(buf) struct rx_buf name = RX_BUF_INIT(256);
        rx_model_file_output_name(e->file, true, t, &name);
        rx_jw_begin_object(w);
        rx_jw_kv_i64(w, "row", (int64_t)row);
        rx_jw_kv_str(w, "output", rx_buf_str(&name));
        rx_jw_kv_double(w, "margin", sum_of(phi, e->width));
        rx_jw_kv_double(w, "base", phi[e->width - 1]);
        rx_jw_key(w, "contributions");
        rx_jw_begin_array(w);
        for (size_t i = 0; i < n; i++) {
            json_share(e, e->order[i], phi[e->order[i]], w);
        }
        rx_jw_end_array(w);
        rx_jw_end_object(w);
    }
}

/* --- the command -------------------------------------------------------------------------------
 */

static int write_all(struct explainer *e, struct rx_matrix *matrix, struct rx_out_file *out,
                     struct rx_error *err)
{
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(MAX_TEXT);
    struct rx_str line;
    csv_header(e, &text);
    for (uint64_t row = 0;; row++) {
        int rc = rx_buf_error(&text, err);
        if (rc == 0) {
            rc = rx_out_file_write(out, rx_buf_str(&text), err);
        }
        if (rc == 0) {
            rc = rx_model_next_row(matrix, e->file, e->row, &line, err);
        }
        if (rc <= 0) {
            return rc;
        }
        explain_row(e);
        rx_buf_clear(&text);
        csv_row(e, row, &text);
    }
}

static int show_some(struct explainer *e, const struct rx_model_arguments *args,
                     struct rx_matrix *matrix, struct rx_out_file *out, struct rx_error *err)
{
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(MAX_TEXT);
    struct rx_jw w;
    struct rx_str line;
    rx_jw_init(&w, &text);
    if (args->json) {
        rx_jw_begin_array(&w);
    }
    int rc = 1;
    for (uint64_t row = 0; row < args->rows; row++) {
        rc = rx_model_next_row(matrix, e->file, e->row, &line, err);
        if (rc <= 0) {
            break;
        }
        explain_row(e);
        if (args->json) {
            json_row(e, row, args->top, &w);
        } else {
            print_row(e, row, args->top, &text);
        }
    }
    if (args->json) {
        rx_jw_end_array(&w);
        rx_buf_putc(&text, '\n');
    }
    rc = rc < 0 ? rc : rx_buf_error(&text, err);
    return rc < 0 ? rc : rx_out_file_write(out, rx_buf_str(&text), err);
}

int rx_model_explain_rows(const struct rx_model_arguments *args, struct rx_error *err)
{
    rx_auto(model_file) struct rx_model_file file = {0};
    rx_auto(matrix) struct rx_matrix *matrix = NULL;
    rx_auto(out_file) struct rx_out_file out = {0};
    int rc = rx_model_file_load(args->model, args->iterations, &file, err);
    if (rc == 0) {
        rc = rx_model_open_input(args, &file, &matrix, err);
    }
    if (rc == 0) {
        rc = rx_out_file_open(args->output ? args->output : "-", &out, err);
    }
    if (rc < 0) {
        return rc;
    }
    struct explainer explainer;
    rc = explainer_init(&explainer, &file, err);
    if (rc == 0) {
        rc = args->output ? write_all(&explainer, matrix, &out, err)
                          : show_some(&explainer, args, matrix, &out, err);
    }
    explainer_free(&explainer);
    return rc < 0 ? rc : rx_out_file_commit(&out, err);
}
