// SPDX-License-Identifier: Apache-2.0
/* radarx-agent backtest: a model on recorded pools, walked forward in time. */
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "agent/engine/backtest/backtest.h"
#include "agent/engine/score/score.h"
#include "agent/offline/cmd_input.h"
#include "agent/offline/commands.h"
#include "agent/replay/replay.h"
#include "agent/replay/tapes.h"
#include "common/base/parse.h"

#define MAX_OUTPUT (4u << 20)

static const char usage[] =
    "usage: radarx-agent backtest --events FILE --pairs FILE [--lp FILE] [--model FILE]\n"
    "                             [--ages LIST] [--buy TARGET] [--guard TARGET|none]\n"
    "                             [--strategy NAME] [--OPTION NUMBER]... [--json]\n"
    "\n"
    "  --events, --pairs, --lp, --model, --ages   as of radarx-agent replay\n"
    "  --buy TARGET        bought on this probability (default x2_24h)\n"
    "  --guard TARGET      not bought when this one is high (default rug_24h)\n"
    "  --strategy NAME     threshold, quantile (default), kelly or every\n"
    "  --threshold X       least probability; quantile: top share of the last 200 (default 0.1)\n"
    "  --max-guard X       highest guard probability (default 0.3)\n"
    "  --capital WETH      at the start (default 100)\n"
    "  --stake X           share of the equity in one position (default 0.02)\n"
    "  --max-pool-share X  share of the pool's WETH in one position (default 0.01)\n"
    "  --gas WETH          a transaction (default 0.012)\n"
    "  --delay BLOCKS      between decision and execution (default 2)\n"
    "  --stop X            sell at this share of the entry price (default 0.5)\n"
    "  --max-open N        positions at a time (default 50)\n"
    "  --folds N           of equal numbers of decisions (default 5)\n"
    "  --audit N           decisions repeated without their future (default 200)\n"
    "  --no-recalibration  use the probabilities as the model gives them\n"
    "  --json              the report as JSON\n";

struct arguments {
    const char *events, *pairs, *lp, *model, *ages, *buy, *guard;
    bool json;
    struct rx_backtest_options options;
    struct rx_backtest_target targets[RX_MODEL_MAX_TARGETS];
};

/* ---- arguments ---- */

enum { TEXT_FIRST = 1000, NUMBER_FIRST = 2000 };

static const char *const text_names[] = {"events", "pairs", "lp",    "model",
                                         "ages",   "buy",   "guard", "strategy"};
static const char *const number_names[] = {"threshold",      "max-guard", "capital", "stake",
                                           "max-pool-share", "gas",       "delay",   "stop",
                                           "max-open",       "folds",     "audit"};

static int set_strategy(struct arguments *args, const char *name)
{
    for (int s = 0; s < RX_BACKTEST_STRATEGIES; s++) {
        if (strcmp(name, rx_backtest_strategy_name((enum rx_backtest_strategy)s)) == 0) {
            args->options.strategy = (enum rx_backtest_strategy)s;
            return 0;
        }
    }
    fprintf(stderr, "radarx-agent backtest: --strategy: threshold, quantile, kelly or every "
                    "expected\n");
    return -EINVAL;
}

static int set_text(struct arguments *args, size_t i, const char *value)
{
    const char **const into[] = {&args->events, &args->pairs, &args->lp,   &args->model,
                                 &args->ages,   &args->buy,   &args->guard};
    if (i == RX_ARRAY_LEN(into)) {
        return set_strategy(args, value);
    }
    *into[i] = value;
    return 0;
}

