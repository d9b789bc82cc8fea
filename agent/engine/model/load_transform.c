// SPDX-License-Identifier: Apache-2.0
#include <math.h>

#include "agent/engine/model/reader.h"

static bool ascending(const double *x, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        if (!(x[i] > x[i - 1])) {
            return false;
        }
    }
    return true;
}

static void read_table(struct rx_model_reader *reader, struct rx_model_table *out)
{
    size_t n_values = 0;
    out->x = rx_model_numbers(reader, "knots", 2, RX_MODEL_MAX_POINTS, &out->n);
    out->y = rx_model_numbers(reader, "values", 2, RX_MODEL_MAX_POINTS, &n_values);
    if (reader->rc == 0 && out->n != n_values) {
        rx_model_refuse(reader, "values", "%zu numbers expected, as there are knots", out->n);
    }
    if (reader->rc == 0 && !ascending(out->x, out->n)) {
        rx_model_refuse(reader, "knots", "ascending numbers expected");
    }
}

static void read_ages(struct rx_model_reader *reader, struct rx_transform *out)
{
    size_t at = 0;
    const struct rx_json *ages =
        rx_model_array(reader, "by_age", 2, RX_MODEL_MAX_AGES, &out->n_tables);
    out->tables = rx_model_alloc(reader, out->n_tables, sizeof(*out->tables));
    if (!ages || !out->tables) {
        return;
    }
    RX_JSON_FOREACH (item, ages) {
        struct rx_model_reader sub;
        rx_model_reader_sub(&sub, reader, item.value, "by_age[%zu].", at);
        out->ln_age[at] = log(rx_model_number(&sub, "age_h", 1e-3, 1e6));
        read_table(&sub, &out->tables[at]);
        if (rx_model_reader_join(reader, &sub) < 0) {
            return;
        }
        at++;
    }
    if (!ascending(out->ln_age, out->n_tables)) {
        rx_model_refuse(reader, "by_age", "ascending ages expected");
    }
}

void rx_model_read_transform(struct rx_model_reader *reader, struct rx_transform *out)
{
    static const char *const names[RX_TF_MAX] = {"identity", "log1p", "asinh", "quantile"};
    int kind = RX_TF_IDENTITY;
    *out = (struct rx_transform){.kind = RX_TF_IDENTITY};
    if (rx_json_get(reader->object, "transform")) {
        kind = rx_model_choice(reader, "transform", names, RX_TF_MAX);
    }
    if (kind < 0) {
        return;
    }
    out->kind = (enum rx_transform_kind)kind;
    out->factor = rx_model_number_or(reader, "factor", 1e-9, RX_MODEL_LARGE, 1);
    if (out->kind == RX_TF_QUANTILE && rx_json_get(reader->object, "by_age")) {
        read_ages(reader, out);
    } else if (out->kind == RX_TF_QUANTILE) {
        out->n_tables = 1;
        out->tables = rx_model_alloc(reader, 1, sizeof(*out->tables));
        if (out->tables) {
            read_table(reader, out->tables);
        }
    }
}
