// SPDX-License-Identifier: Apache-2.0
/*
 * Signs of a program behind a wallet. A constant gas price is none of them: on a chain with fixed
 * fees everybody pays the same.
 */
#include <math.h>
#include <string.h>

#include "agent/engine/wallet/behaviour.h"

#define HOUR          3600
#define DAY           86400
#define REACTION      15  /* seconds */
#define MAX_LOOK_BACK 256 /* rows of a token looked at for one sandwich */
#define UNKNOWN       ((double)NAN)

static bool is_trade(const struct rx_trade *row)
{
    return row->side == RX_SIDE_BUY || row->side == RX_SIDE_SELL;
}

/*
 * Coefficient of variation of the gaps between trades: 1 for trades at random moments (Poisson),
 * above it for the bursts of people (Goh and Barabasi 2008), near 0 for a clock.
 */
static struct rx_score_part regularity(const struct rx_history *h)
{
    struct rx_score_part part = {"timing_regularity", .3, UNKNOWN, 0};
    double sum = 0;
    double squares = 0;
    int64_t last = -1;
    for (size_t i = 0; i < h->n_rows; i++) {
        if (!is_trade(h->rows[i])) {
            continue;
        }
        if (last >= 0) {
            const double gap = (double)(h->rows[i]->time - last);
            sum += gap;
            squares += gap * gap;
            part.n++;
        }
        last = h->rows[i]->time;
    }
    if (part.n >= 10 && sum > 0) {
        const double mean = sum / (double)part.n;
        const double variation = sqrt(fmax(0, squares / (double)part.n - mean * mean)) / mean;
        part.value = fmin(1, fmax(0, 1 - variation / .5));
    }
    return part;
}

/* A price step of 5 % or more, or the listing, within the seconds before the buy. */
static bool reacted(const struct rx_history *h, const struct rx_trade *buy)
{
    const int64_t listed = rx_trades_token_at(h->trades, buy->token)->listed;
    if (listed != RX_TIME_UNKNOWN && buy->time >= listed && buy->time - listed <= REACTION) {
        return true;
    }
    const rx_price now = rx_trades_price_at(h->trades, buy->token, buy->time - 1, NULL);
    const rx_price before =
        rx_trades_price_at(h->trades, buy->token, buy->time - REACTION - 1, NULL);
    if (now == RX_PRICE_UNKNOWN || before == RX_PRICE_UNKNOWN || before == 0) {
        return false;
    }
    return fabs((double)now / (double)before - 1) >= .05;
}

static struct rx_score_part reactions(const struct rx_history *h)
{
    struct rx_score_part part = {"reaction_time", .25, UNKNOWN, 0};
    size_t hits = 0;
    for (size_t i = 0; i < h->n_rows; i++) {
        if (h->rows[i]->side == RX_SIDE_BUY) {
            part.n++;
            hits += reacted(h, h->rows[i]);
        }
    }
    if (part.n >= 5) {
        part.value = (double)hits / (double)part.n;
    }
    return part;
}

/* own buy, a stranger's buy, own sell, all within a block or so. */
static bool sandwiched(const struct rx_history *h, const struct rx_trade *sell)
{
    const struct rx_index_span rows = rx_trades_of_token(h->trades, sell->token);
    size_t low = 0;
    size_t high = rows.n;
    while (low < high) {
        const size_t mid = low + (high - low) / 2;
        const struct rx_trade *row = rx_trades_at(h->trades, rows.p[mid]);
        if (row->time < sell->time || (row->time == sell->time && row->row < sell->row)) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    bool stranger = false;
    for (size_t i = low; i > 0 && low - i < MAX_LOOK_BACK; i--) {
        const struct rx_trade *row = rx_trades_at(h->trades, rows.p[i - 1]);
        if (row->time < sell->time - REACTION) {
            return false;
        }
        if (row->side == RX_SIDE_BUY && row->wallet == sell->wallet) {
            return stranger;
        }
        stranger = stranger || row->side == RX_SIDE_BUY;
    }
    return false;
}

static struct rx_score_part sandwiches(const struct rx_history *h)
{
    struct rx_score_part part = {"sandwiches", .25, UNKNOWN, 0};
    size_t hits = 0;
    for (size_t i = 0; i < h->n_closed; i++) {
        part.n++;
        hits += sandwiched(h, h->closed[i].trade);
    }
    if (part.n >= 3) {
        part.value = fmin(1, 2 * (double)hits / (double)part.n);
    }
    return part;
}

/* People sleep: the longest run of UTC hours without a trade, over three active days or more. */
static struct rx_score_part around_the_clock(const struct rx_history *h)
{
    struct rx_score_part part = {"no_rest", .2, UNKNOWN, 0};
    bool hours[24] = {false};
    size_t days = 0;
    int64_t day = -1;
    for (size_t i = 0; i < h->n_rows; i++) {
        if (!is_trade(h->rows[i])) {
            continue;
        }
        part.n++;
        hours[h->rows[i]->time / HOUR % 24] = true;
        days += h->rows[i]->time / DAY != day;
        day = h->rows[i]->time / DAY;
    }
    if (part.n < 48 || days < 3) {
        return part;
    }
    int longest = 0;
    int run = 0;
    for (int i = 0; i < 48; i++) {
        run = hours[i % 24] ? 0 : run + 1;
        longest = run > longest ? run : longest;
    }
    part.value = fmin(1, fmax(0, (6.0 - longest) / 4));
    return part;
}

void rx_bot_score(const struct rx_history *history, struct rx_part_score *ret)
{
    struct rx_part_score s = {.parts = {regularity(history), reactions(history),
                                        sandwiches(history), around_the_clock(history)},
                              .n_parts = 4};
    double sum = 0;
    for (size_t i = 0; i < s.n_parts; i++) {
        const struct rx_score_part *part = &s.parts[i];
        s.known_share += isnan(part->value) ? 0 : part->weight;
        sum += isnan(part->value) ? 0 : part->weight * part->value;
    }
    s.score = s.known_share > 0 ? sum / s.known_share : UNKNOWN;
    s.upper = sum + (1 - s.known_share);
    *ret = s;
}
