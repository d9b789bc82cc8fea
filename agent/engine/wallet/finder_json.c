// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/wallet/finder_json.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "agent/engine/wallet/report_json.h"

#define COMPARE(a, b)   (((a) > (b)) - ((a) < (b)))
#define TOP_SIGNALS     5
#define MAX_TRADES      1000
#define MAX_LEADERBOARD 100

void rx_finder_order(const struct rx_found_wallet *wallet, enum rx_signal order[RX_SIGNAL_MAX])
{
    for (int i = 0; i < RX_SIGNAL_MAX; i++) {
        int at = i;
        const double size = fabs(wallet->signals[i].contribution);
        while (at > 0 && fabs(wallet->signals[order[at - 1]].contribution) < size) {
            order[at] = order[at - 1];
            at--;
        }
        order[at] = (enum rx_signal)i;
    }
}

void rx_finder_summary(struct rx_buf *out, const struct rx_found_wallet *wallet)
{
    static const struct {
        double score;
        const char *text;
    } bands[] = {{.8, "Very strong"}, {.6, "Strong"}, {.4, "Moderate"}, {0, "Weak"}};
    size_t band = 0;
    while (wallet->score < bands[band].score) {
        band++;
    }
    rx_buf_printf(out, "%s signs of a good trader: %zu buys, %zu sells", bands[band].text,
                  wallet->buys, wallet->sells);
    if (wallet->win.n > 0) {
        rx_buf_printf(out, ", %zu of %zu trades won", wallet->win.wins, wallet->win.n);
    }
    if (!isnan(wallet->roi)) {
        rx_buf_printf(out, ", %.1f %% made on the units sold", wallet->roi * 100);
    }
    rx_buf_putc(out, '.');
}

static void kv_summary(struct rx_jw *w, const char *key, const struct rx_found_wallet *wallet)
{
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(512);
    rx_finder_summary(&text, wallet);
    rx_jw_kv_str(w, key, rx_buf_str(&text));
}

static void write_signals(struct rx_jw *w, const struct rx_found_wallet *wallet)
{
    enum rx_signal order[RX_SIGNAL_MAX];
    double others = 0;
    rx_finder_order(wallet, order);
    rx_jw_key(w, "top_signals");
    rx_jw_begin_array(w);
    for (int i = 0; i < RX_SIGNAL_MAX; i++) {
        const struct rx_signal_value *signal = &wallet->signals[order[i]];
        const struct rx_signal_rule *rule = rx_signal_rule(order[i]);
        if (i >= TOP_SIGNALS || signal->contribution == 0) {
            others += signal->contribution;
            continue;
        }
        rx_jw_begin_object(w);
        rx_jw_kv_cstr(w, "category", rule->category);
        rx_jw_kv_cstr(w, "name", rule->name);
        rx_jw_kv_double(w, "value", signal->value);
        rx_jw_kv_double(w, "contribution", signal->contribution);
        rx_jw_kv_cstr(w, "direction", signal->contribution > 0 ? "positive" : "negative");
        rx_jw_kv_i64(w, "n", (int64_t)signal->n);
        rx_jw_kv_cstr(w, "description", rule->rule);
        rx_jw_end_object(w);
    }
    rx_jw_end_array(w);
    rx_jw_kv_double(w, "base_log_odds", rx_finder_base());
    rx_jw_kv_double(w, "other_contributions", others);
    rx_jw_kv_double(w, "log_odds", wallet->log_odds);
}

static void write_event(struct rx_jw *w, const char *type, int64_t time, const char *description,
                        double impact)
{
    rx_jw_begin_object(w);
    rx_jw_kv_cstr(w, "event_type", type);
    rx_jw_kv_time(w, "timestamp", time);
    rx_jw_kv_cstr(w, "description", description);
    rx_jw_kv_double(w, "impact", impact);
    rx_jw_end_object(w);
}

