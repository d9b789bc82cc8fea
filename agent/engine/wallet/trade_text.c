// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/wallet/trade_text.h"

#include <errno.h>
#include <math.h>

#include "agent/engine/math/decimal.h"
#include "common/base/format.h"
#include "common/base/parse.h"

const char *const rx_trade_columns[RX_TRADE_COLUMNS] = {
    [RX_TRADE_WALLET] = "wallet",
    [RX_TRADE_TOKEN] = "token",
    [RX_TRADE_SIDE] = "side",
    [RX_TRADE_TIME] = "time",
    [RX_TRADE_AMOUNT] = "amount",
    [RX_TRADE_USD] = "usd",
    [RX_TRADE_PRICE] = "price",
    [RX_TRADE_FEE] = "fee",
    [RX_TRADE_CHAIN] = "chain",
    [RX_TRADE_SYMBOL] = "symbol",
    [RX_TRADE_DECIMALS] = "decimals",
    [RX_TRADE_DEX] = "dex",
    [RX_TRADE_GAS_PRICE] = "gas_price",
    [RX_TRADE_TX] = "tx",
    [RX_TRADE_COUNTERPARTY] = "counterparty",
    [RX_TRADE_LISTED] = "listed",
};

const char *const rx_price_columns[RX_PRICE_COLUMNS] = {
    [RX_PRICE_TOKEN] = "token",
    [RX_PRICE_TIME] = "time",
    [RX_PRICE_PRICE] = "price",
    [RX_PRICE_CHAIN] = "chain",
};

static const char a_name[] = "a name of 1 to 128 bytes";
static const char a_time[] = "seconds since 1970 or an RFC 3339 time, up to the year 2100,";

int rx_trade_time_parse(struct rx_str text, int64_t *ret)
{
    int64_t value;
    int rc = rx_parse_i64(text, 0, RX_TIME_MAX, &value);
    if (rc == RX_EPARSE) {
        rc = rx_parse_rfc3339_ns(text, &value);
        if (rc == 0) {
            value /= 1000000000;
            rc = value >= 0 && value <= RX_TIME_MAX ? 0 : RX_ELIMIT;
        }
    }
    if (rc == 0) {
        *ret = value;
    }
    return rc;
}

struct reader {
    struct rx_trades *trades;
    const struct rx_str *fields;
    struct rx_field_error *wrong;
    struct rx_error *err;
};

static int refuse(const struct reader *r, size_t column, int rc, const char *expected)
{
    if (rc == -ENOMEM) {
        *r->wrong = (struct rx_field_error){column, NULL};
        return rx_error_set(r->err, rc, "out of memory");
    }
    *r->wrong = (struct rx_field_error){column, expected};
    return rc;
}

static int read_name(const struct reader *r, size_t column, bool optional, uint32_t *ret)
{
    if (optional && r->fields[column].n == 0) {
        *ret = RX_NAME_NONE;
        return 0;
    }
    const int rc = rx_trades_name(r->trades, r->fields[column], ret);
    return rc < 0 ? refuse(r, column, rc, a_name) : 0;
}

/* The token with its decimals, symbol and listing time. */
static int read_token(const struct reader *r, size_t token_column, size_t chain_column,
                      uint32_t *ret)
{
    uint32_t chain;
    uint32_t address;
    int rc;
    if (r->fields[chain_column].n == 0) {
        rc = rx_trades_name(r->trades, RX_STR(RX_DEFAULT_CHAIN), &chain);
        rc = rc < 0 ? refuse(r, chain_column, rc, a_name) : 0;
    } else {
        rc = read_name(r, chain_column, false, &chain);
    }
    if (rc == 0) {
        rc = read_name(r, token_column, false, &address);
    }
    if (rc == 0) {
        rc = rx_trades_token(r->trades, chain, address, ret);
        rc = rc < 0 ? refuse(r, token_column, rc, "fewer tokens") : 0;
    }
    return rc;
}

static int read_token_facts(const struct reader *r, bool is_new, uint32_t token)
{
    uint64_t decimals = 0;
    uint32_t symbol = RX_NAME_NONE;
    int64_t listed = 0;
    if (r->fields[RX_TRADE_DECIMALS].n > 0) {
        const int rc = rx_parse_u64(r->fields[RX_TRADE_DECIMALS], RX_MAX_DECIMALS, &decimals);
        struct rx_token *facts = rx_trades_token_edit(r->trades, token);
        if (rc < 0 || (!is_new && facts->decimals != decimals)) {
            return refuse(r, RX_TRADE_DECIMALS, rc < 0 ? rc : RX_EINVALID,
                          "0 to 36, the same in every row of the token,");
        }
        facts->decimals = (unsigned)decimals;
    }
    int rc = read_name(r, RX_TRADE_SYMBOL, true, &symbol);
    if (rc < 0) {
        return rc;
    }
    if (symbol != RX_NAME_NONE) {
        rx_trades_token_edit(r->trades, token)->symbol = symbol;
    }
    if (r->fields[RX_TRADE_LISTED].n > 0) {
        rc = rx_trade_time_parse(r->fields[RX_TRADE_LISTED], &listed);
        if (rc < 0) {
            return refuse(r, RX_TRADE_LISTED, rc, a_time);
        }
        rx_trades_token_edit(r->trades, token)->listed = listed;
    }
    return 0;
}

