// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/drift/sequential.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#define MIN_PART 5 /* values on either side of a cut */

/* 2^level values: their sum and the sum of squared deviations from their mean. */
struct bucket {
    double sum, deviation;
};

struct level {
    unsigned n;
    struct bucket buckets[RX_ADWIN_BUCKETS + 1]; /* oldest first */
};

struct rx_adwin {
    double delta;
    uint64_t width;
    double sum, deviation;
    unsigned levels; /* in use */
    struct level level[RX_ADWIN_LEVELS];
};

int rx_adwin_new(double delta, struct rx_adwin **ret, struct rx_error *err)
{
    if (!(delta > 0 && delta < 1)) {
        return rx_error_set(err, RX_EINVALID, "delta: a number between 0 and 1 expected");
    }
    struct rx_adwin *adwin = calloc(1, sizeof(*adwin));
    if (!adwin) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    adwin->delta = delta;
    *ret = adwin;
    return 0;
}

void rx_adwin_free(struct rx_adwin *adwin)
{
    free(adwin);
}

uint64_t rx_adwin_width(const struct rx_adwin *adwin)
{
    return adwin->width;
}

double rx_adwin_mean(const struct rx_adwin *adwin)
{
    return adwin->width ? adwin->sum / (double)adwin->width : (double)NAN;
}

/* Deviation of two parts together (T. Chan, G. Golub, R. LeVeque 1983). */
static double joined(double n_a, double sum_a, double dev_a, double n_b, double sum_b, double dev_b)
{
    if (n_a <= 0 || n_b <= 0) {
        return dev_a + dev_b;
    }
    double gap = sum_a / n_a - sum_b / n_b;
    return dev_a + dev_b + gap * gap * n_a * n_b / (n_a + n_b);
}

static void insert(struct rx_adwin *a, double value)
{
    a->deviation = joined((double)a->width, a->sum, a->deviation, 1, value, 0);
    a->sum += value;
    a->width++;
    struct bucket carry = {value, 0};
    for (unsigned l = 0; l < RX_ADWIN_LEVELS; l++) {
        struct level *level = &a->level[l];
        level->buckets[level->n++] = carry;
        a->levels = a->levels > l ? a->levels : l + 1;
        if (level->n <= RX_ADWIN_BUCKETS || l + 1 == RX_ADWIN_LEVELS) {
            break; /* the last level never fills: it would take 2^38 values */
        }
        const struct bucket *old = level->buckets;
        double size = ldexp(1, (int)l);
        carry =
            (struct bucket){old[0].sum + old[1].sum, joined(size, old[0].sum, old[0].deviation,
                                                            size, old[1].sum, old[1].deviation)};
        level->n -= 2;
        memmove(level->buckets, level->buckets + 2, level->n * sizeof(*old));
    }
}

static void drop_oldest(struct rx_adwin *a)
{
    unsigned l = a->levels - 1;
    struct level *level = &a->level[l];
    struct bucket old = level->buckets[0];
    double size = ldexp(1, (int)l);
    a->width -= (uint64_t)1 << l;
    a->sum -= old.sum;
    double rest = (double)a->width;
    double both = joined(rest, a->sum, 0, size, old.sum, old.deviation);
    a->deviation = fmax(0, a->deviation - both);
    level->n--;
    memmove(level->buckets, level->buckets + 1, level->n * sizeof(old));
    while (a->levels > 0 && a->level[a->levels - 1].n == 0) {
        a->levels--;
    }
}

/* ln(2 / d'), the same for all cuts of a window. */
static double log_term_of(const struct rx_adwin *a)
{
    return log(2 * log((double)a->width) / a->delta);
}

static bool differs(const struct rx_adwin *a, double log_term, double n0, double sum0)
{
    double n = (double)a->width;
    double n1 = n - n0;
    double inverse_m = n / (n0 * n1);
    double gap = fabs(sum0 / n0 - (a->sum - sum0) / n1) - 2. / 3 * inverse_m * log_term;
    return gap > 0 && gap * gap > 2 * inverse_m * a->deviation / n * log_term;
}

static bool any_cut(const struct rx_adwin *a)
{
    double n0 = 0, sum0 = 0;
    if (a->width < 2 * MIN_PART) {
        return false;
    }
    double log_term = log_term_of(a);
    for (unsigned l = a->levels; l-- > 0;) {
        for (unsigned i = 0; i < a->level[l].n; i++) {
            n0 += ldexp(1, (int)l);
            sum0 += a->level[l].buckets[i].sum;
            if (n0 > (double)a->width - MIN_PART) {
                return false;
            }
            if (n0 >= MIN_PART && differs(a, log_term, n0, sum0)) {
                return true;
            }
        }
    }
    return false;
}

bool rx_adwin_add(struct rx_adwin *adwin, double value)
{
    bool changed = false;
    if (!isfinite(value)) {
        return false;
    }
    insert(adwin, value);
    while (any_cut(adwin)) {
        drop_oldest(adwin);
        changed = true;
    }
    return changed;
}

int rx_page_hinkley_add(struct rx_page_hinkley *ph, double value)
{
    if (!isfinite(value)) {
        return 0;
    }
    ph->n++;
    ph->mean += (value - ph->mean) / (double)ph->n;
    ph->up += value - ph->mean - ph->delta;
    ph->down += value - ph->mean + ph->delta;
    ph->up_min = fmin(ph->up_min, ph->up);
    ph->down_max = fmax(ph->down_max, ph->down);
    int alarm = 0;
    if (ph->n >= ph->min_n) {
        if (ph->up - ph->up_min > ph->lambda) {
            alarm = 1;
        } else if (ph->down_max - ph->down > ph->lambda) {
            alarm = -1;
        }
    }
    if (alarm != 0) {
        *ph =
            (struct rx_page_hinkley){.delta = ph->delta, .lambda = ph->lambda, .min_n = ph->min_n};
    }
    return alarm;
}