static int set_number(struct arguments *args, size_t i, const char *text)
{
    struct rx_backtest_options *o = &args->options;
    double *const reals[] = {&o->threshold,      &o->max_guard, &o->capital,      &o->stake,
                             &o->max_pool_share, &o->gas,       &o->delay_blocks, &o->stop};
    size_t *const counts[] = {&o->max_open, &o->folds, &o->audit};
    const bool whole = i >= RX_ARRAY_LEN(reals);
    uint64_t count;
    const int rc = whole ? rx_parse_u64(rx_str_of(text), RX_BACKTEST_MAX_DECISIONS, &count)
                         : rx_parse_double(rx_str_of(text), reals[i]);
    if (rc < 0) {
        fprintf(stderr, "radarx-agent backtest: --%s: a %s expected\n", number_names[i],
                whole ? "whole number" : "number");
        return -EINVAL;
    }
    if (whole) {
        *counts[i - RX_ARRAY_LEN(reals)] = (size_t)count;
    }
    return 0;
}

static int parse_option(struct arguments *args, int opt)
{
    if (opt >= NUMBER_FIRST) {
        return set_number(args, (size_t)(opt - NUMBER_FIRST), optarg);
    }
    if (opt >= TEXT_FIRST) {
        return set_text(args, (size_t)(opt - TEXT_FIRST), optarg);
    }
    if (opt == 'j') {
        args->json = true;
        return 0;
    }
    if (opt == 'n') {
        args->options.recalibrate = false;
        return 0;
    }
    fputs(usage, opt == 'h' ? stdout : stderr);
    return opt == 'h' ? 1 : -EINVAL;
}

/* 0, 1 = help was asked for, or negative. */
static int parse_arguments(int argc, char **argv, struct arguments *args)
{
    struct option options[RX_ARRAY_LEN(text_names) + RX_ARRAY_LEN(number_names) + 4] = {
        {"json", no_argument, NULL, 'j'},
        {"no-recalibration", no_argument, NULL, 'n'},
        {"help", no_argument, NULL, 'h'},
    };
    size_t n = 3;
    for (size_t i = 0; i < RX_ARRAY_LEN(text_names); i++) {
        options[n++] = (struct option){text_names[i], required_argument, NULL, TEXT_FIRST + (int)i};
    }
    for (size_t i = 0; i < RX_ARRAY_LEN(number_names); i++) {
        options[n++] =
            (struct option){number_names[i], required_argument, NULL, NUMBER_FIRST + (int)i};
    }
    *args = (struct arguments){.ages = "1h,6h,24h,72h",
                               .buy = "x2_24h",
                               .guard = "rug_24h",
                               .options = rx_backtest_defaults()};
    int opt;
    while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
        const int rc = parse_option(args, opt);
        if (rc != 0) {
            return rc;
        }
    }
    if (!args->events || !args->pairs || optind != argc) {
        fputs(usage, stderr);
        return -EINVAL;
    }
    return 0;
}

/* ---- the model as a scorer ---- */

struct scorer {
    const struct rx_model *model;
    struct rx_model_scratch *scratch;
};

/* The pool is built anew from the events of the moment, so nothing else can reach the answer. */
static int score(void *ctx, const struct rx_backtest_moment *m, double *p, struct rx_error *err)
{
    const struct scorer *scorer = ctx;
    rx_auto(pool) struct rx_pool *pool = NULL;
    double features[RX_F_MAX];
    struct rx_score answer;
    int rc = rx_pool_new(&m->tape->meta, &pool, err);
    for (size_t i = 0; i < m->seen && rc >= 0; i++) {
        rc = rx_pool_sync(pool, &m->tape->events[i], err);
    }
    for (size_t i = 0; i < m->seen_lps && rc >= 0 && m->tape->meta.lp; i++) {
        rc = rx_pool_lp_transfer(pool, &m->tape->lps[i], err);
    }
    if (rc < 0) {
        return rc;
    }
    rx_pool_features_at_age(pool, m->age_days, features);
    rx_score_targets(scorer->model, features, scorer->scratch, &answer);
    for (size_t t = 0; t < answer.n_targets; t++) {
        p[t] = answer.targets[t].p;
    }
    return 0;
}

