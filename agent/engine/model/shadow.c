// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/model/shadow.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "agent/engine/math/stats.h"

#define GROUPS 10
#define FLOOR  1e-4 /* least share of a group, so that an empty one counts */

struct pair {
    char name[32];
    size_t active, other; /* target indices */
    double *a, *b;        /* owned rings of RX_SHADOW_ROWS */
};

struct rx_shadow {
    char active[64], other[64];
    size_t rows, n_pairs;
    struct pair pairs[RX_MODEL_MAX_TARGETS];
};

int rx_shadow_new(const struct rx_model *active, const struct rx_model *shadow,
                  struct rx_shadow **ret, struct rx_error *err)
{
    rx_auto(shadow) struct rx_shadow *new = calloc(1, sizeof(*new));
    bool failed = !new;
    for (size_t i = 0; !failed && i < rx_model_targets(active); i++) {
        const char *name = rx_model_target_name(active, i);
        const int other = rx_model_target_find(shadow, name);
        if (other < 0) {
            continue;
        }
        struct pair *pair = &new->pairs[new->n_pairs++];
        snprintf(pair->name, sizeof(pair->name), "%s", name);
        pair->active = i;
        pair->other = (size_t)other;
        pair->a = malloc(RX_SHADOW_ROWS * sizeof(double));
        pair->b = malloc(RX_SHADOW_ROWS * sizeof(double));
        failed = !pair->a || !pair->b;
    }
    if (failed) {
        return rx_error_set(err, -ENOMEM, "shadow scoring: out of memory");
    }
    snprintf(new->active, sizeof(new->active), "%s", rx_model_version(active));
    snprintf(new->other, sizeof(new->other), "%s", rx_model_version(shadow));
    *ret = RX_TAKE(new);
    return 0;
}

void rx_shadow_free(struct rx_shadow *shadow)
{
    for (size_t i = 0; shadow && i < shadow->n_pairs; i++) {
        free(shadow->pairs[i].a);
        free(shadow->pairs[i].b);
    }
    free(shadow);
}

void rx_shadow_add(struct rx_shadow *shadow, const struct rx_estimate *active,
                   const struct rx_estimate *other)
{
    const size_t at = shadow->rows++ % RX_SHADOW_ROWS;
    for (size_t i = 0; i < shadow->n_pairs; i++) {
        shadow->pairs[i].a[at] = active[shadow->pairs[i].active].p;
        shadow->pairs[i].b[at] = other[shadow->pairs[i].other].p;
    }
}

size_t rx_shadow_rows(const struct rx_shadow *shadow)
{
    return shadow->rows;
}

/* Mean rank of v among the sorted values, from 1. */
static double rank_of(const double *sorted, size_t n, double v)
{
    const size_t below = rx_count_below(sorted, n, v), upto = rx_count_upto(sorted, n, v);
    return (double)(below + upto + 1) / 2;
}

static double rank_correlation(const struct pair *pair, const double *a, const double *b, size_t n)
{
    const double mean = (double)(n + 1) / 2;
    double ab = 0, aa = 0, bb = 0;
    for (size_t i = 0; i < n; i++) {
        const double x = rank_of(a, n, pair->a[i]) - mean;
        const double y = rank_of(b, n, pair->b[i]) - mean;
        ab += x * y;
        aa += x * x;
        bb += y * y;
    }
    return aa > 0 && bb > 0 ? ab / sqrt(aa * bb) : RX_NAN;
}

/* Groups between the deciles of a; what b has in each. Sorted samples. */
static double stability_index(const double *a, const double *b, size_t n)
{
    double sum = 0;
    size_t a_before = 0, b_before = 0;
    if (n < GROUPS) {
        return RX_NAN;
    }
    for (int g = 1; g <= GROUPS; g++) {
        const double edge = rx_quantile7(a, n, (double)g / GROUPS);
        const size_t a_upto = g == GROUPS ? n : rx_count_upto(a, n, edge);
        const size_t b_upto = g == GROUPS ? n : rx_count_upto(b, n, edge);
        const double p = fmax((double)(a_upto - a_before) / (double)n, FLOOR);
        const double q = fmax((double)(b_upto - b_before) / (double)n, FLOOR);
        sum += (q - p) * log(q / p);
        a_before = a_upto;
        b_before = b_upto;
    }
    return sum;
}

static void compare(const struct pair *pair, size_t n, double *a, double *b,
                    struct rx_shadow_line *line)
{
    double sum = 0, max = 0;
    for (size_t i = 0; i < n; i++) {
        const double d = fabs(pair->b[i] - pair->a[i]);
        sum += d;
        max = fmax(max, d);
    }
    memcpy(line->target, pair->name, sizeof(line->target));
    line->n = n;
    line->mean_difference = n > 0 ? sum / (double)n : RX_NAN;
    line->max_difference = n > 0 ? max : RX_NAN;
    memcpy(a, pair->a, n * sizeof(double));
    memcpy(b, pair->b, n * sizeof(double));
    rx_sort_doubles(a, n);
    rx_sort_doubles(b, n);
    line->rank_correlation = n > 1 ? rank_correlation(pair, a, b, n) : RX_NAN;
    line->psi = stability_index(a, b, n);
}

int rx_shadow_report(const struct rx_shadow *shadow, struct rx_shadow_report *ret,
                     struct rx_error *err)
{
    const size_t n = shadow->rows < RX_SHADOW_ROWS ? shadow->rows : RX_SHADOW_ROWS;
    rx_autofree double *a = malloc((n + 1) * sizeof(double));
    rx_autofree double *b = malloc((n + 1) * sizeof(double));
    if (!a || !b) {
        return rx_error_set(err, -ENOMEM, "shadow scoring: out of memory");
    }
    *ret = (struct rx_shadow_report){.n_lines = shadow->n_pairs};
    memcpy(ret->active, shadow->active, sizeof(ret->active));
    memcpy(ret->shadow, shadow->other, sizeof(ret->shadow));
    for (size_t i = 0; i < shadow->n_pairs; i++) {
        compare(&shadow->pairs[i], n, a, b, &ret->lines[i]);
    }
    return 0;
}
