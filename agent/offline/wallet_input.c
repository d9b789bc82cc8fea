// SPDX-License-Identifier: Apache-2.0
#include "agent/offline/wallet_input.h"

#include <errno.h>

#include "agent/engine/wallet/trade_text.h"
#include "agent/replay/csv.h"
#include "common/base/file.h"

#define MAX_JSON ((size_t)256 << 20)

static int read_json(struct rx_trades *trades, const char *path, bool prices, struct rx_error *err)
{
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(MAX_JSON);
    rx_auto(json_doc) struct rx_json_doc *doc = NULL;
    int rc = rx_file_read(path, &text, err);
    if (rc < 0) {
        return rc;
    }
    const struct rx_json_limits limits = {.max_bytes = MAX_JSON, .max_depth = 8};
    rc = rx_json_parse(rx_buf_str(&text), &limits, &doc, err);
    if (rc == 0) {
        rc = prices ? rx_trades_add_json_prices(trades, rx_json_root(doc), err)
                    : rx_trades_add_json(trades, rx_json_root(doc), err);
    }
    return rc < 0 ? rx_error_wrap(err, "%s", path) : 0;
}

static int read_rows(struct rx_trades *trades, struct rx_csv *csv, bool prices,
                     struct rx_error *err)
{
    const size_t n = prices ? (size_t)RX_PRICE_COLUMNS : (size_t)RX_TRADE_COLUMNS;
    int rc;
    while ((rc = rx_csv_next(csv, err)) > 0) {
        struct rx_str fields[RX_TRADE_COLUMNS];
        struct rx_field_error wrong = {0};
        for (size_t i = 0; i < n; i++) {
            fields[i] = rx_csv_field(csv, i);
        }
        rc = prices ? rx_trades_add_price_fields(trades, fields, &wrong, err)
                    : rx_trades_add_fields(trades, fields, &wrong, err);
        if (rc < 0) {
            return wrong.expected ? rx_csv_error(csv, wrong.column, rc, err, wrong.expected) : rc;
        }
    }
    return rc;
}

static int read_csv(struct rx_trades *trades, const char *path, bool prices, struct rx_error *err)
{
    rx_auto(csv) struct rx_csv *csv = NULL;
    int rc =
        prices
            ? rx_csv_open(path, rx_price_columns, RX_PRICE_COLUMNS, RX_PRICE_OPTIONAL, &csv, err)
            : rx_csv_open(path, rx_trade_columns, RX_TRADE_COLUMNS, RX_TRADE_OPTIONAL, &csv, err);
    return rc < 0 ? rc : read_rows(trades, csv, prices, err);
}

static int read_file(struct rx_trades *trades, const char *path, bool prices, struct rx_error *err)
{
    const bool json = rx_str_ends(rx_str_of(path), RX_STR(".json"));
    return json ? read_json(trades, path, prices, err) : read_csv(trades, path, prices, err);
}

int rx_wallet_read(const char *trades, const char *prices, struct rx_trades **ret,
                   struct rx_error *err)
{
    rx_auto(trades) struct rx_trades *set = rx_trades_new();
    if (!set) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    int rc = read_file(set, trades, false, err);
    if (rc == 0 && prices) {
        rc = read_file(set, prices, true, err);
    }
    if (rc < 0) {
        return rc;
    }
    rc = rx_trades_finish(set);
    if (rc < 0) {
        return rx_error_set(err, rc, "out of memory");
    }
    *ret = RX_TAKE(set);
    return 0;
}