/* "x10_7d" is 10 times within 7 days, "rug_24h" a rug within one. */
static int parse_target(const struct rx_model *model, size_t i, struct rx_backtest_target *ret,
                        struct rx_error *err)
{
    const char *name = rx_model_target_name(model, i);
    struct rx_str rest = rx_str_of(name), head;
    int64_t ms;
    ret->name = name;
    ret->multiplier = 0;
    ret->base_rate = rx_model_base_rate(model, i);
    bool good = rx_str_cut(&rest, '_', &head) && rest.n > 0 &&
                rx_parse_duration_ms(rest, 1, 365LL * 86400000, &ms) == 0;
    if (good && !rx_str_is(head, "rug")) {
        const struct rx_str digits = {head.p + 1, head.n > 0 ? head.n - 1 : 0};
        good = head.n > 1 && head.p[0] == 'x' && rx_parse_double(digits, &ret->multiplier) == 0;
    }
    if (!good) {
        return rx_error_set(err, RX_EINVALID,
                            "target %s: rug_HORIZON or xMULTIPLIER_HORIZON "
                            "expected",
                            name);
    }
    ret->horizon_days = (double)ms / 86400000;
    return 0;
}

static int set_targets(struct arguments *args, const struct rx_model *model, struct rx_error *err)
{
    struct rx_backtest_options *o = &args->options;
    o->targets = args->targets;
    o->n_targets = rx_model_targets(model);
    o->buy = rx_model_target_find(model, args->buy);
    o->guard = strcmp(args->guard, "none") == 0 ? -1 : rx_model_target_find(model, args->guard);
    if (o->buy < 0) {
        return rx_error_set(err, RX_EINVALID, "--buy: the model has no target %s", args->buy);
    }
    if (o->guard < 0 && strcmp(args->guard, "none") != 0) {
        return rx_error_set(err, RX_EINVALID, "--guard: the model has no target %s", args->guard);
    }
    for (size_t t = 0; t < o->n_targets; t++) {
        const int rc = parse_target(model, t, &args->targets[t], err);
        if (rc < 0) {
            return rc;
        }
    }
    return 0;
}

/* ---- the table ---- */

static void print_metrics(const char *name, const struct rx_quality *m)
{
    if (m->n == 0) {
        printf("%-9s  no label known by the end of the recording\n", name);
        return;
    }
    printf("%-9s %6zu %7.4f %7.4f", name, m->n, (double)m->positives / (double)m->n, m->mean_p);
    if (isnan(m->auc)) {
        printf("       -                  ");
    } else {
        printf("   %.3f [%.3f, %.3f]", m->auc, m->auc_lo, m->auc_hi);
    }
    printf("  %.4f  %+.3f  %.3f\n", m->brier, m->skill, m->ece_mass);
}

static void print_trades(const char *name, const struct rx_backtest_trades *t)
{
    printf("%-10s %6zu %5zu", name, t->n, t->open);
    if (t->n == 0) {
        puts("   no trade");
        return;
    }
    printf("   %4.1f %% [%4.1f, %4.1f]  %+8.2f  %+7.1f %%  %6.1f %%  %6.2f  %6.2f  %6.2f",
           100 * t->win_rate, 100 * t->win_lo, 100 * t->win_hi, t->profit, 100 * t->mean_return,
           -100 * t->max_drawdown, t->fees, t->slippage, t->gas);
    if (isnan(t->sharpe)) {
        puts("       -");
    } else {
        printf("  %5.2f +- %.2f\n", t->sharpe, t->sharpe_se);
    }
}

