// SPDX-License-Identifier: Apache-2.0
/* Sets of trades for tests. */
#pragma once

#include <math.h>

#include "agent/engine/wallet/trade_text.h"
#include "tests/support/test.h"

#define UNIT 1000000 /* base units of one token: tests use 6 decimals */

/* Lines "wallet,token,side,time,amount,usd,fee,counterparty,listed,chain,dex"; fields at the end
 * may be left out. The set is not finished. */
static inline int add_lines(struct rx_trades *set, const char *lines, struct rx_error *err)
{
    static const int columns[] = {RX_TRADE_WALLET, RX_TRADE_TOKEN,        RX_TRADE_SIDE,
                                  RX_TRADE_TIME,   RX_TRADE_AMOUNT,       RX_TRADE_USD,
                                  RX_TRADE_FEE,    RX_TRADE_COUNTERPARTY, RX_TRADE_LISTED,
                                  RX_TRADE_CHAIN,  RX_TRADE_DEX};
    struct rx_str rest = rx_str_of(lines);
    struct rx_str line;
    while (rx_str_cut(&rest, '\n', &line)) {
        struct rx_str fields[RX_TRADE_COLUMNS] = {{0}};
        struct rx_str field;
        struct rx_field_error wrong;
        fields[RX_TRADE_DECIMALS] = RX_STR("6");
        for (size_t i = 0; i < RX_ARRAY_LEN(columns) && rx_str_cut(&line, ',', &field); i++) {
            fields[columns[i]] = field;
        }
        if (fields[RX_TRADE_SIDE].n == 0) {
            continue;
        }
        const int rc = rx_trades_add_fields(set, fields, &wrong, err);
        if (rc < 0) {
            return rc;
        }
    }
    return 0;
}

static inline struct rx_trades *set_of(const char *lines)
{
    struct rx_error err = {0};
    struct rx_trades *set = rx_trades_new();
    assert_non_null(set);
    assert_ok(add_lines(set, lines, &err), &err);
    assert_int_equal(rx_trades_finish(set), 0);
    return set;
}

static inline uint32_t name_of(const struct rx_trades *set, const char *text)
{
    const uint32_t id = rx_trades_find_name(set, rx_str_of(text));
    assert_true(id != RX_NAME_NONE);
    return id;
}

/* One row of whole tokens and cents, by ids. */
static inline void add_row(struct rx_trades *set, uint32_t wallet, uint32_t token,
                           enum rx_side side, int64_t time, double tokens, double usd)
{
    struct rx_error err = {0};
    const struct rx_trade trade = {.amount = rx_u256_of((rx_u128)(tokens * UNIT)),
                                   .value = (rx_money)(usd * 1e9),
                                   .time = time,
                                   .gas_price = (double)NAN,
                                   .wallet = wallet,
                                   .token = token,
                                   .counterparty = RX_NAME_NONE,
                                   .dex = RX_NAME_NONE,
                                   .tx = RX_NAME_NONE,
                                   .side = side};
    assert_ok(rx_trades_add(set, &trade, &err), &err);
}

static inline uint32_t add_name(struct rx_trades *set, const char *prefix, unsigned number)
{
    uint32_t id;
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(64);
    rx_buf_printf(&text, "%s%u", prefix, number);
    assert_int_equal(rx_trades_name(set, rx_buf_str(&text), &id), 0);
    return id;
}

static inline uint32_t add_token(struct rx_trades *set, const char *name)
{
    uint32_t chain;
    uint32_t address;
    uint32_t token;
    assert_int_equal(rx_trades_name(set, RX_STR("ethereum"), &chain), 0);
    assert_int_equal(rx_trades_name(set, rx_str_of(name), &address), 0);
    assert_int_equal(rx_trades_token(set, chain, address, &token), 0);
    rx_trades_token_edit(set, token)->decimals = 6;
    return token;
}

static inline uint64_t next_random(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return *seed >> 33;
}

static inline double next_uniform(uint64_t *seed)
{
    return (double)next_random(seed) / 2147483648.0;
}