/* Impact: the signal's contribution; of the best trade its gain in USD. */
static void write_timeline(struct rx_jw *w, const struct rx_found_wallet *f)
{
    rx_jw_key(w, "timeline");
    rx_jw_begin_array(w);
    if (f->first_buy != RX_TIME_UNKNOWN && f->signals[RX_SIGNAL_EARLY_ENTRY].value > 0) {
        write_event(w, "early_entry", f->first_buy, "bought among the first tenth of all buys",
                    f->signals[RX_SIGNAL_EARLY_ENTRY].contribution);
    }
    if (f->exit_time != RX_TIME_UNKNOWN) {
        write_event(w, "early_exit", f->exit_time, "sold in the hour before a fall of 15 %",
                    f->signals[RX_SIGNAL_PRE_DUMP].contribution);
    }
    if (f->best != RX_MONEY_UNKNOWN && f->best > 0) {
        write_event(w, "high_roi_trade", f->best_time, "its best trade, in USD",
                    rx_money_to_double(f->best));
    }
    rx_jw_end_array(w);
}

static void write_explanation(struct rx_jw *w, const struct rx_found_wallet *wallet)
{
    enum rx_signal order[RX_SIGNAL_MAX];
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(512);
    rx_finder_order(wallet, order);
    rx_jw_key(w, "explanation");
    rx_jw_begin_object(w);
    kv_summary(w, "summary", wallet);
    write_signals(w, wallet);
    rx_buf_printf(&text,
                  "The score is 1 / (1 + exp(-log_odds)); log_odds is base_log_odds plus all "
                  "contributions, of which %s is the largest.",
                  rx_signal_rule(order[0])->name);
    rx_jw_kv_str(w, "interpretation", rx_buf_str(&text));
    write_timeline(w, wallet);
    rx_jw_kv_cstr(w, "confidence_level", rx_finder_confidence(wallet));
    rx_jw_end_object(w);
}

static void write_risks(struct rx_jw *w, const struct rx_found_wallet *wallet)
{
    rx_jw_kv_double(w, "risk_score", wallet->risk);
    rx_jw_key(w, "risk_components");
    rx_jw_begin_object(w);
    for (int i = 0; i < RX_FINDER_RISKS; i++) {
        rx_jw_kv_double(w, rx_finder_risk_name((enum rx_finder_risk)i), wallet->risks[i]);
    }
    rx_jw_end_object(w);
}

static void write_wallet(struct rx_jw *w, const struct rx_trades *trades,
                         const struct rx_found_wallet *f, size_t rank)
{
    rx_jw_begin_object(w);
    rx_jw_kv_i64(w, "rank", (int64_t)rank);
    rx_jw_kv_name(w, "wallet_address", trades, f->wallet);
    rx_jw_kv_double(w, "smart_money_score", f->score);
    rx_jw_key(w, "key_metrics");
    rx_jw_begin_object(w);
    rx_jw_kv_double(w, "win_rate", f->win.rate);
    rx_jw_kv_double(w, "win_rate_lower", f->win.lo);
    rx_jw_kv_double(w, "win_rate_upper", f->win.hi);
    rx_jw_kv_double(w, "realised_roi", f->roi);
    rx_jw_kv_money(w, "realised_pnl_usd", f->realised);
    rx_jw_kv_i64(w, "trades_count", (int64_t)(f->buys + f->sells));
    rx_jw_kv_i64(w, "closed_trades", (int64_t)f->win.n);
    rx_jw_kv_double(w, "early_entry_rate", f->signals[RX_SIGNAL_EARLY_ENTRY].value);
    rx_jw_kv_double(w, "pre_pump_entry_rate", f->signals[RX_SIGNAL_PRE_PUMP].value);
    rx_jw_kv_double(w, "pre_dump_exit_rate", f->signals[RX_SIGNAL_PRE_DUMP].value);
    rx_jw_kv_double(w, "graph_centrality", f->signals[RX_SIGNAL_CENTRALITY].value);
    rx_jw_kv_double(w, "mean_hold_hours", f->hold_hours);
    rx_jw_kv_money(w, "holdings_usd", f->holdings);
    rx_jw_end_object(w);
    write_explanation(w, f);
    write_risks(w, f);
    rx_jw_end_object(w);
}

static void write_token(struct rx_jw *w, const struct rx_trades *trades, uint32_t id)
{
    const struct rx_token *token = rx_trades_token_at(trades, id);
    rx_jw_kv_name(w, "token_address", trades, token->address);
    rx_jw_kv_name(w, "chain", trades, token->chain);
}

