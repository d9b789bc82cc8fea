// SPDX-License-Identifier: Apache-2.0
/* Does an answer depend on what came later? It is asked for again where nothing did, and where
 * something else did. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "agent/engine/backtest/decisions.h"

/* splitmix64 (Steele, Lea and Flood 2014). */
static uint64_t draw(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static bool same(const double *a, const double *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!(a[i] == b[i] || (isnan(a[i]) && isnan(b[i])))) {
            return false;
        }
    }
    return true;
}

/* After the moment the pool is drained: the reserves of the rest are turned upside down. */
static void change_future(struct rx_sync *events, size_t seen, size_t n)
{
    for (size_t i = seen; i < n; i++) {
        events[i].reserve[0] = events[i].reserve[0] / 1000 + 1;
        events[i].reserve[1] = events[i].reserve[1] / 7 * 3 + 1;
    }
}

/* The answer with `n` of the tape's events kept, those after the moment changed. */
static int ask(const struct rx_backtest_moment *moment, size_t n, size_t n_lps,
               rx_backtest_score_fn score, void *ctx, double *p, struct rx_error *err)
{
    const struct rx_tape *tape = moment->tape;
    rx_autofree struct rx_sync *events = malloc((n + 1) * sizeof(*events));
    rx_autofree struct rx_lp_transfer *lps = malloc((n_lps + 1) * sizeof(*lps));
    if (!events || !lps) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    if (n > 0) {
        memcpy(events, tape->events, n * sizeof(*events));
    }
    if (n_lps > 0) {
        memcpy(lps, tape->lps, n_lps * sizeof(*lps));
    }
    change_future(events, moment->seen, n);
    const struct rx_tape copy = {tape->meta, events, n, lps, n_lps};
    struct rx_backtest_moment again = *moment;
    again.tape = &copy;
    return score(ctx, &again, p, err);
}

int rx_decisions_audit(const struct rx_decisions *decisions,
                       const struct rx_backtest_options *options, rx_backtest_score_fn score,
                       void *ctx, struct rx_backtest_report *report, struct rx_error *err)
{
    const size_t n = options->audit < decisions->n ? options->audit : decisions->n;
    uint64_t state = options->seed;
    double p[RX_BACKTEST_MAX_TARGETS];
    for (size_t i = 0; i < n; i++) {
        /* All of them in turn when as many were asked for, else a sample. */
        const size_t at = n == decisions->n ? i : (size_t)(draw(&state) % decisions->n);
        const struct rx_backtest_moment *m = &decisions->rows[at].moment;
        const double *was = decisions->p + at * decisions->n_targets;
        int rc = ask(m, m->seen, m->seen_lps, score, ctx, p, err);
        bool leak = rc == 0 && !same(p, was, decisions->n_targets);
        if (rc == 0) {
            rc = ask(m, m->tape->n, m->seen_lps, score, ctx, p, err);
            leak = leak || (rc == 0 && !same(p, was, decisions->n_targets));
        }
        if (rc < 0) {
            return rc;
        }
        report->audited++;
        report->leaks += leak;
    }
    if (report->leaks > 0) {
        return rx_error_set(err, RX_EINVALID,
                            "look-ahead: %zu of %zu answers changed when the future did",
                            report->leaks, report->audited);
    }
    return 0;
}
