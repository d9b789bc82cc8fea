// SPDX-License-Identifier: Apache-2.0
#include <math.h>

#include "agent/engine/wallet/report_json_core.h"

uint32_t rx_main_chain(const struct rx_history *h)
{
    uint32_t chain = RX_NAME_NONE;
    size_t lead = 0;
    for (size_t i = 0; i < h->n_rows; i++) {
        const uint32_t at = rx_trades_token_at(h->trades, h->rows[i]->token)->chain;
        if (lead == 0) {
            chain = at;
        }
        lead += at == chain ? 1 : (size_t)-1;
    }
    return chain;
}

static void write_token(struct rx_jw *w, const struct rx_trades *trades, uint32_t id)
{
    const struct rx_token *token = rx_trades_token_at(trades, id);
    rx_jw_kv_name(w, "token_address", trades, token->address);
    rx_jw_kv_name(w, "token_symbol", trades, token->symbol);
    rx_jw_kv_name(w, "chain", trades, token->chain);
}

/* Price of one token at which `value` was paid for `amount`; null when it cannot be told. */
static void write_price(struct rx_jw *w, const char *key, rx_money value,
                        const struct rx_u256 *amount, unsigned decimals)
{
    rx_price price;
    if (value == RX_MONEY_UNKNOWN || value < 0 || !rx_price_of(value, amount, decimals, &price)) {
        rx_jw_kv_null(w, key);
        return;
    }
    rx_jw_kv_double(w, key, rx_price_to_double(price));
}

static void write_id(struct rx_jw *w, const char *kind, uint32_t number)
{
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(64);
    rx_buf_printf(&text, "%s-%u", kind, number);
    rx_jw_kv_str(w, "trade_id", rx_buf_str(&text));
}

static void write_closed(struct rx_jw *w, const struct rx_history *h,
                         const struct rx_closed *closed)
{
    const struct rx_trade *row = closed->trade;
    const struct rx_fill *fill = &closed->fill;
    const unsigned decimals = rx_trades_token_at(h->trades, row->token)->decimals;
    const bool known = !rx_u256_is_zero(&fill->known);
    rx_jw_begin_object(w);
    write_id(w, "sell", row->row);
    write_token(w, h->trades, row->token);
    rx_jw_kv_name(w, "wallet", h->trades, row->wallet);
    rx_jw_kv_time(w, "entry_timestamp", fill->entry);
    rx_jw_kv_time(w, "exit_timestamp", row->time);
    write_price(w, "entry_price", known ? fill->cost : RX_MONEY_UNKNOWN, &fill->known, decimals);
    write_price(w, "exit_price", row->value, &row->amount, decimals);
    rx_jw_kv_amount(w, "quantity", &fill->known, decimals);
    rx_jw_kv_amount(w, "unknown_basis_quantity", &fill->unknown, decimals);
    rx_jw_kv_money(w, "entry_value_usd", known ? fill->cost : RX_MONEY_UNKNOWN);
    rx_jw_kv_money(w, "exit_value_usd", known ? fill->proceeds : RX_MONEY_UNKNOWN);
    rx_jw_kv_money(w, "pnl_usd", fill->pnl);
    rx_jw_kv_double(w, "roi", closed->roi);
    rx_jw_kv_double(w, "duration_hours", fill->held / 3600);
    rx_jw_kv_i64(w, "lots", (int64_t)fill->lots);
    rx_jw_kv_bool(w, "unknown_basis", !rx_u256_is_zero(&fill->unknown));
    rx_jw_kv_cstr(w, "status", "closed");
    rx_jw_end_object(w);
}

