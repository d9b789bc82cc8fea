// SPDX-License-Identifier: Apache-2.0
#include "agent/offline/wallet_table.h"

#include <math.h>
#include <stdlib.h>

#include "common/base/clock.h"

void rx_table_number(struct rx_buf *out, double value, int width, int digits)
{
    if (isnan(value)) {
        rx_buf_printf(out, "%*s", width, "-");
    } else {
        rx_buf_printf(out, "%*.*f", width, digits, value);
    }
}

static void line(struct rx_buf *out, const char *label, double value, int digits)
{
    rx_buf_printf(out, "  %-28s", label);
    rx_table_number(out, value, 16, digits);
    rx_buf_putc(out, '\n');
}

static void money_line(struct rx_buf *out, const char *label, rx_money value)
{
    line(out, label, rx_money_to_double(value), 2);
}

static void percent(struct rx_buf *out, double share, int width)
{
    rx_table_number(out, share * 100, width, 1);
}

static void win_lines(struct rx_buf *out, const struct rx_history *h)
{
    rx_buf_puts(out, "\nWin rate            %    95 % interval    wins  trades\n");
    for (int i = 0; i < RX_PERIOD_MAX; i++) {
        struct rx_wallet_summary s;
        rx_wallet_summarise(h, (enum rx_period)i, &s);
        rx_buf_printf(out, "  %-10s", rx_period_name((enum rx_period)i));
        percent(out, s.win.rate, 10);
        percent(out, s.win.lo, 8);
        rx_buf_puts(out, " -");
        percent(out, s.win.hi, 6);
        rx_buf_printf(out, "%8zu%8zu\n", s.win.wins, s.win.n);
    }
}

static void summary_lines(struct rx_buf *out, const struct rx_wallet_summary *s)
{
    const double none = (double)NAN;
    const struct rx_performance *p = s->has_performance ? &s->performance : NULL;
    rx_buf_puts(out, "\nResult\n");
    money_line(out, "realised PnL, USD", s->realised);
    money_line(out, "unrealised PnL, USD", s->unrealised);
    money_line(out, "total PnL, USD", s->realised + s->unrealised);
    line(out, "average a trade, USD", s->average, 2);
    money_line(out, "best trade, USD", s->best);
    money_line(out, "worst trade, USD", s->worst);
    money_line(out, "bought, USD", s->buy_volume);
    money_line(out, "sold, USD", s->sell_volume);
    money_line(out, "fees, USD", s->fees + s->transfer_fees);
    line(out, "return on units sold, %", s->roi * 100, 1);
    line(out, "profit factor", s->profit_factor, 2);
    line(out, "Sharpe ratio, a year", p ? p->sharpe : none, 2);
    line(out, "  standard error", p ? p->sharpe_se : none, 2);
    line(out, "Sortino ratio, a year", p ? p->sortino : none, 2);
    line(out, "largest drawdown, %", p ? p->max_drawdown * 100 : none, 1);
    line(out, "days of returns", p ? (double)p->n : 0, 0);
    line(out, "hours held, mean", s->hours, 1);
    line(out, "trades a day", s->per_day, 2);
    if (s->unknown_basis > 0 || s->transfers_unknown > 0) {
        rx_buf_printf(out,
                      "  %zu sells took coins of unknown basis (%.2f USD), not counted above; "
                      "%zu transfers in had none\n",
                      s->unknown_basis, rx_money_to_double(s->unknown_proceeds),
                      s->transfers_unknown);
    }
    if (s->unpriced_holdings > 0) {
        rx_buf_printf(out, "  %zu holdings have no price and are not counted above\n",
                      s->unpriced_holdings);
    }
}

static struct rx_str token_label(const struct rx_trades *trades, uint32_t id)
{
    const struct rx_token *token = rx_trades_token_at(trades, id);
    return rx_trades_text(trades, token->symbol != RX_NAME_NONE ? token->symbol : token->address);
}

static void token_lines(struct rx_buf *out, const struct rx_wallet_report *report)
{
    rx_autofree struct rx_wallet_group *groups = NULL;
    size_t n = 0;
    if (rx_wallet_group_tokens(report->history, report->period, &groups, &n) < 0) {
        out->error = -1;
        return;
    }
    rx_buf_puts(out, "\nToken                trades   win %      realised    unrealised"
                     "        volume  last trade\n");
    for (size_t i = 0; i < n && i < 20; i++) {
        const struct rx_wallet_group *g = &groups[i];
        const struct rx_str label = token_label(report->history->trades, g->id);
        char time[RX_TIME_LEN];
        rx_buf_printf(out, "  %-18.*s%7zu", (int)(label.n < 18 ? label.n : 18), label.p, g->trades);
        percent(out, g->win.rate, 8);
        rx_table_number(out, rx_money_to_double(g->realised), 14, 2);
        rx_table_number(out, rx_money_to_double(g->unrealised), 14, 2);
        rx_table_number(out, rx_money_to_double(g->volume), 14, 2);
        rx_buf_printf(out, "  %s\n",
                      g->last == RX_TIME_UNKNOWN ? "-" : rx_time_format_s(g->last, time));
    }
    if (n > 20) {
        rx_buf_printf(out, "  and %zu more (--json tells all)\n", n - 20);
    }
}

