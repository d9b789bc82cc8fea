// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/wallet/report_json.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "agent/engine/wallet/report_json_core.h"
#include "common/base/clock.h"

void rx_jw_kv_time(struct rx_jw *w, const char *key, int64_t time)
{
    char text[RX_TIME_LEN];
    rx_jw_kv_cstr(w, key, time == RX_TIME_UNKNOWN ? NULL : rx_time_format_s(time, text));
}

void rx_jw_kv_name(struct rx_jw *w, const char *key, const struct rx_trades *trades, uint32_t name)
{
    if (name == RX_NAME_NONE) {
        rx_jw_kv_null(w, key);
    } else {
        rx_jw_kv_str(w, key, rx_trades_text(trades, name));
    }
}

static void write_interval(struct rx_jw *w, const struct rx_win *win)
{
    rx_jw_key(w, "confidence_interval");
    if (win->n == 0) {
        rx_jw_null(w);
        return;
    }
    rx_jw_begin_object(w);
    rx_jw_kv_double(w, "lower", win->lo);
    rx_jw_kv_double(w, "upper", win->hi);
    rx_jw_kv_double(w, "confidence_level", 0.95);
    rx_jw_end_object(w);
}

static void write_win_rate(struct rx_jw *w, const struct rx_history *h,
                           const struct rx_wallet_summary *s)
{
    static const char *const keys[RX_PERIOD_MAX] = {"1d", "7d", "30d", "all_time"};
    struct rx_win wins[RX_PERIOD_MAX];
    for (int i = 0; i < RX_PERIOD_MAX; i++) {
        struct rx_wallet_summary part;
        rx_wallet_summarise(h, (enum rx_period)i, &part);
        wins[i] = part.win;
    }
    rx_jw_key(w, "win_rate");
    rx_jw_begin_object(w);
    rx_jw_kv_double(w, "overall", s->win.rate);
    write_interval(w, &s->win);
    rx_jw_key(w, "by_timeframe");
    rx_jw_begin_object(w);
    for (int i = 0; i < RX_PERIOD_MAX; i++) {
        rx_jw_kv_double(w, keys[i], wins[i].rate);
    }
    rx_jw_end_object(w);
    rx_jw_key(w, "timeframe_details");
    rx_jw_begin_object(w);
    for (int i = 0; i < RX_PERIOD_MAX; i++) {
        rx_jw_key(w, keys[i]);
        rx_jw_begin_object(w);
        rx_jw_kv_i64(w, "profitable_trades", (int64_t)wins[i].wins);
        rx_jw_kv_i64(w, "total_trades", (int64_t)wins[i].n);
        write_interval(w, &wins[i]);
        rx_jw_end_object(w);
    }
    rx_jw_end_object(w);
    rx_jw_kv_i64(w, "profitable_trades", (int64_t)s->win.wins);
    rx_jw_kv_i64(w, "total_trades", (int64_t)s->win.n);
    rx_jw_kv_i64(w, "unknown_basis_trades", (int64_t)s->unknown_basis);
    rx_jw_kv_i64(w, "unpriced_moves", (int64_t)s->unpriced);
    rx_jw_end_object(w);
}

static void write_realised(struct rx_jw *w, const struct rx_wallet_summary *s)
{
    rx_jw_key(w, "realized_pnl");
    rx_jw_begin_object(w);
    rx_jw_kv_money(w, "total_usd", s->realised);
    rx_jw_kv_double(w, "average_per_trade_usd", s->average);
    rx_jw_kv_money(w, "best_trade_usd", s->best);
    rx_jw_kv_money(w, "worst_trade_usd", s->worst);
    rx_jw_kv_money(w, "cost_of_units_sold_usd", s->cost_sold);
    rx_jw_kv_double(w, "roi", s->roi);
    rx_jw_kv_money(w, "fees_usd", s->fees);
    rx_jw_kv_money(w, "transfer_fees_usd", s->transfer_fees);
    rx_jw_kv_money(w, "unknown_basis_proceeds_usd", s->unknown_proceeds);
    rx_jw_end_object(w);
}

