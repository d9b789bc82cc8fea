// SPDX-License-Identifier: Apache-2.0
#include "agent/offline/holdings.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "agent/replay/csv.h"
#include "common/base/arena.h"
#include "common/base/file.h"
#include "common/json/read.h"

#define MISSING      (__builtin_nan(""))
#define MAX_TEXT     (64u << 20)
#define MAX_NAMES    (4u << 20)
#define MAX_NAME     128
#define MILLISECONDS 100000000000.0 /* a Unix time above this is in milliseconds */
#define MAX_TIME     4102444800.0   /* 2100 */
#define MAX_DECIMALS 77

struct history {
    struct rx_price_point *points; /* owned */
    size_t n, cap;
};

struct rx_holdings {
    struct rx_arena *names;
    struct rx_portfolio_asset assets[RX_PORTFOLIO_MAX_ASSETS];
    struct history histories[RX_PORTFOLIO_MAX_ASSETS];
    size_t n_assets, n_positions;
    struct rx_portfolio_position positions[RX_PORTFOLIO_MAX_POSITIONS];
};

/* A position as it stands in the file; numbers may be missing (NaN). */
struct row {
    struct rx_str account, protocol, asset, side;
    double amount, decimals, threshold, ltv, price;
};

struct rx_holdings *rx_holdings_new(void)
{
    struct rx_holdings *h = calloc(1, sizeof(*h));
    if (h) {
        h->names = rx_arena_new(MAX_NAMES);
        if (!h->names) {
            free(h);
            return NULL;
        }
    }
    return h;
}

void rx_holdings_free(struct rx_holdings *holdings)
{
    if (!holdings) {
        return;
    }
    for (size_t i = 0; i < holdings->n_assets; i++) {
        free(holdings->histories[i].points);
    }
    rx_arena_free(holdings->names);
    free(holdings);
}

/* ---- assets ---- */

static int find(const struct rx_holdings *h, struct rx_str name)
{
    for (size_t i = 0; i < h->n_assets; i++) {
        if (rx_str_is(name, h->assets[i].name)) {
            return (int)i;
        }
    }
    return -1;
}

static int keep(struct rx_holdings *h, struct rx_str text, const char **ret, struct rx_error *err)
{
    *ret = rx_arena_strdup(h->names, text.n ? text : RX_STR("-"));
    return *ret ? 0 : rx_error_set(err, -ENOMEM, "out of memory");
}

static int asset_of(struct rx_holdings *h, struct rx_str name, size_t *ret, struct rx_error *err)
{
    const int found = find(h, name);
    if (found >= 0) {
        *ret = (size_t)found;
        return 0;
    }
    if (name.n == 0 || name.n > MAX_NAME || !rx_str_is_utf8(name)) {
        return rx_error_set(err, RX_EINVALID, "asset: a name of 1 to %d bytes expected", MAX_NAME);
    }
    if (h->n_assets == RX_PORTFOLIO_MAX_ASSETS) {
        return rx_error_set(err, RX_ELIMIT, "asset: more than %u different ones",
                            RX_PORTFOLIO_MAX_ASSETS);
    }
    struct rx_portfolio_asset *asset = &h->assets[h->n_assets];
    *asset =
        (struct rx_portfolio_asset){.price = MISSING, .pool_units = MISSING, .pool_value = MISSING};
    const int rc = keep(h, name, &asset->name, err);
    if (rc == 0) {
        *ret = h->n_assets++;
    }
    return rc;
}

/* ---- positions ---- */

static const char *wrong_with(const struct row *row)
{
    if (!rx_str_is(row->side, "supply") && !rx_str_is(row->side, "borrow")) {
        return "side: supply or borrow expected";
    }
    if (!(row->amount >= 0)) {
        return "amount: a number of 0 or more expected";
    }
    if (row->decimals < 0 || row->decimals > MAX_DECIMALS || fmod(row->decimals, 1) != 0) {
        return isnan(row->decimals) ? NULL : "decimals: a whole number from 0 to 77 expected";
    }
    return NULL;
}

static const char *wrong_share(const struct row *row)
{
    if (row->threshold < 0 || row->threshold > 1) {
        return "liquidation_threshold: a share from 0 to 1 expected";
    }
    if (row->ltv < 0 || row->ltv > 1) {
        return "ltv: a share from 0 to 1 expected";
    }
    return row->price <= 0 ? "price: a number above 0 expected" : NULL;
}

