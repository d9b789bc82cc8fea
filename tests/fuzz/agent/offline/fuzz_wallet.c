// SPDX-License-Identifier: Apache-2.0
/*
 * Any bytes as a file of trades, CSV or JSON by the first byte: an error that names the place, or
 * reports, a ranking and the finder's answer, all of them valid JSON without a number that is not
 * finite, and books that balance.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "agent/engine/wallet/finder_json.h"
#include "agent/engine/wallet/report_json.h"
#include "agent/engine/wallet/trade_text.h"
#include "agent/offline/wallet_input.h"

#define MAX_ROWS    300
#define MAX_WALLETS 3

static void check_json(struct rx_buf *out)
{
    struct rx_error err = {0};
    rx_auto(json_doc) struct rx_json_doc *doc = NULL;
    if (out->error || rx_json_parse(rx_buf_str(out), NULL, &doc, &err) < 0) {
        abort();
    }
    rx_buf_clear(out);
}

static void check_books(const struct rx_history *h)
{
    rx_money cost = 0;
    for (size_t i = 0; i < h->n_holdings; i++) {
        cost += h->holdings[i].cost;
    }
    const struct rx_ledger_totals *t = &h->totals;
    if (t->realised - cost !=
        t->cash_out - t->unknown_proceeds - t->cash_in - t->basis_in + t->basis_out) {
        abort();
    }
}

static void report(const struct rx_trades *set, const uint32_t *wallets, size_t n,
                   const struct rx_ranking *ranking, enum rx_lot_method method)
{
    struct rx_error err = {0};
    rx_auto(history) struct rx_history *h = NULL;
    rx_autofree struct rx_related *related = NULL;
    rx_auto(buf) struct rx_buf out = RX_BUF_INIT(64u << 20);
    const struct rx_history_options options = {.wallets = wallets,
                                               .n_wallets = n,
                                               .method = method,
                                               .as_of = RX_TIME_UNKNOWN,
                                               .returns = true};
    if (rx_history_new(set, &options, &h, &err) < 0) {
        return; /* amounts that leave 256 bits together */
    }
    check_books(h);
    const struct rx_related_options related_options = {
        .wallets = wallets, .n_wallets = n, .as_of = h->as_of, .max = 20};
    struct rx_wallet_report r = {.history = h,
                                 .method = method,
                                 .period = (enum rx_period)(method % RX_PERIOD_MAX),
                                 .ranking = ranking,
                                 .max_trades = 50};
    struct rx_behaviour behaviour;
    if (rx_related_find(set, &related_options, &related, &r.n_related, NULL) < 0) {
        abort();
    }
    const struct rx_behaviour_context context = {related, r.n_related, NULL};
    if (rx_behaviour_compute(h, &context, &behaviour) < 0) {
        abort();
    }
    r.related = related;
    r.behaviour = &behaviour;
    struct rx_jw w;
    rx_jw_init(&w, &out);
    if (rx_wallet_report_write(&w, &r) < 0) {
        abort();
    }
    check_json(&out);
}

static void find(const struct rx_trades *set)
{
    struct rx_error err = {0};
    rx_auto(finder_result) struct rx_finder_result *result = NULL;
    rx_auto(buf) struct rx_buf out = RX_BUF_INIT(64u << 20);
    const struct rx_finder_request request = {
        .window_days = 365, .as_of = RX_TIME_UNKNOWN, .top_k = 50, .internal_transfers = true};
    if (rx_trades_tokens(set) == 0 || rx_finder_run(set, &request, &result, &err) < 0) {
        return;
    }
    for (size_t i = 0; i < result->n; i++) {
        if (!(result->wallets[i].score >= 0 && result->wallets[i].score <= 1)) {
            abort();
        }
    }
    struct rx_jw w;
    rx_jw_init(&w, &out);
    rx_finder_write_find(&w, set, &request, result);
    check_json(&out);
}

static void use(const struct rx_trades *set)
{
    struct rx_error err = {0};
    rx_auto(ranking) struct rx_ranking *ranking = NULL;
    if (rx_trades_count(set) > MAX_ROWS) {
        return;
    }
    const struct rx_ranking_options options = {.metric = RX_RANK_WIN_RATE,
                                               .period = RX_PERIOD_ALL,
                                               .min_trades = 1,
                                               .as_of = RX_TIME_UNKNOWN};
    (void)!rx_ranking_new(set, &options, &ranking, &err);
    const struct rx_index_span wallets = rx_trades_wallets(set);
    const size_t n = wallets.n < MAX_WALLETS ? wallets.n : MAX_WALLETS;
    for (size_t i = 0; i < n; i++) {
        report(set, wallets.p + i, 1, ranking, (enum rx_lot_method)(i % RX_LOTS_MAX));
    }
    for (int m = 0; m < RX_LOTS_MAX && n > 1; m++) {
        report(set, wallets.p, n, ranking, (enum rx_lot_method)m);
    }
    find(set);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rx_error err = {0};
    rx_auto(trades) struct rx_trades *set = NULL;
    if (size > 0 && (data[0] == '{' || data[0] == '[')) {
        rx_auto(json_doc) struct rx_json_doc *doc = NULL;
        const struct rx_str text = {(const char *)data, size};
        set = rx_trades_new();
        if (!set) {
            abort();
        }
        if (rx_json_parse(text, NULL, &doc, &err) < 0 ||
            rx_trades_add_json(set, rx_json_root(doc), &err) < 0 || rx_trades_finish(set) < 0) {
            return 0;
        }
        use(set);
        return 0;
    }
    char path[64];
    const int fd = memfd_create("fuzz", 0);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size || lseek(fd, 0, SEEK_SET) != 0) {
        abort();
    }
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    if (rx_wallet_read(path, NULL, &set, &err) == 0) {
        use(set);
    } else if (err.msg[0] == '\0') {
        abort();
    }
    close(fd);
    return 0;
}