static int read_amount(const struct reader *r, unsigned decimals, struct rx_u256 *ret)
{
    bool negative;
    struct rx_u256 amount;
    int rc = rx_decimal_parse(r->fields[RX_TRADE_AMOUNT], decimals, false, &amount, &negative);
    if (rc == 0 && (negative || rx_u256_is_zero(&amount))) {
        rc = RX_EINVALID;
    }
    if (rc < 0) {
        return refuse(r, RX_TRADE_AMOUNT, rc,
                      "a number of tokens above 0 with no more digits than its decimals");
    }
    *ret = amount;
    return 0;
}

/* `usd`, else `price` times the amount. */
static int read_value(const struct reader *r, unsigned decimals, struct rx_trade *trade)
{
    trade->value = RX_MONEY_UNKNOWN;
    if (r->fields[RX_TRADE_USD].n > 0) {
        const int rc = rx_money_parse(r->fields[RX_TRADE_USD], &trade->value);
        return rc < 0 ? refuse(r, RX_TRADE_USD, rc, "an amount of money from 0 to 10^18") : 0;
    }
    if (r->fields[RX_TRADE_PRICE].n > 0) {
        rx_price price;
        int rc = rx_price_parse(r->fields[RX_TRADE_PRICE], &price);
        if (rc == 0 && !rx_price_value(&trade->amount, decimals, price, &trade->value)) {
            rc = RX_ELIMIT;
        }
        return rc < 0 ? refuse(r, RX_TRADE_PRICE, rc, "a price from 0 to 10^10 of one token") : 0;
    }
    return 0;
}

static int read_rest(const struct reader *r, struct rx_trade *trade)
{
    int rc = 0;
    if (r->fields[RX_TRADE_FEE].n > 0) {
        rc = rx_money_parse(r->fields[RX_TRADE_FEE], &trade->fee);
        if (rc < 0) {
            return refuse(r, RX_TRADE_FEE, rc, "an amount of money from 0 to 10^18");
        }
    }
    trade->gas_price = (double)NAN;
    if (r->fields[RX_TRADE_GAS_PRICE].n > 0) {
        rc = rx_parse_double(r->fields[RX_TRADE_GAS_PRICE], &trade->gas_price);
        if (rc < 0 || trade->gas_price < 0) {
            return refuse(r, RX_TRADE_GAS_PRICE, rc < 0 ? rc : RX_ELIMIT, "a number from 0");
        }
    }
    rc = read_name(r, RX_TRADE_DEX, true, &trade->dex);
    rc = rc < 0 ? rc : read_name(r, RX_TRADE_TX, true, &trade->tx);
    return rc < 0 ? rc : read_name(r, RX_TRADE_COUNTERPARTY, true, &trade->counterparty);
}

int rx_trades_add_fields(struct rx_trades *trades, const struct rx_str fields[RX_TRADE_COLUMNS],
                         struct rx_field_error *ret_wrong, struct rx_error *err)
{
    const struct reader r = {trades, fields, ret_wrong, err};
    struct rx_trade trade = {0};
    const size_t tokens = rx_trades_tokens(trades);
    int rc = read_name(&r, RX_TRADE_WALLET, false, &trade.wallet);
    if (rc == 0) {
        rc = read_token(&r, RX_TRADE_TOKEN, RX_TRADE_CHAIN, &trade.token);
    }
    if (rc < 0) {
        return rc;
    }
    rc = rx_side_parse(fields[RX_TRADE_SIDE], &trade.side);
    if (rc < 0) {
        return refuse(&r, RX_TRADE_SIDE, rc, "buy, sell, transfer_in, transfer_out or airdrop");
    }
    rc = rx_trade_time_parse(fields[RX_TRADE_TIME], &trade.time);
    if (rc < 0) {
        return refuse(&r, RX_TRADE_TIME, rc, a_time);
    }
    rc = read_token_facts(&r, rx_trades_tokens(trades) > tokens, trade.token);
    const unsigned decimals = rx_trades_token_edit(trades, trade.token)->decimals;
    rc = rc < 0 ? rc : read_amount(&r, decimals, &trade.amount);
    rc = rc < 0 ? rc : read_value(&r, decimals, &trade);
    rc = rc < 0 ? rc : read_rest(&r, &trade);
    if (rc < 0) {
        return rc;
    }
    ret_wrong->expected = NULL;
    return rx_trades_add(trades, &trade, err);
}

