// SPDX-License-Identifier: Apache-2.0
#include "agent/offline/wallet_find.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "agent/engine/wallet/finder_json.h"
#include "agent/engine/wallet/trade_text.h"
#include "agent/offline/wallet_table.h"

struct results {
    struct rx_finder_result *p[RX_FIND_MAX_TOKENS];
    size_t n;
};

static void results_fini(struct results *results)
{
    for (size_t i = 0; i < results->n; i++) {
        rx_finder_result_free(results->p[i]);
    }
}
RX_DEFINE_CLEANUP_INPLACE(results, struct results, results_fini);

static int find_tokens(const struct rx_trades *trades, const struct rx_find_arguments *args,
                       uint32_t *tokens, struct rx_error *err)
{
    const char *chain = args->chain ? args->chain : RX_DEFAULT_CHAIN;
    const uint32_t chain_id = rx_trades_find_name(trades, rx_str_of(chain));
    for (size_t i = 0; i < args->n_tokens; i++) {
        const uint32_t address = rx_trades_find_name(trades, rx_str_of(args->tokens[i]));
        tokens[i] = rx_trades_find_token(trades, chain_id, address);
        if (tokens[i] == RX_NAME_NONE) {
            return rx_error_set(err, RX_EINVALID,
                                "--token: the trades have no token '%.100s' on %.40s",
                                args->tokens[i], chain);
        }
    }
    return 0;
}

static int mark_smart(const struct rx_trades *trades, const struct rx_find_arguments *args,
                      bool **ret, struct rx_error *err)
{
    if (args->n_smart == 0) {
        return 0;
    }
    rx_autofree bool *smart = calloc(rx_trades_names(trades) + 1, sizeof(*smart));
    if (!smart) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    for (size_t i = 0; i < args->n_smart; i++) {
        const uint32_t name = rx_trades_find_name(trades, rx_str_of(args->smart[i]));
        if (name != RX_NAME_NONE) {
            smart[name] = true;
        }
    }
    *ret = RX_TAKE(smart);
    return 0;
}

static void table_row(struct rx_buf *out, const struct rx_trades *trades,
                      const struct rx_found_wallet *f, size_t rank)
{
    const struct rx_str name = rx_trades_text(trades, f->wallet);
    rx_buf_printf(out, "%5zu  %-42.*s", rank, RX_STR_ARG(name));
    rx_table_number(out, f->score, 7, 3);
    rx_table_number(out, f->risk, 6, 2);
    rx_buf_printf(out, "%8zu", f->buys + f->sells);
    rx_table_number(out, f->win.rate * 100, 8, 1);
    rx_table_number(out, f->roi * 100, 9, 1);
    rx_table_number(out, f->signals[RX_SIGNAL_PRE_PUMP].value * 100, 10, 1);
    rx_buf_printf(out, "  %s\n", rx_finder_confidence(f));
}

static void table_head(struct rx_buf *out)
{
    rx_buf_puts(out, " rank  wallet                                      score  risk  trades"
                     "   win %    ROI %  pre-pump %  confidence\n");
}

static void explain(struct rx_buf *out, const struct rx_found_wallet *f)
{
    enum rx_signal order[RX_SIGNAL_MAX];
    rx_finder_order(f, order);
    rx_finder_summary(out, f);
    rx_buf_puts(out, "\n\nSignal                    value    trades  contribution (log-odds)\n");
    rx_buf_printf(out, "  %-20s%29.3f\n", "base", rx_finder_base());
    for (int i = 0; i < RX_SIGNAL_MAX; i++) {
        const struct rx_signal_value *s = &f->signals[order[i]];
        rx_buf_printf(out, "  %-20s", rx_signal_rule(order[i])->name);
        rx_table_number(out, s->value, 9, 3);
        rx_buf_printf(out, "%10zu%10.3f\n", s->n, s->contribution);
    }
    rx_buf_printf(out, "  %-20s%29.3f  = score %.3f\n", "sum", f->log_odds, f->score);
}

