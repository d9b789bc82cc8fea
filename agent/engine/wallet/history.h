// SPDX-License-Identifier: Apache-2.0
/*
 * The history of one owner (one wallet, or several that belong together): every row booked in order
 * of time, what each sell realised, what is still held and its mark, and the daily returns.
 * Immutable once made; thread-safe. The set of trades must outlive it.
 */
#pragma once

#include "agent/engine/wallet/ledger.h"

#define RX_OWNER_MAX 64u

struct rx_history_options {
    const uint32_t *wallets; /* names, 1..RX_OWNER_MAX */
    size_t n_wallets;
    enum rx_lot_method method;
    int64_t as_of; /* rows and prices after it are ignored; RX_TIME_UNKNOWN = the last row */
    bool returns;  /* also make the daily returns */
};

/* One sell. */
struct rx_closed {
    const struct rx_trade *trade; /* borrowed from the set */
    struct rx_fill fill;          /* pnl RX_MONEY_UNKNOWN: unknown basis or no value */
    double roi;                   /* pnl / cost; NaN when unknown or the cost is 0 */
};

/* One open lot. */
struct rx_open {
    uint32_t wallet, token;
    struct rx_lot lot;
};

/* What the owner holds of a token. */
struct rx_holding {
    uint32_t token;
    struct rx_u256 known, unknown;
    rx_money cost;  /* of `known` */
    rx_money value; /* of `known` at the mark; RX_MONEY_UNKNOWN without a price */
    rx_price mark;  /* or RX_PRICE_UNKNOWN */
    int64_t mark_time;
};

struct rx_history {
    const struct rx_trades *trades; /* borrowed */
    const struct rx_trade **rows;   /* owned array, in order of time */
    struct rx_closed *closed;       /* owned, in order of time */
    struct rx_open *open;           /* owned */
    struct rx_holding *holdings;    /* owned; tokens with a known or unknown quantity */
    double *returns;                /* owned; a day on which the owner held or bought anything */
    int64_t *return_days;           /* owned; start of each such day, seconds since 1970 */
    size_t n_rows, n_closed, n_open, n_holdings, n_returns;
    int64_t as_of;
    uint32_t wallet; /* the first of the owner */
    size_t n_wallets;
    uint32_t wallets[RX_OWNER_MAX];
    struct rx_ledger_totals totals;
};

/*
 * Books the rows of the owner's wallets. A transfer between two of them carries lots when its row
 * of side transfer_out names the other as counterparty; the transfer_in row that answers it says
 * how much arrived (all, when there is none). Wallets without rows give an empty history. -ENOMEM,
 * RX_EINVALID (no wallets or too many), RX_ELIMIT.
 *
 * Daily return: PnL of the UTC day / (value at its start + what came in during it), at the last
 * price known at the day's end; a token without a price counts at cost. Coins that left count as
 * taken out at their value, coins of unknown basis not at all. Days without any capital are left
 * out, losses end at -1.
 */
int rx_history_new(const struct rx_trades *trades, const struct rx_history_options *options,
                   struct rx_history **ret, struct rx_error *err) RX_MUST_CHECK;
void rx_history_free(struct rx_history *history);
RX_DEFINE_CLEANUP(history, struct rx_history *, rx_history_free);
