// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/backtest/decisions.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

void rx_decisions_free(struct rx_decisions *decisions)
{
    free(decisions->rows);
    free(decisions->p);
    free(decisions->y);
    *decisions = (struct rx_decisions){0};
}

size_t rx_tape_seen(const struct rx_tape *tape, double te)
{
    size_t low = 0, high = tape->n;
    while (low < high) {
        const size_t mid = low + (high - low) / 2;
        if ((double)tape->events[mid].time <= te) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low;
}

static size_t seen_lps(const struct rx_tape *tape, double te)
{
    size_t low = 0, high = tape->n_lps;
    while (low < high) {
        const size_t mid = low + (high - low) / 2;
        if ((double)tape->lps[mid].block <= te) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low;
}

bool rx_tape_reserves(const struct rx_tape *tape, size_t seen, double *weth, double *token)
{
    while (seen > 0) {
        if (rx_label_reserves(&tape->meta, &tape->events[--seen], weth, token)) {
            return true;
        }
    }
    return false;
}

/* Kept events up to `seen`, and the time of the first; enough of them makes a snapshot. */
static bool exists(const struct rx_tape *tape, size_t seen)
{
    double weth = 0, token, kept = 0;
    for (size_t i = seen; i-- > 0 && kept < RX_POOL_MIN_EVENTS;) {
        double w;
        if (rx_label_reserves(&tape->meta, &tape->events[i], &w, &token)) {
            weth = kept == 0 ? w : weth;
            kept++;
        }
    }
    return kept >= RX_POOL_MIN_EVENTS && weth >= RX_POOL_MIN_WETH;
}

static bool first_time(const struct rx_tape *tape, double *ret)
{
    double weth, token;
    for (size_t i = 0; i < tape->n; i++) {
        if (rx_label_reserves(&tape->meta, &tape->events[i], &weth, &token)) {
            *ret = (double)tape->events[i].time;
            return true;
        }
    }
    return false;
}

static int by_time(const void *a, const void *b)
{
    const struct rx_decision *x = a, *y = b;
    if (x->moment.te != y->moment.te) {
        return x->moment.te < y->moment.te ? -1 : 1;
    }
    /* The order of the tapes, so that equal moments have one order. */
    return (x->moment.tape > y->moment.tape) - (x->moment.tape < y->moment.tape);
}

static void find_moments(const struct rx_tape *tapes, size_t n_tapes, const double *ages_days,
                         size_t n_ages, struct rx_decisions *d)
{
    for (size_t t = 0; t < n_tapes; t++) {
        double first;
        if (!first_time(&tapes[t], &first)) {
            continue;
        }
        for (size_t a = 0; a < n_ages; a++) {
            const double te = first + ages_days[a] * RX_BLOCKS_PER_DAY;
            const size_t seen = rx_tape_seen(&tapes[t], te);
            if (te <= d->end && exists(&tapes[t], seen)) {
                d->rows[d->n++] = (struct rx_decision){
                    .moment = {&tapes[t], seen, seen_lps(&tapes[t], te), te, ages_days[a]}};
            }
        }
    }
    if (d->n > 0) {
        qsort(d->rows, d->n, sizeof(*d->rows), by_time);
    }
}

static void look_up(const struct rx_decision *row, const struct rx_backtest_options *options,
                    double end, double *y)
{
    const struct rx_tape *tape = row->moment.tape;
    for (size_t t = 0; t < options->n_targets; t++) {
        struct rx_outcome outcome;
        rx_label_outcome(&tape->meta, tape->events, tape->n, row->moment.seen, row->moment.te,
                         options->targets[t].horizon_days * RX_BLOCKS_PER_DAY, end, &outcome);
        y[t] = rx_label_value(&outcome, options->targets[t].multiplier);
    }
}

int rx_decisions_make(const struct rx_tape *tapes, size_t n_tapes, const double *ages_days,
                      size_t n_ages, const struct rx_backtest_options *options,
                      rx_backtest_score_fn score, void *ctx, struct rx_decisions *ret,
                      struct rx_error *err)
{
    rx_auto(decisions) struct rx_decisions d = {.n_targets = options->n_targets};
    if (n_tapes == 0 || n_ages == 0 || n_tapes > RX_BACKTEST_MAX_DECISIONS / n_ages) {
        return rx_error_set(err, RX_ELIMIT, "1 to %u pools times ages expected",
                            RX_BACKTEST_MAX_DECISIONS);
    }
    for (size_t t = 0; t < n_tapes; t++) {
        d.end = tapes[t].n > 0 ? fmax(d.end, (double)tapes[t].events[tapes[t].n - 1].time) : d.end;
    }
    d.rows = calloc(n_tapes * n_ages, sizeof(*d.rows));
    if (!d.rows) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    find_moments(tapes, n_tapes, ages_days, n_ages, &d);
    if (d.n == 0) {
        return rx_error_set(err, RX_EINVALID,
                            "no pool has %d events and %g WETH at any of the ages",
                            RX_POOL_MIN_EVENTS, RX_POOL_MIN_WETH);
    }
    d.p = calloc(d.n * d.n_targets, sizeof(*d.p));
    d.y = calloc(d.n * d.n_targets, sizeof(*d.y));
    if (!d.p || !d.y) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    for (size_t i = 0; i < d.n; i++) {
        d.rows[i].index = i;
        const int rc = score(ctx, &d.rows[i].moment, d.p + i * d.n_targets, err);
        if (rc < 0) {
            return rc;
        }
        look_up(&d.rows[i], options, d.end, d.y + i * d.n_targets);
    }
    *ret = d;
    d = (struct rx_decisions){0};
    return 0;
}