void rx_finder_write_find(struct rx_jw *w, const struct rx_trades *trades,
                          const struct rx_finder_request *request,
                          const struct rx_finder_result *result)
{
    rx_jw_begin_object(w);
    write_token(w, trades, request->token);
    rx_jw_kv_i64(w, "analysis_window_days", request->window_days);
    rx_jw_kv_time(w, "timestamp", result->as_of);
    rx_jw_key(w, "ranked_wallets");
    rx_jw_begin_array(w);
    for (size_t i = 0; i < result->n; i++) {
        write_wallet(w, trades, &result->wallets[i], i + 1);
    }
    rx_jw_end_array(w);
    rx_jw_key(w, "summary_stats");
    rx_jw_begin_object(w);
    rx_jw_kv_double(w, "avg_smart_money_score", result->mean_score);
    rx_jw_kv_double(w, "median_smart_money_score", result->median_score);
    rx_jw_kv_double(w, "avg_win_rate", result->mean_win_rate);
    rx_jw_kv_i64(w, "total_smart_wallets", (int64_t)result->passed);
    rx_jw_end_object(w);
    rx_jw_key(w, "metadata");
    rx_jw_begin_object(w);
    rx_jw_kv_i64(w, "total_wallets_analyzed", (int64_t)result->analysed);
    rx_jw_kv_i64(w, "wallets_passing_filters", (int64_t)result->passed);
    rx_jw_kv_i64(w, "wallets_returned", (int64_t)result->n);
    rx_jw_kv_double(w, "confidence_threshold", request->min_confidence);
    rx_jw_end_object(w);
    rx_jw_end_object(w);
}

static void write_trade(struct rx_jw *w, const struct rx_trade *trade, const struct rx_closed *sell,
                        unsigned decimals)
{
    rx_price price;
    rx_jw_begin_object(w);
    rx_jw_kv_time(w, "timestamp", trade->time);
    rx_jw_kv_cstr(w, "side", rx_side_name(trade->side));
    rx_jw_kv_money(w, "amount_usd", trade->value);
    rx_jw_kv_amount(w, "quantity", &trade->amount, decimals);
    if (trade->value != RX_MONEY_UNKNOWN &&
        rx_price_of(trade->value, &trade->amount, decimals, &price)) {
        rx_jw_kv_double(w, "price", rx_price_to_double(price));
    } else {
        rx_jw_kv_null(w, "price");
    }
    rx_jw_kv_money(w, "pnl", sell ? sell->fill.pnl : RX_MONEY_UNKNOWN);
    rx_jw_kv_double(w, "roi", sell ? sell->roi : (double)NAN);
    rx_jw_end_object(w);
}

static void write_history(struct rx_jw *w, const struct rx_finder_request *request,
                          const struct rx_history *h)
{
    const int64_t from = h->as_of - (int64_t)request->window_days * 86400;
    size_t closed = 0;
    size_t written = 0;
    rx_jw_key(w, "trades");
    rx_jw_begin_array(w);
    for (size_t i = 0; i < h->n_rows; i++) {
        const struct rx_trade *row = h->rows[i];
        const struct rx_closed *sell = NULL;
        if (closed < h->n_closed && h->closed[closed].trade == row) {
            sell = &h->closed[closed++];
        }
        if (row->token == request->token && row->time > from && written < MAX_TRADES) {
            write_trade(w, row, sell, rx_trades_token_at(h->trades, row->token)->decimals);
            written++;
        }
    }
    rx_jw_end_array(w);
}

