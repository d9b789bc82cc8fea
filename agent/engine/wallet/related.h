// SPDX-License-Identifier: Apache-2.0
/*
 * Wallets that belong together with one owner: who funded whom, who trades the same tokens, who
 * trades them at the same moments. Every search is bounded; what is cut off is counted. Pure,
 * thread-safe.
 */
#pragma once

#include "agent/engine/wallet/trades.h"

enum rx_relation { RX_RELATION_FUND_FLOW, RX_RELATION_SIMILAR, RX_RELATION_COORDINATED };

struct rx_related {
    uint32_t wallet;
    enum rx_relation relation; /* the strongest, similar_pattern counted half: it says least */
    /*
     * 0..1. fund_flow: 1 - 2^-transfers at depth 1, half the product of both at depth 2.
     * similar_pattern: Jaccard index of the token sets, each token weighted by ln(wallets / wallets
     * that have it), so that what everybody trades says little (Jaccard 1912; Spaerck Jones 1972).
     * coordinated: share of the owner's trades with a trade of the other on the same side of the
     * same token within 5 minutes, less what its own activity would give by chance.
     */
    double score;     /* of that relation */
    double scores[3]; /* of all */
    size_t shared_tokens;
    size_t events;      /* transfers, or trades at the same moment */
    size_t same_moment; /* trades at the same moment */
    double leads;       /* share of those trades in which the other came first; NaN without any */
    unsigned depth;     /* of the funding path, 0 = none */
};

struct rx_related_options {
    const uint32_t *wallets; /* of the owner */
    size_t n_wallets;
    int64_t as_of;
    double min_score; /* relations below are left out; .1 for what the reports show */
    size_t max;       /* at most so many, strongest first */
};

/* *ret is malloc'd. *ret_cut counts hubs and crowds that were left unexplored (may be NULL).
 * -ENOMEM. */
int rx_related_find(const struct rx_trades *trades, const struct rx_related_options *options,
                    struct rx_related **ret, size_t *ret_n, size_t *ret_cut) RX_MUST_CHECK;

const char *rx_relation_name(enum rx_relation relation); /* "fund_flow", "similar_pattern",
                                                            "coordinated" */
