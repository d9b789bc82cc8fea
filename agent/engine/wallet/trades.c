// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/wallet/trades.h"

#include <errno.h>
#include <string.h>

#include "agent/engine/wallet/trades_core.h"

static const char *const side_names[RX_SIDE_MAX] = {
    [RX_SIDE_BUY] = "buy",
    [RX_SIDE_SELL] = "sell",
    [RX_SIDE_TRANSFER_IN] = "transfer_in",
    [RX_SIDE_TRANSFER_OUT] = "transfer_out",
    [RX_SIDE_AIRDROP] = "airdrop",
};

const char *rx_side_name(enum rx_side side)
{
    return side_names[side];
}

int rx_side_parse(struct rx_str text, enum rx_side *ret)
{
    for (int i = 0; i < RX_SIDE_MAX; i++) {
        if (rx_str_is(text, side_names[i])) {
            *ret = (enum rx_side)i;
            return 0;
        }
    }
    return RX_EINVALID;
}

struct rx_trades *rx_trades_new(void)
{
    rx_auto(trades) struct rx_trades *trades = calloc(1, sizeof(*trades));
    if (!trades) {
        return NULL;
    }
    trades->text = rx_arena_new(MAX_TEXT);
    trades->by_text = rx_map_new(MAX_NAMES, NULL);
    trades->by_address = rx_map_new(MAX_NAMES, NULL);
    if (!trades->text || !trades->by_text || !trades->by_address) {
        return NULL;
    }
    return RX_TAKE(trades);
}

void rx_trades_free(struct rx_trades *trades)
{
    if (!trades) {
        return;
    }
    rx_arena_free(trades->text);
    rx_map_free(trades->by_text);
    rx_map_free(trades->by_address);
    free(trades->names);
    free(trades->tokens);
    free(trades->rows);
    free(trades->prices);
    free(trades->by_token);
    free(trades->token_start);
    free(trades->price_start);
    free(trades->wallets);
    free(trades->wallet_start);
    free(trades);
}

