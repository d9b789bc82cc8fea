// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/wallet/behaviour.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#define HOUR          3600
#define DAY           86400
#define MAX_LOOK_BACK 256 /* rows of a token looked at before one buy */

static const struct rx_tag_rule rules[RX_TAG_MAX] = {
    [RX_TAG_EARLY_ADOPTER] = {"early_adopter",
                              "first buys of a token within 24 h after its listing, of those whose "
                              "listing time is known; a buy before the listing does not count",
                              .5, 3},
    [RX_TAG_SWING_TRADER] = {"swing_trader",
                             "trades held for 1 to 14 days, of all trades with a known basis", .5,
                             5},
    [RX_TAG_MULTI_CHAIN] = {"multi_chain",
                            "buys and sells outside the wallet's main chain, of all of them", .1,
                            10},
    [RX_TAG_SMART_MONEY_FOLLOWER] = {"smart_money_follower",
                                     "buys within 60 min after a wallet that is known to trade "
                                     "well bought the same token, of all buys",
                                     .3, 5},
    [RX_TAG_DIAMOND_HANDS] = {"diamond_hands",
                              "trades held for 30 days or more and open lots of that age, of all "
                              "trades and open lots with a known basis",
                              .5, 3},
    [RX_TAG_DAY_TRADER] = {"day_trader",
                           "trades held for less than 24 h, of all trades with a known basis", .5,
                           5},
    [RX_TAG_SMART_MONEY] = {"smart_money",
                            "lower Wilson bound of the win rate, with a profit factor of 1.5 or "
                            "more and a realised gain",
                            .5, 10},
    [RX_TAG_WASH_TRADER] = {"wash_trader", "the wash score", .5, 4},
    [RX_TAG_PUMP_CHASER] = {"pump_chaser",
                            "buys after the price rose 10 % or more in the 5 min before, of those "
                            "with a price known then",
                            .3, 5},
    [RX_TAG_PROFIT_TAKER] = {"profit_taker",
                             "sells that realise 20 % or more of gain, of all trades with a known "
                             "basis",
                             .4, 5},
    [RX_TAG_LOSS_CUTTER] = {"loss_cutter",
                            "losing trades closed within 24 h and at less than 20 % of loss, of "
                            "all losing trades",
                            .5, 5},
    [RX_TAG_HIGH_FREQUENCY] = {"high_frequency",
                               "days with 10 or more buys and sells, of the days with any", .5, 3},
};

const struct rx_tag_rule *rx_tag_rule(enum rx_tag tag)
{
    return &rules[tag];
}

static void count(struct rx_tag_result *tag, bool hit)
{
    tag->n++;
    tag->hits += hit;
}

/* Trades with a known basis: how long, and with what result. */
static void count_closed(const struct rx_history *h, struct rx_tag_result *tags)
{
    for (size_t i = 0; i < h->n_closed; i++) {
        const struct rx_closed *closed = &h->closed[i];
        if (closed->fill.pnl == RX_MONEY_UNKNOWN) {
            continue;
        }
        const double held = closed->fill.held;
        count(&tags[RX_TAG_SWING_TRADER], held >= DAY && held <= 14 * DAY);
        count(&tags[RX_TAG_DAY_TRADER], held < DAY);
        count(&tags[RX_TAG_DIAMOND_HANDS], held >= 30 * DAY);
        count(&tags[RX_TAG_PROFIT_TAKER], closed->roi >= .2);
        if (closed->fill.pnl < 0) {
            count(&tags[RX_TAG_LOSS_CUTTER], held <= DAY && closed->roi > -.2);
        }
    }
    for (size_t i = 0; i < h->n_open; i++) {
        const struct rx_lot *lot = &h->open[i].lot;
        if (lot->cost != RX_MONEY_UNKNOWN) {
            count(&tags[RX_TAG_DIAMOND_HANDS], (double)h->as_of - lot->time >= 30 * DAY);
        }
    }
}

static bool chased(const struct rx_history *h, const struct rx_trade *buy,
                   struct rx_tag_result *tag)
{
    int64_t time = 0;
    const rx_price before = rx_trades_price_at(h->trades, buy->token, buy->time - 300, &time);
    const rx_price now = rx_trades_price_at(h->trades, buy->token, buy->time - 1, NULL);
    /* A price from hours ago says nothing about the last five minutes. */
    if (before == RX_PRICE_UNKNOWN || before == 0 || time < buy->time - 2 * HOUR) {
        return false;
    }
    count(tag, (double)now >= 1.1 * (double)before);
    return true;
}

