// SPDX-License-Identifier: Apache-2.0
/* Sorting, derived prices and look-ups of a finished set of trades. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/engine/wallet/trades_core.h"

#define MIN_PRICING_VALUE RX_MONEY_UNIT /* smaller trades set no price: dust rounds to nonsense */

#define COMPARE(a, b) (((a) > (b)) - ((a) < (b)))

static int by_price(const void *left, const void *right)
{
    const struct rx_price_point *a = left;
    const struct rx_price_point *b = right;
    if (a->token != b->token) {
        return COMPARE(a->token, b->token);
    }
    return a->time != b->time ? COMPARE(a->time, b->time) : COMPARE(a->price, b->price);
}

/* Small keys are sorted instead of the rows. */
struct time_key {
    int64_t time;
    uint32_t group, row, index; /* group: wallet or token */
};

static int by_group_time(const void *left, const void *right)
{
    const struct time_key *a = left;
    const struct time_key *b = right;
    if (a->group != b->group) {
        return COMPARE(a->group, b->group);
    }
    return a->time != b->time ? COMPARE(a->time, b->time) : COMPARE(a->row, b->row);
}

static int sort_rows(struct rx_trades *t)
{
    rx_autofree struct time_key *keys = calloc(t->n_rows + 1, sizeof(*keys));
    struct rx_trade *sorted = keys ? malloc((t->n_rows + 1) * sizeof(*sorted)) : NULL;
    if (!sorted) {
        return -ENOMEM;
    }
    for (size_t i = 0; i < t->n_rows; i++) {
        const struct rx_trade *row = &t->rows[i];
        keys[i] = (struct time_key){row->time, row->wallet, row->row, (uint32_t)i};
    }
    if (t->n_rows > 0) {
        qsort(keys, t->n_rows, sizeof(*keys), by_group_time);
    }
    for (size_t i = 0; i < t->n_rows; i++) {
        sorted[i] = t->rows[keys[i].index];
    }
    free(t->rows);
    t->rows = sorted;
    t->cap_rows = t->n_rows + 1;
    return 0;
}

static int index_tokens(struct rx_trades *t)
{
    rx_autofree struct time_key *keys = calloc(t->n_rows + 1, sizeof(*keys));
    t->by_token = calloc(t->n_rows + 1, sizeof(*t->by_token));
    t->token_start = calloc(t->n_tokens + 2, sizeof(*t->token_start));
    if (!keys || !t->by_token || !t->token_start) {
        return -ENOMEM;
    }
    t->last_time = RX_TIME_UNKNOWN;
    for (size_t i = 0; i < t->n_rows; i++) {
        const struct rx_trade *row = &t->rows[i];
        keys[i] = (struct time_key){row->time, row->token, row->row, (uint32_t)i};
        t->token_start[row->token + 1]++;
        if (t->last_time == RX_TIME_UNKNOWN || row->time > t->last_time) {
            t->last_time = row->time;
        }
    }
    qsort(keys, t->n_rows, sizeof(*keys), by_group_time);
    for (size_t i = 0; i < t->n_rows; i++) {
        t->by_token[i] = keys[i].index;
    }
    for (size_t i = 0; i < t->n_tokens; i++) {
        t->token_start[i + 1] += t->token_start[i];
    }
    return 0;
}

static int index_wallets(struct rx_trades *t)
{
    size_t n = 0;
    for (size_t i = 0; i < t->n_rows; i++) {
        n += i == 0 || t->rows[i].wallet != t->rows[i - 1].wallet;
    }
    t->wallets = calloc(n + 1, sizeof(*t->wallets));
    t->wallet_start = calloc(n + 1, sizeof(*t->wallet_start));
    if (!t->wallets || !t->wallet_start) {
        return -ENOMEM;
    }
    for (size_t i = 0; i < t->n_rows; i++) {
        if (i == 0 || t->rows[i].wallet != t->rows[i - 1].wallet) {
            t->wallets[t->n_wallets] = t->rows[i].wallet;
            t->wallet_start[t->n_wallets++] = i;
        }
    }
    t->wallet_start[t->n_wallets] = t->n_rows;
    return 0;
}

