// SPDX-License-Identifier: Apache-2.0
/*
 * What a trader would have earned. Every order is filled from the pool's own reserves some blocks
 * after it was decided, with the pool's fee and the price moved by the order itself; a sale is
 * filled from the recorded reserves as if the purchase had not deepened them, which is pessimistic.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "agent/engine/backtest/decisions.h"
#include "agent/engine/math/amm.h"
#include "agent/engine/math/performance.h"
#include "agent/engine/math/proportion.h"

#define RECENT         200 /* answers that the quantile strategy ranks against */
#define RECENT_LEAST   50  /* fewer and it does not buy */
#define KELLY_FRACTION 0.25
#define POOL_FEE       (1 - RX_AMM_AFTER_FEE)

struct position {
    const struct rx_tape *tape;
    double stake, tokens; /* WETH paid, gas not counted; tokens held */
    double exit;          /* block at which it is sold; HUGE_VAL = never in the recording */
    double proceeds;      /* WETH got then, gas not counted */
};

struct book {
    const struct rx_decisions *d;
    const struct rx_backtest_options *options;
    enum rx_backtest_strategy strategy;
    struct position *open; /* owned, options->max_open of them */
    size_t n_open;
    double cash, day; /* day: the next one to be marked, in days of blocks since the start */
    double start;     /* block of the first decision */
    double *equity;   /* owned: at the end of each day */
    size_t n_equity, cap_equity;
    double recent[RECENT];
    size_t n_recent;
    struct rx_backtest_trades t;
    double gains, losses, returns;
};

/* WETH for the position when it is sold from the reserves at block `now`. */
static double worth(const struct position *position, double now)
{
    double weth, token;
    if (!rx_tape_reserves(position->tape, rx_tape_seen(position->tape, now), &weth, &token)) {
        return 0;
    }
    return rx_amm_out_real(position->tokens, token, weth);
}

static double equity(const struct book *b, double now)
{
    double sum = b->cash;
    for (size_t i = 0; i < b->n_open; i++) {
        sum += worth(&b->open[i], now);
    }
    return sum;
}

static void close_position(struct book *b, size_t i)
{
    struct position *position = &b->open[i];
    const double profit = position->proceeds - position->stake - 2 * b->options->gas;
    const double gain = profit / position->stake;
    b->cash += position->proceeds - b->options->gas;
    b->t.n++;
    b->t.wins += profit > 0;
    b->gains += fmax(0, profit);
    b->losses += fmax(0, -profit);
    b->returns += gain;
    b->t.best = b->t.n == 1 ? gain : fmax(b->t.best, gain);
    b->t.worst = b->t.n == 1 ? gain : fmin(b->t.worst, gain);
    b->t.gas += b->options->gas;
    *position = b->open[--b->n_open];
}

/* Marks the days that end up to block `now`, then sells what falls due. In order of time. */
static void advance(struct book *b, double now)
{
    for (;;) {
        size_t next = b->n_open;
        for (size_t i = 0; i < b->n_open; i++) {
            if (b->open[i].exit <= now &&
                (next == b->n_open || b->open[i].exit < b->open[next].exit)) {
                next = i;
            }
        }
        const double until = next < b->n_open ? b->open[next].exit : now;
        while (b->start + b->day * RX_BLOCKS_PER_DAY <= until && b->n_equity < b->cap_equity) {
            b->equity[b->n_equity++] = equity(b, b->start + b->day * RX_BLOCKS_PER_DAY);
            b->day++;
        }
        if (next == b->n_open) {
            return;
        }
        close_position(b, next);
    }
}

/* When and for how much it is sold: at the price aimed at, at the stop, or when time is up. */
static void plan_exit(struct book *b, struct position *position, double entry, double price)
{
    const struct rx_backtest_target *target = &b->options->targets[b->options->buy];
    const struct rx_tape *tape = position->tape;
    const double deadline = entry + target->horizon_days * RX_BLOCKS_PER_DAY;
    double trigger = deadline, weth, token;
    size_t *why = &b->t.timed_out;
    for (size_t i = rx_tape_seen(tape, entry); i < tape->n; i++) {
        const double now = (double)tape->events[i].time;
        if (now > deadline) {
            break;
        }
        if (!rx_label_reserves(&tape->meta, &tape->events[i], &weth, &token)) {
            continue;
        }
        const double change = weth / token / price;
        if (change >= target->multiplier || change <= b->options->stop) {
            trigger = now;
            why = change >= target->multiplier ? &b->t.taken : &b->t.stopped;
            break;
        }
    }
    position->exit = trigger + b->options->delay_blocks;
    if (position->exit > b->d->end) {
        position->exit = HUGE_VAL;
        return;
    }
    (*why)++;
    position->proceeds = worth(position, position->exit);
}

/* Share of the equity that the strategy puts on this answer; 0 = do not buy. */
static double stake_share(struct book *b, double p)
{
    const struct rx_backtest_options *o = b->options;
    if (b->strategy == RX_BACKTEST_EVERY) {
        return o->stake;
    }
    if (b->strategy == RX_BACKTEST_QUANTILE) {
        size_t above = 0, n = b->n_recent < RECENT ? b->n_recent : RECENT;
        for (size_t i = 0; i < n; i++) {
            above += b->recent[i] > p;
        }
        b->recent[b->n_recent++ % RECENT] = p;
        return n >= RECENT_LEAST && (double)above < o->threshold * (double)n ? o->stake : 0;
    }
    if (p < o->threshold) {
        return 0;
    }
    if (b->strategy == RX_BACKTEST_KELLY) {
        /* Win `odds` with p, lose the stop's share with 1 - p. */
        const double odds = o->targets[o->buy].multiplier - 1, risk = 1 - o->stop;
        const double kelly = risk > 0 ? p / risk - (1 - p) / odds : p;
        return fmin(o->stake, fmax(0, KELLY_FRACTION * kelly));
    }
    return o->stake;
}