static void write_open(struct rx_jw *w, const struct rx_history *h, const struct rx_open *open,
                       uint32_t number)
{
    const unsigned decimals = rx_trades_token_at(h->trades, open->token)->decimals;
    const struct rx_lot *lot = &open->lot;
    const bool known = lot->cost != RX_MONEY_UNKNOWN;
    rx_jw_begin_object(w);
    write_id(w, "lot", number);
    write_token(w, h->trades, open->token);
    rx_jw_kv_name(w, "wallet", h->trades, open->wallet);
    rx_jw_kv_time(w, "entry_timestamp", lot->first);
    rx_jw_kv_null(w, "exit_timestamp");
    write_price(w, "entry_price", lot->cost, &lot->quantity, decimals);
    rx_jw_kv_null(w, "exit_price");
    rx_jw_kv_amount(w, "quantity", &lot->quantity, decimals);
    rx_jw_kv_money(w, "entry_value_usd", lot->cost);
    rx_jw_kv_null(w, "exit_value_usd");
    rx_jw_kv_null(w, "pnl_usd");
    rx_jw_kv_null(w, "roi");
    rx_jw_kv_double(w, "duration_hours", ((double)h->as_of - lot->time) / 3600);
    rx_jw_kv_bool(w, "unknown_basis", !known);
    rx_jw_kv_cstr(w, "status", "open");
    rx_jw_end_object(w);
}

void rx_write_trades(struct rx_jw *w, const struct rx_wallet_report *report, int64_t from)
{
    const struct rx_history *h = report->history;
    size_t in_period = 0;
    /* All time starts at the first row, which belongs to it. */
    const int64_t after = report->period == RX_PERIOD_ALL ? RX_TIME_UNKNOWN : from;
    while (in_period < h->n_closed && h->closed[h->n_closed - 1 - in_period].trade->time > after) {
        in_period++;
    }
    const size_t closed = in_period < report->max_trades ? in_period : report->max_trades;
    const size_t open = h->n_open < report->max_trades ? h->n_open : report->max_trades;
    rx_jw_key(w, "trades");
    rx_jw_begin_array(w);
    for (size_t i = 0; i < closed; i++) {
        write_closed(w, h, &h->closed[h->n_closed - 1 - i]);
    }
    for (size_t i = 0; i < open; i++) {
        write_open(w, h, &h->open[i], (uint32_t)i);
    }
    rx_jw_end_array(w);
    rx_jw_kv_i64(w, "trades_omitted", (int64_t)(in_period - closed + h->n_open - open));
}

static void write_score(struct rx_jw *w, const char *key, const struct rx_part_score *score)
{
    rx_jw_key(w, key);
    rx_jw_begin_object(w);
    rx_jw_kv_double(w, "score", score->score);
    rx_jw_kv_double(w, "upper", score->upper);
    rx_jw_kv_double(w, "known_share", score->known_share);
    rx_jw_key(w, "components");
    rx_jw_begin_array(w);
    for (size_t i = 0; i < score->n_parts; i++) {
        rx_jw_begin_object(w);
        rx_jw_kv_cstr(w, "name", score->parts[i].name);
        rx_jw_kv_double(w, "value", score->parts[i].value);
        rx_jw_kv_double(w, "weight", score->parts[i].weight);
        rx_jw_kv_i64(w, "n", (int64_t)score->parts[i].n);
        rx_jw_end_object(w);
    }
    rx_jw_end_array(w);
    rx_jw_end_object(w);
}

static void write_tags(struct rx_jw *w, const struct rx_behaviour *b)
{
    rx_jw_key(w, "pattern_tags");
    rx_jw_begin_array(w);
    for (int i = 0; i < RX_TAG_MAX; i++) {
        if (b->tags[i].set) {
            rx_jw_cstr(w, rx_tag_rule((enum rx_tag)i)->name);
        }
    }
    rx_jw_end_array(w);
    rx_jw_key(w, "tag_evidence");
    rx_jw_begin_array(w);
    for (int i = 0; i < RX_TAG_MAX; i++) {
        const struct rx_tag_rule *rule = rx_tag_rule((enum rx_tag)i);
        const struct rx_tag_result *tag = &b->tags[i];
        rx_jw_begin_object(w);
        rx_jw_kv_cstr(w, "tag", rule->name);
        rx_jw_kv_bool(w, "set", tag->set);
        rx_jw_kv_double(w, "value", tag->value);
        rx_jw_kv_double(w, "threshold", rule->threshold);
        rx_jw_kv_i64(w, "hits", (int64_t)tag->hits);
        rx_jw_kv_i64(w, "n", (int64_t)tag->n);
        rx_jw_kv_i64(w, "min_n", (int64_t)rule->min_n);
        rx_jw_kv_double(w, "confidence", tag->confidence);
        rx_jw_kv_cstr(w, "rule", rule->rule);
        rx_jw_end_object(w);
    }
    rx_jw_end_array(w);
}