static int add_position(struct rx_holdings *h, const struct row *row, struct rx_error *err)
{
    const char *wrong = wrong_with(row);
    wrong = wrong ? wrong : wrong_share(row);
    if (wrong) {
        return rx_error_set(err, RX_EINVALID, "%s", wrong);
    }
    if (h->n_positions == RX_PORTFOLIO_MAX_POSITIONS) {
        return rx_error_set(err, RX_ELIMIT, "more than %u positions", RX_PORTFOLIO_MAX_POSITIONS);
    }
    if (row->account.n > MAX_NAME || row->protocol.n > MAX_NAME) {
        return rx_error_set(err, RX_EINVALID, "account, protocol: at most %d bytes expected",
                            MAX_NAME);
    }
    struct rx_portfolio_position position = {.holding = {.debt = rx_str_is(row->side, "borrow"),
                                                         .amount = row->amount,
                                                         .threshold = row->threshold,
                                                         .ltv = row->ltv}};
    if (!isnan(row->decimals)) {
        position.holding.amount /= pow(10, row->decimals);
    }
    int rc = asset_of(h, row->asset, &position.holding.asset, err);
    if (rc == 0) {
        rc = keep(h, row->account, &position.account, err);
    }
    if (rc == 0) {
        rc = keep(h, row->protocol, &position.protocol, err);
    }
    if (rc < 0) {
        return rc;
    }
    if (!isnan(row->price)) {
        h->assets[position.holding.asset].price = row->price;
    }
    h->positions[h->n_positions++] = position;
    return 0;
}

static int positions_from_csv(struct rx_holdings *h, const char *path, struct rx_error *err)
{
    enum { ASSET, SIDE, AMOUNT, ACCOUNT, PROTOCOL, DECIMALS, THRESHOLD, LTV, PRICE, COLUMNS };
    static const char *const names[COLUMNS] = {
        "asset", "side", "amount", "account", "protocol", "decimals", "liquidation_threshold",
        "ltv",   "price"};
    rx_auto(csv) struct rx_csv *csv = NULL;
    int rc = rx_csv_open(path, names, COLUMNS, COLUMNS - ACCOUNT, &csv, err);
    if (rc < 0) {
        return rc;
    }
    while ((rc = rx_csv_next(csv, err)) == 1) {
        struct row row = {.account = rx_csv_field(csv, ACCOUNT),
                          .protocol = rx_csv_field(csv, PROTOCOL),
                          .asset = rx_csv_field(csv, ASSET),
                          .side = rx_csv_field(csv, SIDE)};
        double *const numbers[] = {&row.amount, &row.decimals, &row.threshold, &row.ltv,
                                   &row.price};
        static const size_t columns[] = {AMOUNT, DECIMALS, THRESHOLD, LTV, PRICE};
        for (size_t i = 0; i < RX_ARRAY_LEN(columns); i++) {
            rc = rx_csv_double(csv, columns[i], numbers[i], err);
            if (rc < 0) {
                return rc;
            }
        }
        struct rx_error own = {0};
        rc = add_position(h, &row, &own);
        if (rc < 0) {
            return rx_csv_error(csv, ASSET, rc, err, own.msg);
        }
    }
    return rc;
}

/* A missing member is NaN; another type is not. */
static int json_number(const struct rx_json *object, const char *key, double *ret,
                       struct rx_error *err)
{
    const struct rx_json *value = rx_json_get(object, key);
    *ret = rx_json_double(value, MISSING);
    if (isnan(*ret) && rx_json_type(value) > RX_JSON_NULL) {
        return rx_error_set(err, RX_EINVALID, "%s: a number expected, got %s", key,
                            rx_json_type_name(value));
    }
    return 0;
}

static int position_from_json(struct rx_holdings *h, const struct rx_json *item,
                              struct rx_error *err)
{
    struct row row = {.account = rx_json_str(rx_json_get(item, "account")),
                      .protocol = rx_json_str(rx_json_get(item, "protocol")),
                      .asset = rx_json_str(rx_json_get(item, "asset")),
                      .side = rx_json_str(rx_json_get(item, "side"))};
    int rc = json_number(item, "amount", &row.amount, err);
    rc = rc < 0 ? rc : json_number(item, "decimals", &row.decimals, err);
    rc = rc < 0 ? rc : json_number(item, "liquidation_threshold", &row.threshold, err);
    rc = rc < 0 ? rc : json_number(item, "ltv", &row.ltv, err);
    rc = rc < 0 ? rc : json_number(item, "price", &row.price, err);
    return rc < 0 ? rc : add_position(h, &row, err);
}

/* Whether the file is JSON: its first character says so. */
static bool is_json(struct rx_str text)
{
    text = rx_str_trim(text);
    return text.n > 0 && (text.p[0] == '{' || text.p[0] == '[');
}

