// SPDX-License-Identifier: Apache-2.0
#include <math.h>
#include <string.h>

#include "agent/engine/model/model_core.h"

static double look_up(const struct rx_model_table *table, double x)
{
    size_t low = 0, high = table->n; /* x[low] <= x < x[high] */
    if (!(x > table->x[0])) {
        return table->y[0];
    }
    if (x >= table->x[table->n - 1]) {
        return table->y[table->n - 1];
    }
    while (high - low > 1) {
        const size_t middle = (low + high) / 2;
        if (table->x[middle] <= x) {
            low = middle;
        } else {
            high = middle;
        }
    }
    const double share = (x - table->x[low]) / (table->x[high] - table->x[low]);
    return table->y[low] + share * (table->y[high] - table->y[low]);
}

/* Between the tables of the two neighbouring ages; of an unknown age the first one speaks. */
static double quantile(const struct rx_transform *transform, double x, double ln_age)
{
    const size_t n = transform->n_tables;
    const double *ages = transform->ln_age;
    if (n == 1 || !(ln_age > ages[0])) {
        return look_up(&transform->tables[0], x);
    }
    if (ln_age >= ages[n - 1]) {
        return look_up(&transform->tables[n - 1], x);
    }
    size_t high = 1;
    while (ages[high] <= ln_age) {
        high++;
    }
    const double before = look_up(&transform->tables[high - 1], x);
    const double after = look_up(&transform->tables[high], x);
    const double share = (ln_age - ages[high - 1]) / (ages[high] - ages[high - 1]);
    return before + share * (after - before);
}

double rx_transform_apply(const struct rx_transform *transform, double x, double ln_age)
{
    if (isnan(x)) {
        return x;
    }
    switch (transform->kind) {
    case RX_TF_LOG1P:
        return log1p(fmax(x, 0));
    case RX_TF_ASINH:
        return asinh(transform->factor * x);
    case RX_TF_QUANTILE:
        return quantile(transform, x, ln_age);
    case RX_TF_IDENTITY:
    case RX_TF_MAX:
        break;
    }
    return x;
}

static bool numbers_equal(const double *a, const double *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (a[i] < b[i] || a[i] > b[i]) {
            return false;
        }
    }
    return true;
}

static bool table_equal(const struct rx_model_table *a, const struct rx_model_table *b)
{
    return a->n == b->n && numbers_equal(a->x, b->x, a->n) && numbers_equal(a->y, b->y, a->n);
}

bool rx_transform_equal(const struct rx_transform *a, const struct rx_transform *b)
{
    if (a->kind != b->kind || a->n_tables != b->n_tables ||
        (a->kind == RX_TF_ASINH && (a->factor < b->factor || a->factor > b->factor)) ||
        !numbers_equal(a->ln_age, b->ln_age, a->n_tables)) {
        return false;
    }
    for (size_t i = 0; i < a->n_tables; i++) {
        if (!table_equal(&a->tables[i], &b->tables[i])) {
            return false;
        }
    }
    return true;
}