int rx_trades_add_price_fields(struct rx_trades *trades,
                               const struct rx_str fields[RX_PRICE_COLUMNS],
                               struct rx_field_error *ret_wrong, struct rx_error *err)
{
    const struct reader r = {trades, fields, ret_wrong, err};
    uint32_t token = 0;
    int64_t time = 0;
    rx_price price = RX_PRICE_UNKNOWN;
    int rc = read_token(&r, RX_PRICE_TOKEN, RX_PRICE_CHAIN, &token);
    if (rc < 0) {
        return rc;
    }
    rc = rx_trade_time_parse(fields[RX_PRICE_TIME], &time);
    if (rc < 0) {
        return refuse(&r, RX_PRICE_TIME, rc, a_time);
    }
    rc = rx_price_parse(fields[RX_PRICE_PRICE], &price);
    if (rc < 0) {
        return refuse(&r, RX_PRICE_PRICE, rc, "a price from 0 to 10^10 of one token");
    }
    ret_wrong->expected = NULL;
    return rx_trades_add_price(trades, token, time, price, err);
}

/* A JSON number becomes the shortest text that reads back equal. */
static int text_of(const struct rx_json *value, char number[RX_FORMAT_LEN], struct rx_str *ret)
{
    size_t n;
    switch (rx_json_type(value)) {
    case RX_JSON_MISSING:
    case RX_JSON_NULL:
        *ret = (struct rx_str){NULL, 0};
        return 0;
    case RX_JSON_STR:
        *ret = rx_json_str(value);
        return 0;
    case RX_JSON_INT:
        n = rx_json_i64(value, -1) >= 0 ? rx_format_u64((uint64_t)rx_json_i64(value, 0), number)
                                        : rx_format_double(rx_json_double(value, 0), number);
        break;
    case RX_JSON_REAL:
        n = rx_format_double(rx_json_double(value, 0), number);
        break;
    default:
        return RX_EINVALID;
    }
    *ret = (struct rx_str){number, n};
    return 0;
}

struct table {
    const char *name;
    const char *const *columns;
    size_t n;
    int (*add)(struct rx_trades *, const struct rx_str *, struct rx_field_error *,
               struct rx_error *);
};

static const struct table trade_table = {"trades", rx_trade_columns, RX_TRADE_COLUMNS,
                                         rx_trades_add_fields};
static const struct table price_table = {"prices", rx_price_columns, RX_PRICE_COLUMNS,
                                         rx_trades_add_price_fields};

static int add_object(struct rx_trades *trades, const struct table *table,
                      const struct rx_json *object, size_t index, struct rx_error *err)
{
    char numbers[RX_TRADE_COLUMNS][RX_FORMAT_LEN];
    struct rx_str fields[RX_TRADE_COLUMNS] = {{0}};
    if (rx_json_type(object) != RX_JSON_OBJECT) {
        return rx_error_set(err, RX_EINVALID, "%s[%zu]: object expected, got %s", table->name,
                            index, rx_json_type_name(object));
    }
    for (size_t c = 0; c < table->n; c++) {
        const struct rx_json *value = rx_json_get(object, table->columns[c]);
        if (text_of(value, numbers[c], &fields[c]) < 0) {
            return rx_error_set(err, RX_EINVALID, "%s[%zu].%s: number or string expected, got %s",
                                table->name, index, table->columns[c], rx_json_type_name(value));
        }
    }
    struct rx_field_error wrong = {0};
    const int rc = table->add(trades, fields, &wrong, err);
    if (rc < 0 && wrong.expected) {
        const struct rx_str got = fields[wrong.column];
        return rx_error_set(err, rc, "%s[%zu].%s: %s expected, got '%.*s'", table->name, index,
                            table->columns[wrong.column], wrong.expected,
                            (int)(got.n < 40 ? got.n : 40), got.p ? got.p : "");
    }
    return rc < 0 ? rx_error_wrap(err, "%s[%zu]", table->name, index) : 0;
}

static int add_array(struct rx_trades *trades, const struct table *table,
                     const struct rx_json *array, struct rx_error *err)
{
    if (rx_json_type(array) != RX_JSON_ARRAY) {
        return rx_error_set(err, RX_EINVALID, "%s: array expected, got %s", table->name,
                            rx_json_type_name(array));
    }
    RX_JSON_FOREACH (it, array) {
        const int rc = add_object(trades, table, it.value, it.index, err);
        if (rc < 0) {
            return rc;
        }
    }
    return 0;
}

int rx_trades_add_json(struct rx_trades *trades, const struct rx_json *root, struct rx_error *err)
{
    if (rx_json_type(root) == RX_JSON_ARRAY) {
        return add_array(trades, &trade_table, root, err);
    }
    const int rc = add_array(trades, &trade_table, rx_json_get(root, "trades"), err);
    if (rc < 0 || !rx_json_get(root, "prices")) {
        return rc;
    }
    return add_array(trades, &price_table, rx_json_get(root, "prices"), err);
}

int rx_trades_add_json_prices(struct rx_trades *trades, const struct rx_json *root,
                              struct rx_error *err)
{
    const struct rx_json *array =
        rx_json_type(root) == RX_JSON_OBJECT ? rx_json_get(root, "prices") : root;
    return add_array(trades, &price_table, array, err);
}
