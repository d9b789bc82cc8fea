// SPDX-License-Identifier: Apache-2.0
/*
 * Signs of trades with oneself. Buying and selling in turn is no sign by itself: what counts is who
 * stood on the other side, and turnover that leaves neither tokens nor money moved.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "agent/engine/wallet/behaviour.h"

#define HOUR          3600
#define MAX_LOOK_BACK 64 /* rows of the wallet looked at before one trade */
#define UNKNOWN       ((double)NAN)

static bool is_trade(const struct rx_trade *row)
{
    return row->side == RX_SIDE_BUY || row->side == RX_SIDE_SELL;
}

/* The owner, or somebody that funds or was funded by it. */
static bool is_close(const struct rx_history *h, const struct rx_behaviour_context *context,
                     uint32_t name)
{
    for (size_t i = 0; i < h->n_wallets; i++) {
        if (h->wallets[i] == name) {
            return true;
        }
    }
    for (size_t i = 0; i < context->n_related; i++) {
        const struct rx_related *r = &context->related[i];
        if (r->wallet == name && r->depth == 1) {
            return true;
        }
    }
    return false;
}

static struct rx_score_part self_trades(const struct rx_history *h,
                                        const struct rx_behaviour_context *context)
{
    struct rx_score_part part = {"self_trades", .9, UNKNOWN, 0};
    size_t hits = 0;
    for (size_t i = 0; i < h->n_rows; i++) {
        if (is_trade(h->rows[i]) && h->rows[i]->counterparty != RX_NAME_NONE) {
            part.n++;
            hits += is_close(h, context, h->rows[i]->counterparty);
        }
    }
    if (part.n > 0) {
        part.value = (double)hits / (double)part.n;
    }
    return part;
}

static bool near(double a, double b, double tolerance)
{
    return fabs(a - b) <= tolerance * fmax(fabs(a), fabs(b));
}

/* The same tokens go back to the one they came from, at the same price, within an hour. */
static bool is_round_trip(const struct rx_history *h, size_t i)
{
    const struct rx_trade *row = h->rows[i];
    for (size_t k = i; k > 0 && i - k < MAX_LOOK_BACK; k--) {
        const struct rx_trade *other = h->rows[k - 1];
        if (other->time < row->time - HOUR) {
            return false;
        }
        if (is_trade(other) && other->side != row->side && other->token == row->token &&
            other->counterparty == row->counterparty && other->value != RX_MONEY_UNKNOWN &&
            near(rx_u256_to_double(&other->amount), rx_u256_to_double(&row->amount), .02) &&
            near(rx_money_to_double(other->value), rx_money_to_double(row->value), .01)) {
            return true;
        }
    }
    return false;
}

static struct rx_score_part round_trips(const struct rx_history *h)
{
    struct rx_score_part part = {"round_trips", .8, UNKNOWN, 0};
    size_t hits = 0;
    for (size_t i = 0; i < h->n_rows; i++) {
        const struct rx_trade *row = h->rows[i];
        if (is_trade(row) && row->counterparty != RX_NAME_NONE && row->value != RX_MONEY_UNKNOWN) {
            part.n++;
            hits += is_round_trip(h, i);
        }
    }
    if (part.n > 0) {
        /* Two rows a trip, of which the second is found. */
        part.value = fmin(1, 2 * (double)hits / (double)part.n);
    }
    return part;
}

struct turnover {
    double bought, sold;   /* tokens, base units */
    rx_money volume, paid; /* gross; buys less sells */
    size_t n;
};

/* Share of the volume in tokens that were turned over four times or more and left no position and
 * next to no gain or loss. */
static int churn(const struct rx_history *h, struct rx_score_part *ret)
{
    struct rx_score_part part = {"churn", .3, UNKNOWN, 0};
    const size_t n_tokens = rx_trades_tokens(h->trades);
    rx_autofree struct turnover *tokens = calloc(n_tokens + 1, sizeof(*tokens));
    if (!tokens) {
        return -ENOMEM;
    }
    rx_money all = 0;
    rx_money idle = 0;
    for (size_t i = 0; i < h->n_rows; i++) {
        const struct rx_trade *row = h->rows[i];
        if (!is_trade(row) || row->value == RX_MONEY_UNKNOWN) {
            continue;
        }
        struct turnover *t = &tokens[row->token];
        const bool buy = row->side == RX_SIDE_BUY;
        *(buy ? &t->bought : &t->sold) += rx_u256_to_double(&row->amount);
        t->paid += buy ? row->value : -row->value;
        t->volume += row->value;
        t->n++;
        all += row->value;
    }
    for (size_t i = 0; i < n_tokens; i++) {
        const struct turnover *t = &tokens[i];
        if (t->n < 4) {
            continue;
        }
        part.n += t->n;
        const bool flat = fabs(t->bought - t->sold) <= .05 * (t->bought + t->sold) &&
                          fabs(rx_money_to_double(t->paid)) <= .005 * rx_money_to_double(t->volume);
        idle += flat ? t->volume : 0;
    }
    if (part.n > 0 && all > 0) {
        part.value = rx_money_to_double(idle) / rx_money_to_double(all);
    }
    *ret = part;
    return 0;
}

int rx_wash_score(const struct rx_history *history, const struct rx_behaviour_context *context,
                  struct rx_part_score *ret)
{
    struct rx_part_score s = {.n_parts = 3};
    const int rc = churn(history, &s.parts[2]);
    if (rc < 0) {
        return rc;
    }
    s.parts[0] = self_trades(history, context);
    s.parts[1] = round_trips(history);
    double clean = 1;
    double cleanest = 1;
    double weights = 0;
    double known = 0;
    for (size_t i = 0; i < s.n_parts; i++) {
        const struct rx_score_part *part = &s.parts[i];
        const bool unknown = isnan(part->value);
        clean *= unknown ? 1 : 1 - part->weight * part->value;
        cleanest *= 1 - part->weight * (unknown ? 1 : part->value);
        weights += part->weight;
        known += unknown ? 0 : part->weight;
    }
    s.known_share = known / weights;
    s.score = known > 0 ? 1 - clean : UNKNOWN;
    s.upper = 1 - cleanest;
    *ret = s;
    return 0;
}