static bool follows(const struct rx_history *h, const struct rx_trade *buy, const bool *smart)
{
    const struct rx_index_span rows = rx_trades_of_token(h->trades, buy->token);
    size_t low = 0;
    size_t high = rows.n;
    while (low < high) {
        const size_t mid = low + (high - low) / 2;
        if (rx_trades_at(h->trades, rows.p[mid])->time < buy->time) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    for (size_t i = low; i > 0 && low - i < MAX_LOOK_BACK; i--) {
        const struct rx_trade *row = rx_trades_at(h->trades, rows.p[i - 1]);
        if (row->time < buy->time - HOUR) {
            return false;
        }
        if (row->side == RX_SIDE_BUY && smart[row->wallet] && row->wallet != buy->wallet) {
            return true;
        }
    }
    return false;
}

static int count_buys(const struct rx_history *h, const bool *smart, struct rx_tag_result *tags)
{
    rx_autofree bool *bought = calloc(rx_trades_tokens(h->trades) + 1, sizeof(*bought));
    if (!bought) {
        return -ENOMEM;
    }
    for (size_t i = 0; i < h->n_rows; i++) {
        const struct rx_trade *row = h->rows[i];
        if (row->side != RX_SIDE_BUY) {
            continue;
        }
        const int64_t listed = rx_trades_token_at(h->trades, row->token)->listed;
        if (!bought[row->token] && listed != RX_TIME_UNKNOWN) {
            count(&tags[RX_TAG_EARLY_ADOPTER], row->time >= listed && row->time - listed < DAY);
        }
        bought[row->token] = true;
        (void)chased(h, row, &tags[RX_TAG_PUMP_CHASER]);
        if (smart) {
            count(&tags[RX_TAG_SMART_MONEY_FOLLOWER], follows(h, row, smart));
        }
    }
    return 0;
}

static void count_days(const struct rx_history *h, struct rx_tag_result *tag)
{
    int64_t day = -1;
    size_t n = 0;
    for (size_t i = 0; i < h->n_rows; i++) {
        if (h->rows[i]->side > RX_SIDE_SELL) {
            continue;
        }
        if (h->rows[i]->time / DAY != day) {
            tag->hits += n >= 10;
            day = h->rows[i]->time / DAY;
            tag->n++;
            n = 0;
        }
        n++;
    }
    tag->hits += n >= 10;
}

static int count_chains(const struct rx_history *h, struct rx_tag_result *tag)
{
    struct rx_wallet_group *chains = NULL;
    size_t n = 0;
    const int rc = rx_wallet_group_chains(h, RX_PERIOD_ALL, &chains, &n);
    if (rc < 0) {
        return rc;
    }
    size_t most = 0;
    for (size_t i = 0; i < n; i++) {
        tag->n += chains[i].trades;
        most = chains[i].trades > most ? chains[i].trades : most;
    }
    tag->hits = tag->n - most;
    free(chains);
    return 0;
}

static void judge(struct rx_tag_result *tag, const struct rx_tag_rule *rule)
{
    const struct rx_win share = rx_win_of(tag->hits, tag->n);
    tag->value = share.rate;
    tag->confidence = share.lo;
    tag->set = tag->n >= rule->min_n && tag->value >= rule->threshold;
}

static void judge_money(const struct rx_history *h, struct rx_tag_result *tag)
{
    struct rx_wallet_summary s;
    rx_wallet_summarise(h, RX_PERIOD_ALL, &s);
    tag->hits = s.win.wins;
    tag->n = s.win.n;
    tag->value = s.win.lo;
    tag->confidence = s.win.lo;
    const bool pays = s.realised > 0 && (s.losses == 0 || s.profit_factor >= 1.5);
    tag->set = tag->n >= rules[RX_TAG_SMART_MONEY].min_n && pays &&
               tag->value >= rules[RX_TAG_SMART_MONEY].threshold;
}

static void judge_wash(const struct rx_part_score *wash, struct rx_tag_result *tag)
{
    tag->value = wash->score;
    tag->confidence = isnan(wash->score) ? wash->score : wash->score * wash->known_share;
    tag->n = 0;
    for (size_t i = 0; i < wash->n_parts; i++) {
        tag->n = wash->parts[i].n > tag->n ? wash->parts[i].n : tag->n;
    }
    tag->set = tag->n >= rules[RX_TAG_WASH_TRADER].min_n &&
               tag->value >= rules[RX_TAG_WASH_TRADER].threshold;
}

/* Someone whose buys come first, again and again. */
static uint32_t leader(const struct rx_behaviour_context *context)
{
    for (size_t i = 0; i < context->n_related; i++) {
        const struct rx_related *r = &context->related[i];
        if (r->scores[RX_RELATION_COORDINATED] >= .5 && r->same_moment >= 5 && r->leads >= .8) {
            return r->wallet;
        }
    }
    return RX_NAME_NONE;
}

int rx_behaviour_compute(const struct rx_history *history,
                         const struct rx_behaviour_context *context, struct rx_behaviour *ret)
{
    struct rx_behaviour b = {.copies_wallet = leader(context)};
    int rc = count_buys(history, context->smart, b.tags);
    if (rc == 0) {
        rc = count_chains(history, &b.tags[RX_TAG_MULTI_CHAIN]);
    }
    if (rc == 0) {
        rc = rx_wash_score(history, context, &b.wash);
    }
    if (rc < 0) {
        return rc;
    }
    rx_bot_score(history, &b.bot);
    count_closed(history, b.tags);
    count_days(history, &b.tags[RX_TAG_HIGH_FREQUENCY]);
    for (int i = 0; i < RX_TAG_MAX; i++) {
        judge(&b.tags[i], &rules[i]);
    }
    judge_money(history, &b.tags[RX_TAG_SMART_MONEY]);
    judge_wash(&b.wash, &b.tags[RX_TAG_WASH_TRADER]);
    b.is_smart_money = b.tags[RX_TAG_SMART_MONEY].set;
    b.is_bot_like = b.bot.known_share >= .5 && b.bot.score >= .6;
    *ret = b;
    return 0;
}
