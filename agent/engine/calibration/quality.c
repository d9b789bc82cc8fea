// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/calibration/quality.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>

#include "agent/engine/math/proportion.h"
#include "agent/engine/math/special.h"

struct entry {
    double p;
    size_t row;
    bool positive;
};

static int by_p(const void *a, const void *b)
{
    const struct entry *x = a;
    const struct entry *y = b;
    if (x->p != y->p) {
        return x->p > y->p ? 1 : -1;
    }
    return (x->row > y->row) - (x->row < y->row);
}

/* The rows in order of p, ties in the order given. */
static int sort_rows(const double *p, const double *y, size_t n, struct entry **ret,
                     struct rx_error *err)
{
    if (n == 0) {
        return rx_error_set(err, RX_EINVALID, "at least one row expected");
    }
    if (n > RX_QUALITY_MAX_ROWS) {
        return rx_error_set(err, RX_ELIMIT, "at most %d rows expected, got %zu",
                            RX_QUALITY_MAX_ROWS, n);
    }
    struct entry *entries = malloc(n * sizeof(*entries));
    if (!entries) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    for (size_t i = 0; i < n; i++) {
        if (!(p[i] >= 0 && p[i] <= 1) || !(y[i] == 0 || y[i] == 1)) {
            free(entries);
            return rx_error_set(err, RX_EINVALID, "row %zu: %s expected", i,
                                p[i] >= 0 && p[i] <= 1 ? "a label 0 or 1"
                                                       : "a probability from 0 to 1");
        }
        entries[i] = (struct entry){p[i], i, y[i] > 0.5};
    }
    qsort(entries, n, sizeof(*entries), by_p);
    *ret = entries;
    return 0;
}

/* The end of the run of equal p that starts at `from`; positives within it. */
static size_t run_end(const struct entry *e, size_t n, size_t from, size_t *ret_positives)
{
    size_t end = from;
    *ret_positives = 0;
    while (end < n && e[end].p == e[from].p) {
        *ret_positives += e[end].positive;
        end++;
    }
    return end;
}

/* AUC, its standard error by the variance of the placement values, and the interval. */
static void fill_auc(const struct entry *e, double level, struct rx_quality *m)
{
    double positives = (double)m->positives;
    double negatives = (double)(m->n - m->positives);
    double pairs = positives * negatives;
    m->auc = m->auc_se = m->auc_lo = m->auc_hi = (double)NAN;
    if (pairs <= 0) {
        return;
    }
    /* A positive's placement is the share of negatives below it; a negative's that of positives
     * above it. Runs of equal p share one value. */
    double wins = 0, square_positive = 0, square_negative = 0;
    double seen_negatives = 0, seen_positives = 0;
    for (int pass = 0; pass < 2; pass++) {
        seen_negatives = seen_positives = 0;
        size_t in_run;
        for (size_t i = 0, end; i < m->n; i = end) {
            end = run_end(e, m->n, i, &in_run);
            double up = (double)in_run;
            double down = (double)(end - i) - up;
            double v10 = (seen_negatives + 0.5 * down) / negatives;
            double v01 = (positives - seen_positives - 0.5 * up) / positives;
            if (pass == 0) {
                wins += up * (seen_negatives + 0.5 * down);
            } else {
                square_positive += up * (v10 - m->auc) * (v10 - m->auc);
                square_negative += down * (v01 - m->auc) * (v01 - m->auc);
            }
            seen_negatives += down;
            seen_positives += up;
        }
        m->auc = wins / pairs;
    }
    if (positives > 1 && negatives > 1) {
        double z = rx_normal_quantile(0.5 + 0.5 * level);
        m->auc_se = sqrt(square_positive / (positives - 1) / positives +
                         square_negative / (negatives - 1) / negatives);
        m->auc_lo = fmax(0, m->auc - z * m->auc_se);
        m->auc_hi = fmin(1, m->auc + z * m->auc_se);
    }
}

static double average_precision(const struct entry *e, size_t n, size_t positives)
{
    double sum = 0;
    size_t said = 0, right = 0;
    for (size_t end = n; end > 0;) {
        size_t from = end;
        size_t in_run = 0;
        while (from > 0 && e[from - 1].p == e[end - 1].p) {
            in_run += e[--from].positive;
        }
        said += end - from;
        right += in_run;
        sum += (double)in_run * (double)right / (double)said;
        end = from;
    }
    return positives ? sum / (double)positives : (double)NAN;
}

/* Bins of equal size: the first n % bins of them hold one row more. */
static size_t bin_size(size_t n, size_t bins, size_t bin)
{
    return n / bins + (bin < n % bins);
}

static double ece_mass(const struct entry *e, size_t n)
{
    double sum = 0;
    for (size_t bin = 0, at = 0; bin < RX_QUALITY_BINS; bin++) {
        double gap = 0;
        for (size_t end = at + bin_size(n, RX_QUALITY_BINS, bin); at < end; at++) {
            gap += (e[at].positive ? 1 : 0) - e[at].p;
        }
        sum += fabs(gap);
    }
    return sum / (double)n;
}