void rx_write_behaviour(struct rx_jw *w, const struct rx_wallet_report *report)
{
    const struct rx_behaviour *b = report->behaviour;
    rx_jw_key(w, "behavioral_patterns");
    if (!b) {
        rx_jw_null(w);
        return;
    }
    rx_jw_begin_object(w);
    write_tags(w, b);
    rx_jw_kv_bool(w, "is_bot_like", b->is_bot_like);
    rx_jw_kv_bool(w, "is_smart_money", b->is_smart_money);
    rx_jw_kv_name(w, "copies_wallet", report->history->trades, b->copies_wallet);
    rx_jw_kv_double(w, "wash_trading_score", b->wash.score);
    write_score(w, "bot", &b->bot);
    write_score(w, "wash_trading", &b->wash);
    rx_jw_end_object(w);
}

void rx_write_related(struct rx_jw *w, const struct rx_wallet_report *report)
{
    rx_jw_key(w, "related_wallets");
    rx_jw_begin_array(w);
    for (size_t i = 0; i < report->n_related; i++) {
        const struct rx_related *r = &report->related[i];
        rx_jw_begin_object(w);
        rx_jw_kv_name(w, "wallet_address", report->history->trades, r->wallet);
        rx_jw_kv_cstr(w, "relationship_type", rx_relation_name(r->relation));
        rx_jw_kv_double(w, "correlation_score", r->score);
        rx_jw_kv_i64(w, "shared_tokens", (int64_t)r->shared_tokens);
        rx_jw_kv_i64(w, "events", (int64_t)r->events);
        rx_jw_kv_double(w, "leads", r->leads);
        rx_jw_kv_i64(w, "depth", r->depth);
        rx_jw_end_object(w);
    }
    rx_jw_end_array(w);
}

void rx_write_rank(struct rx_jw *w, const struct rx_ranking *ranking, const struct rx_rank_row *row)
{
    if (row->global_rank == 0) {
        rx_jw_kv_null(w, "global_rank");
        rx_jw_kv_null(w, "chain_rank");
        rx_jw_kv_null(w, "percentile");
    } else {
        rx_jw_kv_i64(w, "global_rank", (int64_t)row->global_rank);
        rx_jw_kv_i64(w, "chain_rank", (int64_t)row->chain_rank);
        rx_jw_kv_double(w, "percentile", row->percentile);
    }
    rx_jw_kv_double(w, "shrunk_win_rate", row->shrunk);
    rx_jw_kv_i64(w, "wallets_ranked", (int64_t)ranking->n_ranked);
}

void rx_ranking_write(struct rx_jw *w, const struct rx_trades *trades,
                      const struct rx_ranking *ranking, const size_t *page, size_t n)
{
    rx_jw_begin_array(w);
    for (size_t i = 0; i < n; i++) {
        const struct rx_rank_row *row = &ranking->rows[page ? page[i] : i];
        rx_jw_begin_object(w);
        rx_jw_kv_name(w, "wallet_address", trades, row->wallet);
        rx_jw_kv_name(w, "chain", trades, row->chain);
        rx_jw_kv_double(w, "win_rate", row->win.rate);
        rx_jw_kv_i64(w, "total_trades", (int64_t)row->trades);
        rx_jw_kv_money(w, "realized_pnl_usd", row->realised);
        rx_jw_kv_money(w, "total_volume_usd", row->volume);
        rx_jw_key(w, "ranking");
        rx_jw_begin_object(w);
        rx_write_rank(w, ranking, row);
        rx_jw_end_object(w);
        rx_jw_end_object(w);
    }
    rx_jw_end_array(w);
}
