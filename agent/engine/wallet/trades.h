// SPDX-License-Identifier: Apache-2.0
/*
 * Trades, transfers and prices of any number of wallets, with names held once. Filled by one
 * thread, then finished (sorted and indexed); a finished set is immutable and thread-safe.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agent/engine/wallet/money.h"
#include "common/base/error.h"

#define RX_NAME_NONE    UINT32_MAX /* no name given */
#define RX_TIME_UNKNOWN INT64_MIN
#define RX_TIME_MAX     INT64_C(4102444800) /* the year 2100: bounds the days of a history */
#define RX_TRADES_MAX   10000000u
#define RX_NAME_MAX     128u

enum rx_side {
    RX_SIDE_BUY,
    RX_SIDE_SELL,
    RX_SIDE_TRANSFER_IN,
    RX_SIDE_TRANSFER_OUT,
    RX_SIDE_AIRDROP,
    RX_SIDE_MAX,
};

struct rx_trade {
    struct rx_u256 amount; /* base units that entered or left the wallet, > 0 */
    rx_money value;        /* gross, before the fee; or RX_MONEY_UNKNOWN */
    rx_money fee;          /* >= 0 */
    int64_t time;          /* seconds since 1970, 0..RX_TIME_MAX */
    double gas_price;      /* NaN = unknown */
    uint32_t wallet, token;
    uint32_t counterparty, dex, tx; /* names or RX_NAME_NONE */
    uint32_t row;                   /* input order; set by rx_trades_add */
    enum rx_side side;
};

struct rx_token {
    uint32_t chain, address, symbol; /* names; symbol may be RX_NAME_NONE */
    unsigned decimals;               /* 0..RX_MAX_DECIMALS */
    int64_t listed;                  /* when trading opened, or RX_TIME_UNKNOWN */
};

struct rx_price_point {
    rx_price price;
    int64_t time;
    uint32_t token;
    bool quoted; /* from a price series, not from a trade */
};

/* A run of elements, borrowed from the set. */
struct rx_trade_span {
    const struct rx_trade *p;
    size_t n;
};
struct rx_index_span {
    const uint32_t *p; /* indices of trades */
    size_t n;
};
struct rx_price_span {
    const struct rx_price_point *p;
    size_t n;
};

struct rx_trades;

struct rx_trades *rx_trades_new(void) RX_MUST_CHECK;
void rx_trades_free(struct rx_trades *trades);
RX_DEFINE_CLEANUP(trades, struct rx_trades *, rx_trades_free);

/* The id of a name of 1 to RX_NAME_MAX bytes; the same text has the same id. An EVM address (0x and
 * 40 hex digits) is kept in lower case. -ENOMEM, RX_ELIMIT, RX_EINVALID. */
int rx_trades_name(struct rx_trades *trades, struct rx_str text, uint32_t *ret) RX_MUST_CHECK;
/* The token `address` of `chain` (names); made with 18 decimals when new. */
int rx_trades_token(struct rx_trades *trades, uint32_t chain, uint32_t address, uint32_t *ret)
    RX_MUST_CHECK;
/* To fill in symbol, decimals and listing time while reading; NULL when there is no such token. */
struct rx_token *rx_trades_token_edit(struct rx_trades *trades, uint32_t token);
/* Copies the trade. RX_EINVALID names the member that is out of range. */
int rx_trades_add(struct rx_trades *trades, const struct rx_trade *trade, struct rx_error *err)
    RX_MUST_CHECK;
int rx_trades_add_price(struct rx_trades *trades, uint32_t token, int64_t time, rx_price price,
                        struct rx_error *err) RX_MUST_CHECK;
/* Sorts, derives prices from trades of at least 1 unit of money for tokens without a series, and
 * indexes. Nothing may be added afterwards. -ENOMEM. */
int rx_trades_finish(struct rx_trades *trades) RX_MUST_CHECK;

/* All below: of a finished set. */
size_t rx_trades_count(const struct rx_trades *trades);
size_t rx_trades_names(const struct rx_trades *trades);
size_t rx_trades_tokens(const struct rx_trades *trades);
const struct rx_trade *rx_trades_at(const struct rx_trades *trades, size_t index);
const struct rx_token *rx_trades_token_at(const struct rx_trades *trades, uint32_t token);
struct rx_str rx_trades_text(const struct rx_trades *trades, uint32_t name);
/* RX_NAME_NONE when the text is unknown. */
uint32_t rx_trades_find_name(const struct rx_trades *trades, struct rx_str text);
/* A token by chain and address, RX_NAME_NONE when unknown. */
uint32_t rx_trades_find_token(const struct rx_trades *trades, uint32_t chain, uint32_t address);
/* Names that traded or moved tokens, ascending. */
struct rx_index_span rx_trades_wallets(const struct rx_trades *trades);
/* Rows of a wallet in order of time (at one time: as they were read). */
struct rx_trade_span rx_trades_of_wallet(const struct rx_trades *trades, uint32_t wallet);
/* Rows of a token in order of time. */
struct rx_index_span rx_trades_of_token(const struct rx_trades *trades, uint32_t token);
/* Prices of a token in order of time. */
struct rx_price_span rx_trades_prices(const struct rx_trades *trades, uint32_t token);
/* The last price at or before `time`; RX_PRICE_UNKNOWN when there is none. ret_time may be NULL. */
rx_price rx_trades_price_at(const struct rx_trades *trades, uint32_t token, int64_t time,
                            int64_t *ret_time);
/* Time of the last row; RX_TIME_UNKNOWN of an empty set. */
int64_t rx_trades_last_time(const struct rx_trades *trades);

const char *rx_side_name(enum rx_side side);
/* RX_EINVALID when the text is none of the five. */
int rx_side_parse(struct rx_str text, enum rx_side *ret) RX_MUST_CHECK;