static void behaviour_lines(struct rx_buf *out, const struct rx_behaviour *b)
{
    rx_buf_puts(out, "\nBehaviour                  value  limit     n  confidence\n");
    for (int i = 0; i < RX_TAG_MAX; i++) {
        const struct rx_tag_result *tag = &b->tags[i];
        const struct rx_tag_rule *rule = rx_tag_rule((enum rx_tag)i);
        rx_buf_printf(out, "  %c %-21s", tag->set ? '*' : ' ', rule->name);
        rx_table_number(out, tag->value, 8, 2);
        rx_buf_printf(out, "%7.2f%6zu", rule->threshold, tag->n);
        rx_table_number(out, tag->confidence, 12, 2);
        rx_buf_putc(out, '\n');
    }
    rx_buf_puts(out, "  bot score               ");
    rx_table_number(out, b->bot.score, 7, 2);
    rx_buf_printf(out, "  (%.0f %% of the evidence known)\n", b->bot.known_share * 100);
    rx_buf_puts(out, "  wash score              ");
    rx_table_number(out, b->wash.score, 7, 2);
    rx_buf_printf(out, "  (%.0f %% of the evidence known)\n", b->wash.known_share * 100);
}

static void related_lines(struct rx_buf *out, const struct rx_wallet_report *report)
{
    if (report->n_related == 0) {
        return;
    }
    rx_buf_puts(out, "\nRelated wallet                               relation         score"
                     "  tokens  events\n");
    for (size_t i = 0; i < report->n_related; i++) {
        const struct rx_related *r = &report->related[i];
        const struct rx_str name = rx_trades_text(report->history->trades, r->wallet);
        rx_buf_printf(out, "  %-42.*s %-15s%7.2f%8zu%8zu\n", RX_STR_ARG(name),
                      rx_relation_name(r->relation), r->score, r->shared_tokens, r->events);
    }
}

void rx_wallet_table(struct rx_buf *out, const struct rx_wallet_report *report)
{
    const struct rx_history *h = report->history;
    struct rx_wallet_summary s;
    char from[RX_TIME_LEN];
    char to[RX_TIME_LEN];
    rx_wallet_summarise(h, report->period, &s);
    for (size_t i = 0; i < h->n_wallets; i++) {
        const struct rx_str name = rx_trades_text(h->trades, h->wallets[i]);
        rx_buf_printf(out, "%s %.*s\n", i == 0 ? "Wallet" : "      ", RX_STR_ARG(name));
    }
    rx_buf_printf(out, "  %s to %s (%s), %s lots, %zu buys, %zu sells, %zu transfers\n",
                  s.from == RX_TIME_UNKNOWN ? "-" : rx_time_format_s(s.from, from),
                  s.to == RX_TIME_UNKNOWN ? "-" : rx_time_format_s(s.to, to),
                  rx_period_name(report->period), rx_lot_method_name(report->method), s.buys,
                  s.sells, s.transfers);
    summary_lines(out, &s);
    win_lines(out, h);
    token_lines(out, report);
    if (report->behaviour) {
        behaviour_lines(out, report->behaviour);
    }
    related_lines(out, report);
    const struct rx_rank_row *row =
        report->ranking ? rx_ranking_find(report->ranking, h->wallet) : NULL;
    if (row && row->global_rank > 0) {
        rx_buf_printf(out, "\nRank %zu of %zu wallets, percentile %.3f\n", row->global_rank,
                      report->ranking->n_ranked, row->percentile);
    }
}

void rx_ranking_table(struct rx_buf *out, const struct rx_trades *trades,
                      const struct rx_ranking *ranking, const size_t *page, size_t n, size_t total)
{
    rx_buf_puts(out, "  rank  wallet                                      win %  shrunk %  trades"
                     "      realised        volume  percentile\n");
    for (size_t i = 0; i < n; i++) {
        const struct rx_rank_row *row = &ranking->rows[page[i]];
        const struct rx_str name = rx_trades_text(trades, row->wallet);
        if (row->global_rank > 0) {
            rx_buf_printf(out, "%6zu", row->global_rank);
        } else {
            rx_buf_printf(out, "%6s", "-");
        }
        rx_buf_printf(out, "  %-42.*s", RX_STR_ARG(name));
        percent(out, row->win.rate, 7);
        percent(out, row->shrunk, 10);
        rx_buf_printf(out, "%8zu", row->trades);
        rx_table_number(out, rx_money_to_double(row->realised), 14, 2);
        rx_table_number(out, rx_money_to_double(row->volume), 14, 2);
        rx_table_number(out, row->percentile, 12, 3);
        rx_buf_putc(out, '\n');
    }
    rx_buf_printf(out, "%zu of %zu wallets\n", n, total);
}