static int read_json(const char *path, struct rx_json_doc **ret, struct rx_error *err)
{
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(MAX_TEXT);
    int rc = rx_file_read(path, &text, err);
    if (rc < 0 || !is_json(rx_buf_str(&text))) {
        return rc;
    }
    const struct rx_json_limits limits = {.max_bytes = MAX_TEXT};
    rc = rx_json_parse(rx_buf_str(&text), &limits, ret, err);
    return rc < 0 ? rx_error_wrap(err, "%s", path) : 0;
}

int rx_holdings_read_positions(struct rx_holdings *holdings, const char *path, struct rx_error *err)
{
    rx_auto(json_doc) struct rx_json_doc *doc = NULL;
    int rc = read_json(path, &doc, err);
    if (rc < 0 || !doc) {
        return rc < 0 ? rc : positions_from_csv(holdings, path, err);
    }
    const struct rx_json *list = rx_json_root(doc);
    if (rx_json_type(list) == RX_JSON_OBJECT) {
        list = rx_json_get(list, "positions");
    }
    if (rx_json_type(list) != RX_JSON_ARRAY) {
        return rx_error_set(err, RX_EINVALID, "%s: positions: an array expected, got %s", path,
                            rx_json_type_name(list));
    }
    RX_JSON_FOREACH (item, list) {
        rc = position_from_json(holdings, item.value, err);
        if (rc < 0) {
            return rx_error_wrap(err, "%s: positions[%zu]", path, item.index);
        }
    }
    return 0;
}

/* ---- prices ---- */

static int add_price(struct rx_holdings *h, size_t asset, double time, double price,
                     struct rx_error *err)
{
    struct history *history = &h->histories[asset];
    time = time > MILLISECONDS ? floor(time / 1000) : time;
    if (!(time >= 0 && time < MAX_TIME)) {
        return rx_error_set(err, RX_EINVALID,
                            "timestamp: Unix seconds or milliseconds before 2100 expected");
    }
    if (!(price > 0)) {
        return rx_error_set(err, RX_EINVALID, "price: a number above 0 expected");
    }
    if (history->n == history->cap) {
        const size_t cap = history->cap ? 2 * history->cap : 1024;
        if (history->n == RX_SERIES_MAX_POINTS) {
            return rx_error_set(err, RX_ELIMIT, "more than %u prices of one asset",
                                RX_SERIES_MAX_POINTS);
        }
        struct rx_price_point *points = realloc(history->points, cap * sizeof(*points));
        if (!points) {
            return rx_error_set(err, -ENOMEM, "out of memory");
        }
        history->points = points;
        history->cap = cap;
    }
    history->points[history->n++] = (struct rx_price_point){(int64_t)time, price};
    return 0;
}

static int prices_from_csv(struct rx_holdings *h, const char *path, struct rx_error *err)
{
    enum { TIME, ASSET, SYMBOL, PRICE, USD_PRICE, COLUMNS };
    static const char *const names[COLUMNS] = {"timestamp", "asset", "symbol", "price",
                                               "USD_price"};
    rx_auto(csv) struct rx_csv *csv = NULL;
    int rc = rx_csv_open(path, names, COLUMNS, COLUMNS - ASSET, &csv, err);
    if (rc < 0) {
        return rc;
    }
    const size_t name = rx_csv_has(csv, ASSET) ? ASSET : SYMBOL;
    const size_t price = rx_csv_has(csv, PRICE) ? PRICE : USD_PRICE;
    if (!rx_csv_has(csv, name) || !rx_csv_has(csv, price)) {
        return rx_error_set(err, RX_EINVALID,
                            "%s: line 1: columns asset (or symbol), timestamp and price (or "
                            "USD_price) expected",
                            path);
    }
    while ((rc = rx_csv_next(csv, err)) == 1) {
        struct rx_error own = {0};
        double time, value;
        const int asset = find(h, rx_csv_field(csv, name));
        if (asset < 0) {
            continue;
        }
        rc = rx_csv_double(csv, TIME, &time, err);
        rc = rc < 0 ? rc : rx_csv_double(csv, price, &value, err);
        if (rc < 0) {
            return rc;
        }
        rc = add_price(h, (size_t)asset, time, value, &own);
        if (rc < 0) {
            return rx_csv_error(csv, price, rc, err, own.msg);
        }
    }
    return rc;
}

static int prices_of(struct rx_holdings *h, size_t asset, const struct rx_json *value,
                     struct rx_error *err)
{
    const double single = rx_json_double(value, MISSING);
    if (!isnan(single)) {
        h->assets[asset].price = single;
        return single > 0 ? 0 : rx_error_set(err, RX_EINVALID, "a price above 0 expected");
    }
    if (rx_json_type(value) != RX_JSON_ARRAY) {
        return rx_error_set(err, RX_EINVALID,
                            "a price or an array of [timestamp, price] expected, got %s",
                            rx_json_type_name(value));
    }
    RX_JSON_FOREACH (point, value) {
        const double time = rx_json_double(rx_json_item(point.value, 0), MISSING);
        const double price = rx_json_double(rx_json_item(point.value, 1), MISSING);
        const int rc = add_price(h, asset, time, price, err);
        if (rc < 0) {
            return rx_error_wrap(err, "[%zu]", point.index);
        }
    }
    return 0;
}