static void write_holding(struct rx_jw *w, const struct rx_history *h,
                          const struct rx_holding *holding)
{
    const struct rx_token *token = rx_trades_token_at(h->trades, holding->token);
    const bool priced = holding->value != RX_MONEY_UNKNOWN;
    const bool known = !rx_u256_is_zero(&holding->known);
    rx_jw_begin_object(w);
    rx_jw_kv_name(w, "token_address", h->trades, token->address);
    rx_jw_kv_name(w, "token_symbol", h->trades, token->symbol);
    rx_jw_kv_name(w, "chain", h->trades, token->chain);
    rx_jw_kv_money(w, "unrealized_pnl_usd",
                   priced && known ? holding->value - holding->cost : RX_MONEY_UNKNOWN);
    rx_jw_kv_money(w, "entry_value_usd", known ? holding->cost : RX_MONEY_UNKNOWN);
    rx_jw_kv_money(w, "current_value_usd", priced && known ? holding->value : RX_MONEY_UNKNOWN);
    rx_jw_kv_amount(w, "quantity", &holding->known, token->decimals);
    rx_jw_kv_amount(w, "unknown_basis_quantity", &holding->unknown, token->decimals);
    rx_jw_kv_double(w, "price", rx_price_to_double(holding->mark));
    rx_jw_kv_time(w, "price_time",
                  holding->mark == RX_PRICE_UNKNOWN ? RX_TIME_UNKNOWN : holding->mark_time);
    rx_jw_kv_cstr(w, "reason", !known ? "unknown_basis" : priced ? NULL : "no_price");
    rx_jw_end_object(w);
}

static void write_pnl(struct rx_jw *w, const struct rx_history *h,
                      const struct rx_wallet_summary *s)
{
    rx_jw_key(w, "pnl_summary");
    rx_jw_begin_object(w);
    write_realised(w, s);
    rx_jw_key(w, "unrealized_pnl");
    rx_jw_begin_object(w);
    rx_jw_kv_money(w, "total_usd", s->unrealised);
    rx_jw_kv_i64(w, "unpriced_tokens", (int64_t)s->unpriced_holdings);
    rx_jw_kv_i64(w, "unknown_basis_tokens", (int64_t)s->unknown_holdings);
    rx_jw_key(w, "by_token");
    rx_jw_begin_array(w);
    for (size_t i = 0; i < h->n_holdings; i++) {
        write_holding(w, h, &h->holdings[i]);
    }
    rx_jw_end_array(w);
    rx_jw_end_object(w);
    rx_jw_kv_money(w, "total_pnl_usd", s->realised + s->unrealised);
    rx_jw_key(w, "total_volume");
    rx_jw_begin_object(w);
    rx_jw_kv_money(w, "buy_volume_usd", s->buy_volume);
    rx_jw_kv_money(w, "sell_volume_usd", s->sell_volume);
    rx_jw_kv_money(w, "total_volume_usd", s->buy_volume + s->sell_volume);
    rx_jw_end_object(w);
    rx_jw_end_object(w);
}

static void write_performance(struct rx_jw *w, const struct rx_wallet_summary *s)
{
    const struct rx_performance *p = &s->performance;
    const double unknown = (double)NAN;
    const bool has = s->has_performance;
    rx_jw_key(w, "performance_metrics");
    rx_jw_begin_object(w);
    rx_jw_kv_double(w, "average_trade_duration_hours", s->hours);
    rx_jw_kv_double(w, "average_profit_per_trade_usd", s->average);
    rx_jw_kv_double(w, "trade_frequency_per_day", s->per_day);
    rx_jw_kv_double(w, "profit_factor", s->profit_factor);
    rx_jw_kv_double(w, "roi", s->roi);
    rx_jw_kv_double(w, "sharpe_ratio", has ? p->sharpe : unknown);
    rx_jw_kv_double(w, "sharpe_standard_error", has ? p->sharpe_se : unknown);
    rx_jw_kv_double(w, "sortino_ratio", has ? p->sortino : unknown);
    rx_jw_kv_double(w, "max_drawdown", has ? p->max_drawdown : unknown);
    rx_jw_kv_i64(w, "return_days", has ? (int64_t)p->n : 0);
    rx_jw_kv_cstr(w, "sharpe_reason",
                  !has || p->n < RX_PERFORMANCE_MIN_POINTS ? "fewer_than_30_days"
                  : isnan(p->sharpe)                       ? "returns_do_not_vary"
                                                           : NULL);
    rx_jw_end_object(w);
}

