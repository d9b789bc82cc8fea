// SPDX-License-Identifier: Apache-2.0
/* The smart-wallet finder of `radarx-agent wallet --find`: find, profile and bulk scan. */
#pragma once

#include "agent/engine/wallet/finder.h"

#define RX_FIND_MAX_TOKENS 100u
#define RX_FIND_MAX_SMART  64u

struct rx_find_arguments {
    const char *tokens[RX_FIND_MAX_TOKENS];
    const char *smart[RX_FIND_MAX_SMART]; /* wallets known to be good */
    size_t n_tokens, n_smart;
    const char *chain; /* NULL = ethereum */
    uint64_t window_days;
    uint64_t top_k;        /* 0: 100 for one token, 10 for each of several */
    double min_confidence; /* NaN: .5 for one token, .6 for several */
    bool internal_transfers, json;
    rx_money min_trade, min_holdings;
    int64_t as_of;
};

/* `wallet` RX_NAME_NONE: find (one token) or bulk scan (several); else its profile. */
int rx_wallet_find(const struct rx_trades *trades, const struct rx_find_arguments *args,
                   uint32_t wallet, struct rx_buf *out, struct rx_error *err) RX_MUST_CHECK;