int rx_holdings_read_prices(struct rx_holdings *holdings, const char *path, struct rx_error *err)
{
    rx_auto(json_doc) struct rx_json_doc *doc = NULL;
    int rc = read_json(path, &doc, err);
    if (rc < 0 || !doc) {
        return rc < 0 ? rc : prices_from_csv(holdings, path, err);
    }
    if (rx_json_type(rx_json_root(doc)) != RX_JSON_OBJECT) {
        return rx_error_set(err, RX_EINVALID, "%s: an object of assets expected", path);
    }
    RX_JSON_FOREACH (member, rx_json_root(doc)) {
        const int asset = find(holdings, member.key);
        rc = asset < 0 ? 0 : prices_of(holdings, (size_t)asset, member.value, err);
        if (rc < 0) {
            return rx_error_wrap(err, "%s: " RX_STR_FMT, path, RX_STR_ARG(member.key));
        }
    }
    return 0;
}

/* ---- pools ---- */

int rx_holdings_read_pools(struct rx_holdings *holdings, const char *path, struct rx_error *err)
{
    enum { ASSET, UNITS, VALUE, COLUMNS };
    static const char *const names[COLUMNS] = {"asset", "units", "value"};
    rx_auto(csv) struct rx_csv *csv = NULL;
    int rc = rx_csv_open(path, names, COLUMNS, 0, &csv, err);
    if (rc < 0) {
        return rc;
    }
    while ((rc = rx_csv_next(csv, err)) == 1) {
        double units, value;
        const int asset = find(holdings, rx_csv_field(csv, ASSET));
        rc = rx_csv_double(csv, UNITS, &units, err);
        rc = rc < 0 ? rc : rx_csv_double(csv, VALUE, &value, err);
        if (rc < 0) {
            return rc;
        }
        if (!(units > 0) || !(value > 0)) {
            return rx_csv_error(csv, units > 0 ? VALUE : UNITS, RX_EINVALID, err,
                                "a number above 0 expected");
        }
        if (asset >= 0) {
            holdings->assets[asset].pool_units = units;
            holdings->assets[asset].pool_value = value;
        }
    }
    return rc;
}

/* ---- together ---- */

static int by_time(const void *a, const void *b)
{
    const struct rx_price_point *x = a, *y = b;
    return (x->time > y->time) - (x->time < y->time);
}

static bool owes(const struct rx_holdings *h, const struct rx_portfolio_position *position)
{
    for (size_t i = 0; i < h->n_positions; i++) {
        const struct rx_portfolio_position *other = &h->positions[i];
        if (other->holding.debt && other->holding.amount > 0 &&
            strcmp(other->account, position->account) == 0 &&
            strcmp(other->protocol, position->protocol) == 0) {
            return true;
        }
    }
    return false;
}

int rx_holdings_input(struct rx_holdings *holdings, struct rx_portfolio_input *ret,
                      struct rx_error *err)
{
    struct rx_holdings *h = holdings;
    for (size_t a = 0; a < h->n_assets; a++) {
        struct history *history = &h->histories[a];
        if (history->n > 0) {
            qsort(history->points, history->n, sizeof(*history->points), by_time);
        }
        h->assets[a].history = history->points;
        h->assets[a].n_history = history->n;
        if (isnan(h->assets[a].price) && history->n > 0) {
            h->assets[a].price = history->points[history->n - 1].price;
        }
        if (isnan(h->assets[a].price)) {
            return rx_error_set(err, RX_EINVALID, "%s: no price: give --prices or the column price",
                                h->assets[a].name);
        }
    }
    for (size_t i = 0; i < h->n_positions; i++) {
        struct rx_holding *holding = &h->positions[i].holding;
        if (holding->debt || !isnan(holding->threshold)) {
            continue;
        }
        if (owes(h, &h->positions[i])) {
            return rx_error_set(err, RX_EINVALID,
                                "positions[%zu] (%s): liquidation_threshold: expected, because "
                                "account %s owes",
                                i, h->assets[holding->asset].name, h->positions[i].account);
        }
        holding->threshold = 0; /* without a debt nothing is counted against it */
    }
    *ret = (struct rx_portfolio_input){.assets = h->assets,
                                       .n_assets = h->n_assets,
                                       .positions = h->positions,
                                       .n_positions = h->n_positions,
                                       .seed = 1};
    return 0;
}