static int profile(const struct rx_trades *trades, const struct rx_find_arguments *args,
                   const struct rx_finder_request *request, uint32_t wallet, struct rx_buf *out,
                   struct rx_error *err)
{
    rx_auto(history) struct rx_history *history = NULL;
    rx_autofree struct rx_related *related = NULL;
    size_t n_related = 0;
    struct rx_found_wallet found = {0};
    bool has = false;
    int rc = rx_finder_profile(trades, request, wallet, &found, &has, err);
    if (rc < 0) {
        return rc;
    }
    const struct rx_history_options options = {
        .wallets = &wallet, .n_wallets = 1, .as_of = request->as_of};
    rc = rx_history_new(trades, &options, &history, err);
    if (rc < 0) {
        return rc;
    }
    const struct rx_related_options related_options = {
        .wallets = &wallet, .n_wallets = 1, .as_of = history->as_of, .min_score = .1, .max = 20};
    rc = rx_related_find(trades, &related_options, &related, &n_related, NULL);
    if (rc < 0) {
        return rx_error_set(err, rc, "out of memory");
    }
    if (args->json) {
        struct rx_jw w;
        rx_jw_init(&w, out);
        rx_finder_write_profile(&w, trades, request, wallet, has ? &found : NULL, history, related,
                                n_related);
        rx_buf_putc(out, '\n');
    } else if (has) {
        table_head(out);
        table_row(out, trades, &found, 1);
        rx_buf_putc(out, '\n');
        explain(out, &found);
    } else {
        rx_buf_puts(out, "no trades of the token in the window\n");
    }
    return 0;
}

static int write_json(const struct rx_trades *trades, const struct rx_finder_request *request,
                      const uint32_t *tokens, const struct results *results, struct rx_buf *out,
                      struct rx_error *err)
{
    struct rx_jw w;
    int rc = 0;
    rx_jw_init(&w, out);
    if (results->n == 1) {
        rx_finder_write_find(&w, trades, request, results->p[0]);
    } else {
        rc = rx_finder_write_bulk(&w, trades, request, tokens, results->p, results->n);
    }
    rx_buf_putc(out, '\n');
    return rc < 0 ? rx_error_set(err, rc, "out of memory") : 0;
}

static void write_tables(const struct rx_trades *trades, const uint32_t *tokens,
                         const struct results *results, struct rx_buf *out)
{
    for (size_t i = 0; i < results->n; i++) {
        const struct rx_finder_result *r = results->p[i];
        const struct rx_str name =
            rx_trades_text(trades, rx_trades_token_at(trades, tokens[i])->address);
        rx_buf_printf(out, "%sToken %.*s: %zu wallets analysed, %zu passed, %zu shown\n",
                      i > 0 ? "\n" : "", RX_STR_ARG(name), r->analysed, r->passed, r->n);
        table_head(out);
        for (size_t k = 0; k < r->n; k++) {
            table_row(out, trades, &r->wallets[k], k + 1);
        }
    }
}

int rx_wallet_find(const struct rx_trades *trades, const struct rx_find_arguments *args,
                   uint32_t wallet, struct rx_buf *out, struct rx_error *err)
{
    uint32_t tokens[RX_FIND_MAX_TOKENS] = {0};
    rx_autofree bool *smart = NULL;
    rx_auto(results) struct results results = {.n = 0};
    int rc = find_tokens(trades, args, tokens, err);
    rc = rc < 0 ? rc : mark_smart(trades, args, &smart, err);
    if (rc < 0) {
        return rc;
    }
    const bool bulk = args->n_tokens > 1;
    struct rx_finder_request request = {.window_days = (int)args->window_days,
                                        .as_of = args->as_of,
                                        .min_trade = args->min_trade,
                                        .min_holdings = args->min_holdings,
                                        .internal_transfers = args->internal_transfers,
                                        .top_k = args->top_k > 0 ? args->top_k
                                                 : bulk          ? 10
                                                                 : 100,
                                        .min_confidence = !isnan(args->min_confidence)
                                                              ? args->min_confidence
                                                          : bulk ? .6
                                                                 : .5,
                                        .smart = smart};
    request.token = tokens[0];
    if (wallet != RX_NAME_NONE) {
        return profile(trades, args, &request, wallet, out, err);
    }
    for (size_t i = 0; i < args->n_tokens; i++) {
        request.token = tokens[i];
        rc = rx_finder_run(trades, &request, &results.p[i], err);
        if (rc < 0) {
            return rc;
        }
        results.n++;
    }
    request.token = tokens[0];
    if (args->json) {
        return write_json(trades, &request, tokens, &results, out, err);
    }
    write_tables(trades, tokens, &results, out);
    return 0;
}
