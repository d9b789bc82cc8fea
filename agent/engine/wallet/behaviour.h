// SPDX-License-Identifier: Apache-2.0
/*
 * How a wallet trades: twelve tags, a bot score and a wash score, each with the numbers it rests
 * on. The rules are one table (rx_tag_rule); docs/wallets.md prints it. Pure, thread-safe.
 *
 * A tag that counts shares is set when at least `min_n` rows speak about it and the share of those
 * that qualify reaches the threshold; its confidence is the lower Wilson bound (95 %) of that
 * share, so that five of five is less sure than fifty of fifty.
 */
#pragma once

#include "agent/engine/wallet/related.h"
#include "agent/engine/wallet/report.h"

enum rx_tag {
    RX_TAG_EARLY_ADOPTER,
    RX_TAG_SWING_TRADER,
    RX_TAG_MULTI_CHAIN,
    RX_TAG_SMART_MONEY_FOLLOWER,
    RX_TAG_DIAMOND_HANDS,
    RX_TAG_DAY_TRADER,
    RX_TAG_SMART_MONEY,
    RX_TAG_WASH_TRADER,
    RX_TAG_PUMP_CHASER,
    RX_TAG_PROFIT_TAKER,
    RX_TAG_LOSS_CUTTER,
    RX_TAG_HIGH_FREQUENCY,
    RX_TAG_MAX,
};

struct rx_tag_rule {
    const char *name;
    const char *rule; /* a sentence */
    double threshold; /* of the value */
    size_t min_n;     /* rows that must speak about it */
};

struct rx_tag_result {
    bool set;
    double value;      /* NaN: nothing speaks about it */
    size_t hits, n;    /* value = hits / n for shares */
    double confidence; /* 0..1; NaN when the value is */
};

#define RX_SCORE_PARTS 4

struct rx_score_part {
    const char *name;
    double weight;
    double value; /* 0..1; NaN = unknown */
    size_t n;     /* rows behind it */
};

struct rx_part_score {
    struct rx_score_part parts[RX_SCORE_PARTS];
    size_t n_parts;
    double score;       /* 0..1; NaN when nothing is known */
    double upper;       /* with every unknown part at its worst */
    double known_share; /* weight of the known parts */
};

struct rx_behaviour {
    struct rx_tag_result tags[RX_TAG_MAX];
    /* Bot: mean of the known parts by weight. Regularity of the gaps (10 or more), reactions within
     * 15 s of a listing or a 5 % step, sandwiches, hours of the day without rest. */
    struct rx_part_score bot;
    /* Wash: 1 - prod(1 - weight value). Trades with itself or its funders, round trips with one
     * counterparty at one price, turnover that changes neither position nor money. The last alone
     * stays below the tag's threshold. */
    struct rx_part_score wash;
    bool is_bot_like;       /* bot.score >= .6 with known_share >= .5 */
    bool is_smart_money;    /* the tag */
    uint32_t copies_wallet; /* buys soon after it again and again; RX_NAME_NONE */
};

struct rx_behaviour_context {
    const struct rx_related *related; /* of the owner; may be NULL */
    size_t n_related;
    const bool *smart; /* by name: known good traders, for smart_money_follower; NULL = unknown */
};

const struct rx_tag_rule *rx_tag_rule(enum rx_tag tag);

/* -ENOMEM. */
int rx_behaviour_compute(const struct rx_history *history,
                         const struct rx_behaviour_context *context, struct rx_behaviour *ret)
    RX_MUST_CHECK;

/* The two scores alone. */
void rx_bot_score(const struct rx_history *history, struct rx_part_score *ret);
int rx_wash_score(const struct rx_history *history, const struct rx_behaviour_context *context,
                  struct rx_part_score *ret) RX_MUST_CHECK;