static double ece_width(const struct entry *e, size_t n)
{
    double gap[RX_QUALITY_BINS] = {0};
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        size_t bin = (size_t)(e[i].p * RX_QUALITY_BINS);
        gap[bin < RX_QUALITY_BINS ? bin : RX_QUALITY_BINS - 1] += (e[i].positive ? 1 : 0) - e[i].p;
    }
    for (size_t bin = 0; bin < RX_QUALITY_BINS; bin++) {
        sum += fabs(gap[bin]);
    }
    return sum / (double)n;
}

/* Brier score and log loss, of the rows and of the base rate. */
static void fill_losses(const struct entry *e, double base_rate, struct rx_quality *m)
{
    double n = (double)m->n;
    double brier = 0, squares = 0, base = 0, log_loss = 0;
    for (size_t i = 0; i < m->n; i++) {
        double y = e[i].positive ? 1 : 0;
        double loss = (e[i].p - y) * (e[i].p - y);
        double p = fmin(fmax(e[i].p, 1e-15), 1 - 1e-15);
        brier += loss;
        squares += loss * loss;
        base += (base_rate - y) * (base_rate - y);
        log_loss -= e[i].positive ? log(p) : log1p(-p);
    }
    m->brier = brier / n;
    m->brier_se =
        m->n > 1 ? sqrt(fmax(0, squares / n - m->brier * m->brier) / (n - 1)) : (double)NAN;
    m->skill = base > 0 ? 1 - brier / base : (double)NAN;
    m->log_loss = log_loss / n;
}

static void fill_large(const struct entry *e, double level, struct rx_quality *m)
{
    double n = (double)m->n;
    double expected = 0, variance = 0, low, high;
    for (size_t i = 0; i < m->n; i++) {
        expected += e[i].p;
        variance += e[i].p * (1 - e[i].p);
    }
    m->mean_p = expected / n;
    m->oe = m->oe_lo = m->oe_hi = m->oe_z = (double)NAN;
    if (expected > 0) {
        rx_clopper_pearson((double)m->positives, n, level, &low, &high);
        m->oe = (double)m->positives / expected;
        m->oe_lo = low / m->mean_p;
        m->oe_hi = high / m->mean_p;
    }
    if (variance > 0) {
        m->oe_z = ((double)m->positives - expected) / sqrt(variance);
    }
}

int rx_quality_compute(const double *p, const double *y, size_t n, double base_rate, double level,
                       struct rx_quality *ret, struct rx_error *err)
{
    if (!(level > 0 && level < 1)) {
        return rx_error_set(err, RX_EINVALID, "level: a number between 0 and 1 expected");
    }
    rx_autofree struct entry *e = NULL;
    int rc = sort_rows(p, y, n, &e, err);
    if (rc < 0) {
        return rc;
    }
    struct rx_quality m = {.n = n};
    for (size_t i = 0; i < n; i++) {
        m.positives += e[i].positive;
    }
    if (isnan(base_rate)) {
        base_rate = (double)m.positives / (double)n;
    }
    fill_auc(e, level, &m);
    fill_losses(e, base_rate, &m);
    fill_large(e, level, &m);
    m.average_precision = average_precision(e, n, m.positives);
    m.ece_mass = ece_mass(e, n);
    m.ece_width = ece_width(e, n);
    *ret = m;
    return 0;
}

double rx_quality_f1(const double *p, const double *y, size_t n, double threshold)
{
    size_t right = 0, said = 0, positives = 0;
    for (size_t i = 0; i < n; i++) {
        bool positive = y[i] > 0.5;
        bool call = p[i] >= threshold;
        right += positive && call;
        said += call;
        positives += positive;
    }
    return said + positives ? 2 * (double)right / (double)(said + positives) : (double)NAN;
}

int rx_quality_reliability(const double *p, const double *y, size_t n, size_t bins, double level,
                           struct rx_reliability_row *rows, size_t *ret_n, struct rx_error *err)
{
    rx_autofree struct entry *e = NULL;
    int rc = sort_rows(p, y, n, &e, err);
    if (rc < 0) {
        return rc;
    }
    if (bins == 0) {
        return rx_error_set(err, RX_EINVALID, "at least one bin expected");
    }
    bins = bins < n ? bins : n;
    for (size_t bin = 0, at = 0; bin < bins; bin++) {
        struct rx_reliability_row row = {.n = bin_size(n, bins, bin)};
        for (size_t end = at + row.n; at < end; at++) {
            row.positives += e[at].positive;
            row.mean_p += e[at].p;
        }
        row.mean_p /= (double)row.n;
        row.share = (double)row.positives / (double)row.n;
        rx_wilson((double)row.positives, (double)row.n, level, &row.share_lo, &row.share_hi);
        rows[bin] = row;
    }
    *ret_n = bins;
    return 0;
}
