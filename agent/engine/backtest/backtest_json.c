// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/backtest/backtest.h"

static void write_metrics(struct rx_jw *w, const char *key, const struct rx_quality *m)
{
    rx_jw_key(w, key);
    if (m->n == 0) {
        rx_jw_null(w); /* no label is known by the end of the recording */
        return;
    }
    rx_jw_begin_object(w);
    rx_jw_kv_i64(w, "rows", (int64_t)m->n);
    rx_jw_kv_i64(w, "positives", (int64_t)m->positives);
    rx_jw_kv_double(w, "mean_probability", m->mean_p);
    rx_jw_kv_double(w, "auc", m->auc);
    rx_jw_kv_double(w, "auc_lower", m->auc_lo);
    rx_jw_kv_double(w, "auc_upper", m->auc_hi);
    rx_jw_kv_double(w, "average_precision", m->average_precision);
    rx_jw_kv_double(w, "brier", m->brier);
    rx_jw_kv_double(w, "skill", m->skill);
    rx_jw_kv_double(w, "ece", m->ece_mass);
    rx_jw_kv_double(w, "observed_to_expected", m->oe);
    rx_jw_end_object(w);
}

static void write_fold(struct rx_jw *w, const struct rx_backtest_fold *fold)
{
    rx_jw_begin_object(w);
    rx_jw_kv_i64(w, "from_block", (int64_t)fold->from);
    rx_jw_kv_i64(w, "to_block", (int64_t)fold->to);
    rx_jw_kv_i64(w, "decisions", (int64_t)fold->decisions);
    rx_jw_kv_i64(w, "labels_known_before", (int64_t)fold->known_labels);
    rx_jw_kv_bool(w, "recalibrated", fold->recalibrated);
    write_metrics(w, "as_answered", &fold->raw);
    write_metrics(w, "as_used", &fold->used);
    rx_jw_end_object(w);
}

static void write_trades(struct rx_jw *w, const char *key, const struct rx_backtest_trades *t)
{
    rx_jw_key(w, key);
    rx_jw_begin_object(w);
    rx_jw_kv_i64(w, "closed", (int64_t)t->n);
    rx_jw_kv_i64(w, "open_at_the_end", (int64_t)t->open);
    rx_jw_kv_i64(w, "taken", (int64_t)t->taken);
    rx_jw_kv_i64(w, "stopped", (int64_t)t->stopped);
    rx_jw_kv_i64(w, "timed_out", (int64_t)t->timed_out);
    rx_jw_kv_double(w, "win_rate", t->win_rate);
    rx_jw_kv_double(w, "win_rate_lower", t->win_lo);
    rx_jw_kv_double(w, "win_rate_upper", t->win_hi);
    rx_jw_kv_double(w, "profit", t->profit);
    rx_jw_kv_double(w, "profit_factor", t->profit_factor);
    rx_jw_kv_double(w, "mean_return", t->mean_return);
    rx_jw_kv_double(w, "best", t->best);
    rx_jw_kv_double(w, "worst", t->worst);
    rx_jw_kv_double(w, "turnover", t->turnover);
    rx_jw_kv_double(w, "fees", t->fees);
    rx_jw_kv_double(w, "slippage", t->slippage);
    rx_jw_kv_double(w, "gas", t->gas);
    rx_jw_kv_double(w, "days", t->days);
    rx_jw_kv_double(w, "final_equity", t->final_equity);
    rx_jw_kv_double(w, "total_return", t->total_return);
    rx_jw_kv_double(w, "max_drawdown", t->max_drawdown);
    rx_jw_kv_double(w, "sharpe", t->sharpe);
    rx_jw_kv_double(w, "sharpe_standard_error", t->sharpe_se);
    rx_jw_end_object(w);
}

static void write_options(struct rx_jw *w, const struct rx_backtest_options *o)
{
    rx_jw_key(w, "options");
    rx_jw_begin_object(w);
    rx_jw_kv_cstr(w, "strategy", rx_backtest_strategy_name(o->strategy));
    rx_jw_kv_cstr(w, "buy", o->targets[o->buy].name);
    rx_jw_kv_cstr(w, "guard", o->guard >= 0 ? o->targets[o->guard].name : NULL);
    rx_jw_kv_double(w, "threshold", o->threshold);
    rx_jw_kv_double(w, "max_guard", o->max_guard);
    rx_jw_kv_double(w, "capital", o->capital);
    rx_jw_kv_double(w, "stake", o->stake);
    rx_jw_kv_double(w, "max_pool_share", o->max_pool_share);
    rx_jw_kv_double(w, "gas", o->gas);
    rx_jw_kv_double(w, "delay_blocks", o->delay_blocks);
    rx_jw_kv_double(w, "stop", o->stop);
    rx_jw_kv_i64(w, "max_open", (int64_t)o->max_open);
    rx_jw_kv_bool(w, "recalibrate", o->recalibrate);
    rx_jw_end_object(w);
}

void rx_backtest_write(struct rx_jw *w, const struct rx_backtest_options *options,
                       const struct rx_backtest_report *report)
{
    rx_jw_begin_object(w);
    write_options(w, options);
    rx_jw_kv_i64(w, "pools", (int64_t)report->pools);
    rx_jw_kv_i64(w, "decisions", (int64_t)report->decisions);
    rx_jw_kv_i64(w, "answered", (int64_t)report->answered);
    rx_jw_key(w, "targets");
    rx_jw_begin_object(w);
    for (size_t t = 0; t < report->n_targets; t++) {
        write_metrics(w, options->targets[t].name, &report->targets[t]);
    }
    rx_jw_end_object(w);
    rx_jw_key(w, "folds");
    rx_jw_begin_array(w);
    for (size_t f = 0; f < report->n_folds; f++) {
        write_fold(w, &report->folds[f]);
    }
    rx_jw_end_array(w);
    write_trades(w, "trades", &report->trades);
    write_trades(w, "every_pool", &report->every);
    rx_jw_key(w, "audit");
    rx_jw_begin_object(w);
    rx_jw_kv_i64(w, "repeated", (int64_t)report->audited);
    rx_jw_kv_i64(w, "leaks", (int64_t)report->leaks);
    rx_jw_end_object(w);
    rx_jw_end_object(w);
}