/* A token without a quoted series is priced by its trades. */
static int derive_prices(struct rx_trades *t)
{
    rx_autofree bool *quoted = calloc(t->n_tokens + 1, sizeof(*quoted));
    if (!quoted) {
        return -ENOMEM;
    }
    for (size_t i = 0; i < t->n_prices; i++) {
        quoted[t->prices[i].token] = true;
    }
    for (size_t i = 0; i < t->n_rows; i++) {
        const struct rx_trade *row = &t->rows[i];
        struct rx_price_point point = {0, row->time, row->token, false};
        if (quoted[row->token] || row->side > RX_SIDE_SELL || row->value == RX_MONEY_UNKNOWN ||
            row->value < MIN_PRICING_VALUE ||
            !rx_price_of(row->value, &row->amount, t->tokens[row->token].decimals, &point.price)) {
            continue;
        }
        const int rc = rx_trades_push_price(t, &point);
        if (rc < 0) {
            return rc;
        }
    }
    if (t->n_prices > 0) {
        qsort(t->prices, t->n_prices, sizeof(*t->prices), by_price);
    }
    t->price_start = calloc(t->n_tokens + 2, sizeof(*t->price_start));
    if (!t->price_start) {
        return -ENOMEM;
    }
    for (size_t i = 0; i < t->n_prices; i++) {
        t->price_start[t->prices[i].token + 1]++;
    }
    for (size_t i = 0; i < t->n_tokens; i++) {
        t->price_start[i + 1] += t->price_start[i];
    }
    return 0;
}

int rx_trades_finish(struct rx_trades *t)
{
    int rc = sort_rows(t);
    if (rc == 0) {
        rc = index_wallets(t);
    }
    if (rc == 0) {
        rc = index_tokens(t);
    }
    return rc == 0 ? derive_prices(t) : rc;
}

size_t rx_trades_count(const struct rx_trades *trades)
{
    return trades->n_rows;
}

size_t rx_trades_names(const struct rx_trades *trades)
{
    return trades->n_names;
}

size_t rx_trades_tokens(const struct rx_trades *trades)
{
    return trades->n_tokens;
}

const struct rx_trade *rx_trades_at(const struct rx_trades *trades, size_t index)
{
    return &trades->rows[index];
}

const struct rx_token *rx_trades_token_at(const struct rx_trades *trades, uint32_t token)
{
    return &trades->tokens[token];
}

struct rx_str rx_trades_text(const struct rx_trades *trades, uint32_t name)
{
    return name < trades->n_names ? trades->names[name] : (struct rx_str){NULL, 0};
}

uint32_t rx_trades_find_token(const struct rx_trades *trades, uint32_t chain, uint32_t address)
{
    const uint32_t pair[2] = {chain, address};
    const struct rx_str key = {(const char *)pair, sizeof(pair)};
    const uintptr_t id = (uintptr_t)rx_map_get(trades->by_address, key);
    return id ? (uint32_t)(id - 1) : RX_NAME_NONE;
}

struct rx_index_span rx_trades_wallets(const struct rx_trades *trades)
{
    return (struct rx_index_span){trades->wallets, trades->n_wallets};
}

struct rx_trade_span rx_trades_of_wallet(const struct rx_trades *trades, uint32_t wallet)
{
    size_t low = 0;
    size_t high = trades->n_wallets;
    while (low < high) {
        const size_t mid = low + (high - low) / 2;
        if (trades->wallets[mid] < wallet) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    if (low == trades->n_wallets || trades->wallets[low] != wallet) {
        return (struct rx_trade_span){NULL, 0};
    }
    const size_t start = trades->wallet_start[low];
    return (struct rx_trade_span){trades->rows + start, trades->wallet_start[low + 1] - start};
}

struct rx_index_span rx_trades_of_token(const struct rx_trades *trades, uint32_t token)
{
    const size_t start = trades->token_start[token];
    return (struct rx_index_span){trades->by_token + start, trades->token_start[token + 1] - start};
}

struct rx_price_span rx_trades_prices(const struct rx_trades *trades, uint32_t token)
{
    const size_t start = trades->price_start[token];
    const size_t n = trades->price_start[token + 1] - start;
    return (struct rx_price_span){n > 0 ? trades->prices + start : NULL, n};
}

rx_price rx_trades_price_at(const struct rx_trades *trades, uint32_t token, int64_t time,
                            int64_t *ret_time)
{
    const struct rx_price_span span = rx_trades_prices(trades, token);
    size_t low = 0;
    size_t high = span.n;
    while (low < high) {
        const size_t mid = low + (high - low) / 2;
        if (span.p[mid].time <= time) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    if (low == 0) {
        return RX_PRICE_UNKNOWN;
    }
    if (ret_time) {
        *ret_time = span.p[low - 1].time;
    }
    return span.p[low - 1].price;
}

int64_t rx_trades_last_time(const struct rx_trades *trades)
{
    return trades->last_time;
}
