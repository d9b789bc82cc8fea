// SPDX-License-Identifier: Apache-2.0
/* Inside of a set of trades: shared by the files that fill and index it. */
#pragma once

#include "agent/engine/wallet/trades.h"
#include "common/base/arena.h"
#include "common/base/map.h"

#define MAX_NAMES (4u * RX_TRADES_MAX)
#define MAX_TEXT  ((size_t)4 << 30)

struct rx_trades {
    struct rx_arena *text;         /* bytes of the names */
    struct rx_map *by_text;        /* name -> id + 1 */
    struct rx_map *by_address;     /* chain and address -> token + 1 */
    struct rx_str *names;          /* owned array, text in the arena */
    struct rx_token *tokens;       /* owned */
    struct rx_trade *rows;         /* owned; finished: by wallet, time, row */
    struct rx_price_point *prices; /* owned; finished: by token, time */
    size_t n_names, cap_names, n_tokens, cap_tokens, n_rows, cap_rows, n_prices, cap_prices;
    /* Made by rx_trades_finish, all owned. */
    uint32_t *by_token;   /* row indices by token, time */
    size_t *token_start;  /* n_tokens + 1 offsets into by_token */
    size_t *price_start;  /* n_tokens + 1 offsets into prices */
    uint32_t *wallets;    /* names with rows, ascending */
    size_t *wallet_start; /* n_wallets + 1 offsets into rows */
    size_t n_wallets;
    int64_t last_time;
};

int rx_trades_push_price(struct rx_trades *trades, const struct rx_price_point *point)
    RX_MUST_CHECK;