static void print_report(const struct rx_backtest_options *o, const struct rx_backtest_report *r)
{
    printf("%zu pools, %zu decisions, %zu answered\n\n", r->pools, r->decisions, r->answered);
    puts("target      rows    seen  mean p   AUC [95 %]               Brier   skill   ECE");
    for (size_t t = 0; t < r->n_targets; t++) {
        print_metrics(o->targets[t].name, &r->targets[t]);
    }
    printf("\n%s by folds in time, Brier as answered and as used\n", o->targets[o->buy].name);
    puts("  blocks                 decisions  labels before  answered  used   AUC");
    for (size_t f = 0; f < r->n_folds; f++) {
        const struct rx_backtest_fold *fold = &r->folds[f];
        printf("  %9llu..%-9llu %10zu %14zu  ", (unsigned long long)fold->from,
               (unsigned long long)fold->to, fold->decisions, fold->known_labels);
        if (fold->raw.n == 0) {
            puts("no label known by the end");
        } else {
            printf("%.4f    %.4f %.3f%s\n", fold->raw.brier, fold->used.brier, fold->used.auc,
                   fold->recalibrated ? "  recalibrated" : "");
        }
    }
    printf("\ntrades on %s (%s %g%s%s), in WETH from %g\n", o->targets[o->buy].name,
           rx_backtest_strategy_name(o->strategy), o->threshold, o->guard >= 0 ? ", guard " : "",
           o->guard >= 0 ? o->targets[o->guard].name : "", o->capital);
    puts("           closed  open   wins [95 %]               profit    mean   drawdown    fees    "
         "slip     gas  Sharpe");
    print_trades("strategy", &r->trades);
    print_trades("every pool", &r->every);
    printf("\nlook-ahead: %zu answers repeated without their future, %zu changed\n", r->audited,
           r->leaks);
}

static int print_json(const struct rx_backtest_options *o, const struct rx_backtest_report *r,
                      struct rx_error *err)
{
    rx_auto(buf) struct rx_buf out = RX_BUF_INIT(MAX_OUTPUT);
    struct rx_jw w;
    rx_jw_init(&w, &out);
    rx_backtest_write(&w, o, r);
    rx_buf_putc(&out, '\n');
    const int rc = rx_buf_error(&out, err);
    if (rc == 0) {
        fwrite(out.p, 1, out.n, stdout);
    }
    return rc;
}

static int run(struct arguments *args, struct rx_error *err)
{
    rx_auto(model) struct rx_model *model = NULL;
    rx_auto(model_scratch) struct rx_model_scratch *scratch = NULL;
    rx_auto(tables) struct rx_tables *tables = NULL;
    rx_auto(tapes) struct rx_tapes tapes = {0};
    struct rx_replay_options ages = {0};
    double days[RX_REPLAY_MAX_AGES];
    struct rx_backtest_report report;
    int rc = rx_replay_parse_ages(rx_str_of(args->ages), &ages, err);
    rc = rc < 0 ? rc : rx_cmd_load_model(args->model, &model, err);
    rc = rc < 0 ? rc : rx_model_scratch_new(model, &scratch, err);
    rc = rc < 0 ? rc : set_targets(args, model, err);
    rc = rc < 0 ? rc : rx_cmd_read_tables(args->pairs, args->events, args->lp, &tables, err);
    rc = rc < 0 ? rc : rx_tapes_make(tables, args->lp != NULL, &tapes, err);
    if (rc < 0) {
        return rc;
    }
    for (size_t i = 0; i < ages.n_ages; i++) {
        days[i] = ages.ages[i].days;
    }
    struct scorer scorer = {model, scratch};
    rc = rx_backtest_run(tapes.tapes, tapes.n, days, ages.n_ages, &args->options, score, &scorer,
                         &report, err);
    if (rc < 0) {
        return rc;
    }
    if (args->json) {
        rc = print_json(&args->options, &report, err);
    } else {
        print_report(&args->options, &report);
    }
    if (rc == 0 && fflush(stdout) != 0) {
        rc = rx_error_errno(err, errno, "standard output");
    }
    return rc;
}

int rx_cmd_backtest(int argc, char **argv)
{
    struct arguments args;
    struct rx_error err = {0};
    const int rc = parse_arguments(argc, argv, &args);
    if (rc != 0) {
        return rc > 0 ? 0 : 2;
    }
    if (run(&args, &err) < 0) {
        fprintf(stderr, "radarx-agent backtest: %s\n", err.msg);
        return 1;
    }
    return 0;
}