static void write_group(struct rx_jw *w, const struct rx_history *h,
                        const struct rx_wallet_group *group, bool token)
{
    rx_jw_begin_object(w);
    if (token) {
        const struct rx_token *facts = rx_trades_token_at(h->trades, group->id);
        rx_jw_kv_name(w, "token_address", h->trades, facts->address);
        rx_jw_kv_name(w, "token_symbol", h->trades, facts->symbol);
        rx_jw_kv_name(w, "chain", h->trades, facts->chain);
    } else {
        rx_jw_kv_name(w, "chain", h->trades, group->id);
    }
    rx_jw_kv_i64(w, "trade_count", (int64_t)group->trades);
    rx_jw_kv_double(w, "win_rate", group->win.rate);
    write_interval(w, &group->win);
    rx_jw_kv_money(w, "total_pnl_usd", group->realised + group->unrealised);
    rx_jw_kv_money(w, "realized_pnl_usd", group->realised);
    rx_jw_kv_money(w, "unrealized_pnl_usd", group->unrealised);
    if (token) {
        rx_jw_kv_double(w, "average_roi", group->average_roi);
    }
    rx_jw_kv_money(w, "volume_usd", group->volume);
    if (token) {
        rx_jw_kv_time(w, "first_trade", group->first);
        rx_jw_kv_time(w, "last_trade", group->last);
    }
    rx_jw_end_object(w);
}

static int write_groups(struct rx_jw *w, const struct rx_wallet_report *report, bool tokens)
{
    rx_autofree struct rx_wallet_group *groups = NULL;
    size_t n = 0;
    const int rc = tokens ? rx_wallet_group_tokens(report->history, report->period, &groups, &n)
                          : rx_wallet_group_chains(report->history, report->period, &groups, &n);
    if (rc < 0) {
        return rc;
    }
    rx_jw_key(w, tokens ? "breakdown_by_token" : "breakdown_by_chain");
    rx_jw_begin_array(w);
    for (size_t i = 0; i < n; i++) {
        write_group(w, report->history, &groups[i], tokens);
    }
    rx_jw_end_array(w);
    return 0;
}

static void write_ranking(struct rx_jw *w, const struct rx_wallet_report *report)
{
    rx_jw_key(w, "ranking");
    const struct rx_rank_row *row =
        report->ranking ? rx_ranking_find(report->ranking, report->history->wallet) : NULL;
    if (!row) {
        rx_jw_null(w);
        return;
    }
    rx_jw_begin_object(w);
    rx_write_rank(w, report->ranking, row);
    rx_jw_end_object(w);
}

int rx_wallet_report_write(struct rx_jw *w, const struct rx_wallet_report *report)
{
    const struct rx_history *h = report->history;
    struct rx_wallet_summary s;
    rx_wallet_summarise(h, report->period, &s);
    rx_jw_begin_object(w);
    rx_jw_kv_name(w, "wallet_address", h->trades, h->wallet);
    rx_jw_key(w, "wallets");
    rx_jw_begin_array(w);
    for (size_t i = 0; i < h->n_wallets; i++) {
        rx_jw_str(w, rx_trades_text(h->trades, h->wallets[i]));
    }
    rx_jw_end_array(w);
    rx_jw_kv_name(w, "chain", h->trades, rx_main_chain(h));
    rx_jw_kv_time(w, "timestamp", h->as_of);
    rx_jw_kv_cstr(w, "lot_method", rx_lot_method_name(report->method));
    rx_jw_key(w, "timeframe");
    rx_jw_begin_object(w);
    rx_jw_kv_time(w, "from", s.from);
    rx_jw_kv_time(w, "to", s.to);
    rx_jw_kv_cstr(w, "period", rx_period_name(report->period));
    rx_jw_end_object(w);
    write_win_rate(w, h, &s);
    write_pnl(w, h, &s);
    write_performance(w, &s);
    int rc = write_groups(w, report, true);
    if (rc == 0) {
        rc = write_groups(w, report, false);
    }
    if (rc == 0) {
        rx_write_trades(w, report, s.from);
        rx_write_behaviour(w, report);
        rx_write_related(w, report);
        write_ranking(w, report);
        rx_jw_end_object(w);
    }
    return rc;
}