static bool forbidden(const struct book *b, const struct rx_decision *row)
{
    if (b->options->guard < 0 || b->strategy == RX_BACKTEST_EVERY) {
        return false;
    }
    const double p = b->d->p[row->index * b->d->n_targets + (size_t)b->options->guard];
    return !(p <= b->options->max_guard); /* no answer forbids too */
}

static void decide(struct book *b, const struct rx_decision *row)
{
    const struct rx_backtest_options *o = b->options;
    const double share = isnan(row->p_buy) ? 0 : stake_share(b, row->p_buy);
    const double entry = row->moment.te + o->delay_blocks;
    const struct rx_tape *tape = row->moment.tape;
    double weth, token;
    if (share <= 0 || forbidden(b, row) || b->n_open == o->max_open ||
        !rx_tape_reserves(tape, rx_tape_seen(tape, entry), &weth, &token)) {
        return;
    }
    double stake = fmin(share * equity(b, row->moment.te), o->max_pool_share * weth);
    stake = fmin(stake, b->cash - 2 * o->gas);
    if (stake < 4 * o->gas || stake <= 0) { /* gas alone would eat it */
        return;
    }
    struct position *position = &b->open[b->n_open++];
    *position = (struct position){.tape = tape,
                                  .stake = stake,
                                  .tokens = rx_amm_out_real(stake, weth, token),
                                  .exit = HUGE_VAL};
    b->cash -= stake + o->gas;
    b->t.turnover += stake;
    b->t.gas += o->gas;
    b->t.fees += stake * POOL_FEE;
    b->t.slippage += stake * rx_amm_impact(stake, weth);
    plan_exit(b, position, entry, weth / token);
    if (position->exit < HUGE_VAL) {
        b->t.fees += position->proceeds / RX_AMM_AFTER_FEE * POOL_FEE;
        if (rx_tape_reserves(tape, rx_tape_seen(tape, position->exit), &weth, &token)) {
            /* A pool that is all but empty has a price without a meaning: at most what was got. */
            const double spot = position->tokens * RX_AMM_AFTER_FEE * weth / token;
            b->t.slippage += fmin(spot - position->proceeds, position->proceeds);
        }
    }
}

/* Figures of the equity by days. */
static int summarise(struct book *b, struct rx_error *err)
{
    struct rx_backtest_trades *t = &b->t;
    const size_t n = b->n_equity > 0 ? b->n_equity - 1 : 0;
    t->open = b->n_open;
    t->final_equity = equity(b, b->d->end);
    t->profit = t->final_equity - b->options->capital;
    t->total_return = t->profit / b->options->capital;
    t->profit_factor = b->losses > 0 ? b->gains / b->losses : RX_NAN;
    t->mean_return = t->n > 0 ? b->returns / (double)t->n : RX_NAN;
    t->win_rate = t->win_lo = t->win_hi = RX_NAN;
    if (t->n > 0) {
        t->win_rate = (double)t->wins / (double)t->n;
        rx_wilson((double)t->wins, (double)t->n, .95, &t->win_lo, &t->win_hi);
    } else {
        t->best = t->worst = RX_NAN;
    }
    t->days = (double)n;
    t->sharpe = t->sharpe_se = t->max_drawdown = RX_NAN;
    if (n == 0) {
        return 0;
    }
    rx_autofree double *returns = calloc(n, sizeof(*returns));
    if (!returns) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    for (size_t i = 0; i < n; i++) {
        returns[i] = b->equity[i] > 0 ? fmax(-1, b->equity[i + 1] / b->equity[i] - 1) : 0;
    }
    struct rx_performance performance;
    if (rx_performance(returns, n, RX_PERFORMANCE_DAYS, &performance)) {
        t->sharpe = performance.sharpe;
        t->sharpe_se = performance.sharpe_se;
        t->max_drawdown = performance.max_drawdown;
    }
    return 0;
}

int rx_decisions_trade(const struct rx_decisions *decisions,
                       const struct rx_backtest_options *options,
                       enum rx_backtest_strategy strategy, struct rx_backtest_trades *ret,
                       struct rx_error *err)
{
    const double start = decisions->rows[0].moment.te;
    struct book b = {.d = decisions,
                     .options = options,
                     .strategy = strategy,
                     .cash = options->capital,
                     .start = start};
    b.cap_equity = (size_t)((decisions->end - start) / RX_BLOCKS_PER_DAY) + 2;
    rx_autofree struct position *open = b.open = calloc(options->max_open, sizeof(*b.open));
    rx_autofree double *days = b.equity = calloc(b.cap_equity, sizeof(*b.equity));
    if (!open || !days) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    for (size_t i = 0; i < decisions->n; i++) {
        advance(&b, decisions->rows[i].moment.te);
        decide(&b, &decisions->rows[i]);
    }
    advance(&b, decisions->end);
    const int rc = summarise(&b, err);
    *ret = b.t;
    return rc;
}