void rx_finder_write_profile(struct rx_jw *w, const struct rx_trades *trades,
                             const struct rx_finder_request *request, uint32_t name,
                             const struct rx_found_wallet *wallet, const struct rx_history *history,
                             const struct rx_related *neighbours, size_t n_neighbours)
{
    rx_jw_begin_object(w);
    rx_jw_kv_name(w, "wallet_address", trades, name);
    write_token(w, trades, request->token);
    rx_jw_kv_double(w, "score", wallet ? wallet->score : (double)NAN);
    rx_jw_kv_cstr(w, "reason", wallet ? NULL : "no_trades_in_window");
    write_history(w, request, history);
    rx_jw_kv_double(w, "realized_roi", wallet ? wallet->roi : (double)NAN);
    rx_jw_kv_double(w, "win_rate", wallet ? wallet->win.rate : (double)NAN);
    rx_jw_key(w, "graph_neighbors");
    rx_jw_begin_array(w);
    for (size_t i = 0; i < n_neighbours; i++) {
        rx_jw_str(w, rx_trades_text(trades, neighbours[i].wallet));
    }
    rx_jw_end_array(w);
    if (wallet) {
        write_explanation(w, wallet);
        write_risks(w, wallet);
    } else {
        rx_jw_kv_null(w, "explanation");
        rx_jw_kv_null(w, "risk_score");
    }
    rx_jw_kv_time(w, "timestamp", history->as_of);
    rx_jw_end_object(w);
}

static int by_wallet(const void *left, const void *right)
{
    const struct rx_found_wallet *a = *(const struct rx_found_wallet *const *)left;
    const struct rx_found_wallet *b = *(const struct rx_found_wallet *const *)right;
    return a->wallet != b->wallet ? COMPARE(a->wallet, b->wallet) : COMPARE(b->score, a->score);
}

static int by_score(const void *left, const void *right)
{
    const struct rx_found_wallet *a = *(const struct rx_found_wallet *const *)left;
    const struct rx_found_wallet *b = *(const struct rx_found_wallet *const *)right;
    return a->score != b->score ? COMPARE(b->score, a->score) : COMPARE(a->wallet, b->wallet);
}

/* The best score of each wallet over all tokens. */
static int write_leaderboard(struct rx_jw *w, const struct rx_trades *trades,
                             struct rx_finder_result *const *results, size_t n)
{
    size_t all = 0;
    for (size_t i = 0; i < n; i++) {
        all += results[i]->n;
    }
    rx_autofree const struct rx_found_wallet **list = calloc(all + 1, sizeof(*list));
    if (!list) {
        return -ENOMEM;
    }
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < results[i]->n; k++) {
            list[count++] = &results[i]->wallets[k];
        }
    }
    size_t kept = 0;
    if (count > 0) {
        qsort(list, count, sizeof(*list), by_wallet);
        for (size_t i = 0; i < count; i++) {
            if (i == 0 || list[i]->wallet != list[kept - 1]->wallet) {
                list[kept++] = list[i];
            }
        }
        qsort(list, kept, sizeof(*list), by_score);
    }
    rx_jw_key(w, "leaderboard");
    rx_jw_begin_array(w);
    for (size_t i = 0; i < kept && i < MAX_LEADERBOARD; i++) {
        write_wallet(w, trades, list[i], i + 1);
    }
    rx_jw_end_array(w);
    return 0;
}

int rx_finder_write_bulk(struct rx_jw *w, const struct rx_trades *trades,
                         const struct rx_finder_request *request, const uint32_t *tokens,
                         struct rx_finder_result *const *results, size_t n)
{
    rx_jw_begin_object(w);
    rx_jw_kv_name(w, "chain", trades,
                  n > 0 ? rx_trades_token_at(trades, tokens[0])->chain : RX_NAME_NONE);
    rx_jw_kv_i64(w, "tokens_analyzed", (int64_t)n);
    rx_jw_kv_i64(w, "analysis_window_days", request->window_days);
    rx_jw_kv_time(w, "timestamp", n > 0 ? results[0]->as_of : RX_TIME_UNKNOWN);
    rx_jw_key(w, "results");
    rx_jw_begin_array(w);
    for (size_t i = 0; i < n; i++) {
        rx_jw_begin_object(w);
        write_token(w, trades, tokens[i]);
        rx_jw_key(w, "top_wallets");
        rx_jw_begin_array(w);
        for (size_t k = 0; k < results[i]->n; k++) {
            write_wallet(w, trades, &results[i]->wallets[k], k + 1);
        }
        rx_jw_end_array(w);
        rx_jw_kv_double(w, "avg_score", results[i]->mean_score);
        rx_jw_end_object(w);
    }
    rx_jw_end_array(w);
    const int rc = write_leaderboard(w, trades, results, n);
    rx_jw_end_object(w);
    return rc;
}