/* Room for one more element of `size` bytes in a doubling array. */
static int grow(void **array, size_t n, size_t *cap, size_t size)
{
    if (n < *cap) {
        return 0;
    }
    const size_t wanted = *cap ? *cap * 2 : 64;
    void *bigger = realloc(*array, wanted * size);
    if (!bigger) {
        return -ENOMEM;
    }
    *array = bigger;
    *cap = wanted;
    return 0;
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* EVM addresses differ in case only by their checksum. */
static struct rx_str canonical(struct rx_str text, char lower[42])
{
    if (text.n != 42 || text.p[0] != '0' || text.p[1] != 'x') {
        return text;
    }
    for (size_t i = 2; i < 42; i++) {
        if (!is_hex(text.p[i])) {
            return text;
        }
    }
    for (size_t i = 0; i < 42; i++) {
        const char c = text.p[i];
        lower[i] = c >= 'A' && c <= 'F' ? (char)(c + 32) : c;
    }
    return (struct rx_str){lower, 42};
}

int rx_trades_name(struct rx_trades *trades, struct rx_str text, uint32_t *ret)
{
    if (text.n == 0 || text.n > RX_NAME_MAX || !rx_str_is_utf8(text)) {
        return RX_EINVALID;
    }
    char lower[42];
    text = canonical(text, lower);
    const uintptr_t known = (uintptr_t)rx_map_get(trades->by_text, text);
    if (known) {
        *ret = (uint32_t)(known - 1);
        return 0;
    }
    int rc =
        grow((void **)&trades->names, trades->n_names, &trades->cap_names, sizeof(*trades->names));
    char *copy = rc == 0 ? rx_arena_strdup(trades->text, text) : NULL;
    if (!copy) {
        return -ENOMEM;
    }
    rc = rx_map_set(trades->by_text, text, (void *)(uintptr_t)(trades->n_names + 1));
    if (rc < 0) {
        return rc;
    }
    trades->names[trades->n_names] = (struct rx_str){copy, text.n};
    *ret = (uint32_t)trades->n_names++;
    return 0;
}

uint32_t rx_trades_find_name(const struct rx_trades *trades, struct rx_str text)
{
    char lower[42];
    const uintptr_t id = (uintptr_t)rx_map_get(trades->by_text, canonical(text, lower));
    return id ? (uint32_t)(id - 1) : RX_NAME_NONE;
}

static struct rx_str token_key(const uint32_t pair[2])
{
    return (struct rx_str){(const char *)pair, 2 * sizeof(uint32_t)};
}

int rx_trades_token(struct rx_trades *trades, uint32_t chain, uint32_t address, uint32_t *ret)
{
    const uint32_t pair[2] = {chain, address};
    const uintptr_t known = (uintptr_t)rx_map_get(trades->by_address, token_key(pair));
    if (known) {
        *ret = (uint32_t)(known - 1);
        return 0;
    }
    int rc = grow((void **)&trades->tokens, trades->n_tokens, &trades->cap_tokens,
                  sizeof(*trades->tokens));
    if (rc == 0) {
        rc = rx_map_set(trades->by_address, token_key(pair),
                        (void *)(uintptr_t)(trades->n_tokens + 1));
    }
    if (rc < 0) {
        return rc;
    }
    trades->tokens[trades->n_tokens] = (struct rx_token){.chain = chain,
                                                         .address = address,
                                                         .symbol = RX_NAME_NONE,
                                                         .decimals = 18,
                                                         .listed = RX_TIME_UNKNOWN};
    *ret = (uint32_t)trades->n_tokens++;
    return 0;
}

struct rx_token *rx_trades_token_edit(struct rx_trades *trades, uint32_t token)
{
    return token < trades->n_tokens ? &trades->tokens[token] : NULL;
}

static bool optional_name(const struct rx_trades *trades, uint32_t name)
{
    return name == RX_NAME_NONE || name < trades->n_names;
}

static int check(const struct rx_trades *trades, const struct rx_trade *trade, struct rx_error *err)
{
    const char *wrong = NULL;
    if (trade->wallet >= trades->n_names || trade->token >= trades->n_tokens) {
        wrong = "wallet and token: names of this set";
    } else if (!optional_name(trades, trade->counterparty) || !optional_name(trades, trade->dex) ||
               !optional_name(trades, trade->tx)) {
        wrong = "counterparty, dex and tx: names of this set";
    } else if (trade->side >= RX_SIDE_MAX) {
        wrong = "side: buy, sell, transfer_in, transfer_out or airdrop";
    } else if (rx_u256_is_zero(&trade->amount)) {
        wrong = "amount: above zero";
    } else if (trade->time < 0 || trade->time > RX_TIME_MAX) {
        wrong = "time: between 1970 and the year 2100";
    } else if (trade->fee < 0 || trade->fee >= RX_MONEY_MAX) {
        wrong = "fee: at least 0 and below 10^18";
    } else if (trade->value != RX_MONEY_UNKNOWN &&
               (trade->value < 0 || trade->value >= RX_MONEY_MAX)) {
        wrong = "value: at least 0 and below 10^18";
    }
    return wrong ? rx_error_set(err, RX_EINVALID, "%s expected", wrong) : 0;
}

int rx_trades_add(struct rx_trades *trades, const struct rx_trade *trade, struct rx_error *err)
{
    int rc = check(trades, trade, err);
    if (rc < 0) {
        return rc;
    }
    if (trades->n_rows == RX_TRADES_MAX) {
        return rx_error_set(err, RX_ELIMIT, "more than %u trades", RX_TRADES_MAX);
    }
    rc = grow((void **)&trades->rows, trades->n_rows, &trades->cap_rows, sizeof(*trades->rows));
    if (rc < 0) {
        return rx_error_set(err, rc, "out of memory");
    }
    trades->rows[trades->n_rows] = *trade;
    trades->rows[trades->n_rows].row = (uint32_t)trades->n_rows;
    trades->n_rows++;
    return 0;
}

int rx_trades_push_price(struct rx_trades *trades, const struct rx_price_point *point)
{
    const int rc = grow((void **)&trades->prices, trades->n_prices, &trades->cap_prices,
                        sizeof(*trades->prices));
    if (rc == 0) {
        trades->prices[trades->n_prices++] = *point;
    }
    return rc;
}

int rx_trades_add_price(struct rx_trades *trades, uint32_t token, int64_t time, rx_price price,
                        struct rx_error *err)
{
    if (token >= trades->n_tokens || time < 0 || time > RX_TIME_MAX || price >= RX_PRICE_MAX) {
        return rx_error_set(err, RX_EINVALID, "a price of a token between 1970 and 2100 expected");
    }
    if (trades->n_prices == RX_TRADES_MAX) {
        return rx_error_set(err, RX_ELIMIT, "more than %u prices", RX_TRADES_MAX);
    }
    const struct rx_price_point point = {price, time, token, true};
    const int rc = rx_trades_push_price(trades, &point);
    return rc < 0 ? rx_error_set(err, rc, "out of memory") : 0;
}
