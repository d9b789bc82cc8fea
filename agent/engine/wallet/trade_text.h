// SPDX-License-Identifier: Apache-2.0
/* Trades and prices from text fields, as CSV and JSON carry them. The columns are documented in
 * docs/wallets.md. One thread a set. */
#pragma once

#include "agent/engine/wallet/trades.h"
#include "common/json/read.h"

enum rx_trade_column {
    RX_TRADE_WALLET,
    RX_TRADE_TOKEN,
    RX_TRADE_SIDE,
    RX_TRADE_TIME,
    RX_TRADE_AMOUNT,
    RX_TRADE_USD, /* from here on optional: an empty view is absent */
    RX_TRADE_PRICE,
    RX_TRADE_FEE,
    RX_TRADE_CHAIN,
    RX_TRADE_SYMBOL,
    RX_TRADE_DECIMALS,
    RX_TRADE_DEX,
    RX_TRADE_GAS_PRICE,
    RX_TRADE_TX,
    RX_TRADE_COUNTERPARTY,
    RX_TRADE_LISTED,
    RX_TRADE_COLUMNS,
};
#define RX_TRADE_OPTIONAL (RX_TRADE_COLUMNS - RX_TRADE_USD)

enum rx_price_column {
    RX_PRICE_TOKEN,
    RX_PRICE_TIME,
    RX_PRICE_PRICE,
    RX_PRICE_CHAIN, /* optional */
    RX_PRICE_COLUMNS,
};
#define RX_PRICE_OPTIONAL 1

#define RX_DEFAULT_CHAIN "ethereum"

extern const char *const rx_trade_columns[RX_TRADE_COLUMNS];
extern const char *const rx_price_columns[RX_PRICE_COLUMNS];

/* What a reader says when a field is refused. */
struct rx_field_error {
    size_t column;
    const char *expected; /* "a number of tokens above 0", static; NULL: err tells all */
};

/* Adds one row. On failure fills *ret_wrong (or *err, with ret_wrong->expected NULL). */
int rx_trades_add_fields(struct rx_trades *trades, const struct rx_str fields[RX_TRADE_COLUMNS],
                         struct rx_field_error *ret_wrong, struct rx_error *err) RX_MUST_CHECK;
int rx_trades_add_price_fields(struct rx_trades *trades,
                               const struct rx_str fields[RX_PRICE_COLUMNS],
                               struct rx_field_error *ret_wrong, struct rx_error *err)
    RX_MUST_CHECK;

/*
 * Adds the rows of a JSON document: an array of trades, or an object {"trades": [...], "prices":
 * [...]}, members named as the columns, numbers or strings. RX_EINVALID: "trades[3].amount: a
 * number of tokens above 0 expected, got 'x'".
 */
int rx_trades_add_json(struct rx_trades *trades, const struct rx_json *root, struct rx_error *err)
    RX_MUST_CHECK;
/* The same for a document that holds prices only: an array of prices. */
int rx_trades_add_json_prices(struct rx_trades *trades, const struct rx_json *root,
                              struct rx_error *err) RX_MUST_CHECK;

/* Seconds since 1970 or RFC 3339. RX_EPARSE, RX_ELIMIT. */
int rx_trade_time_parse(struct rx_str text, int64_t *ret) RX_MUST_CHECK;
