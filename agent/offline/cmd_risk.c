// SPDX-License-Identifier: Apache-2.0
/* radarx-agent risk: risk and flags of a token from stored answers of other services, and the table
 * of rules. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "agent/offline/commands.h"
#include "agent/offline/facts_input.h"
#include "agent/offline/risk_page.h"
#include "common/base/parse.h"

#define MAX_OUTPUT    (8u << 20)
#define MAX_SNAPSHOTS 16

static const char usage[] =
    "usage: radarx-agent risk [--snapshot FILE]... [--feature NAME=VALUE]... [--token ADDRESS]\n"
    "                         [--rug P24[,P7]] [--chain evm|solana] [--weights JSON]\n"
    "                         [--observed-at SECONDS] [--json]\n"
    "       radarx-agent risk --rules [--json | --markdown]\n"
    "\n"
    "  --snapshot FILE        the body of an answer of GoPlus, RugCheck, honeypot.is or\n"
    "                         DexScreener; which one is found out (at most 16)\n"
    "  --feature NAME=VALUE   a feature of the registry; wins over the answers\n"
    "  --token ADDRESS        the wanted token, when an answer is about several\n"
    "  --rug P24[,P7]         probability of a rug pull within a day and a week, 0 to 1\n"
    "  --chain evm|solana     which rules apply (default: as the answers say, else evm)\n"
    "  --weights JSON         weights of the composite: rug, dev, distribution,\n"
    "                         social_manipulation, liquidity (sum 1), unknown (0 to 0.5)\n"
    "  --observed-at SECONDS  when the answers came, Unix time (default: the files' times)\n"
    "  --json                 a JSON document in place of the page\n"
    "  --rules                the table of rules\n";

struct arguments {
    const char *snapshots[MAX_SNAPSHOTS];
    size_t n_snapshots;
    const char *token;
    double x[RX_F_MAX];
    struct rx_risk_rug rug;
    struct rx_risk_weights weights;
    enum rx_risk_chain chain; /* 0 = as the answers say */
    int64_t observed_at;
    bool json, rules, markdown;
};

static int parse_feature(const char *text, struct arguments *args, struct rx_error *err)
{
    struct rx_str rest = rx_str_of(text);
    struct rx_str name;
    if (!rx_str_cut(&rest, '=', &name) || !rest.p) {
        return rx_error_set(err, RX_EINVALID, "--feature %s: NAME=VALUE expected", text);
    }
    const enum rx_feature feature = rx_feature_find(name);
    if (feature == RX_F_INVALID) {
        return rx_error_set(err, RX_EINVALID, "--feature %s: no such feature", text);
    }
    const struct rx_feature_info *info = rx_feature_info(feature);
    double value;
    if (rx_parse_double(rest, &value) < 0 || value < info->min || value > info->max) {
        return rx_error_set(err, RX_EINVALID, "--feature %s: a number from %g to %g expected", text,
                            info->min, info->max);
    }
    args->x[feature] = value;
    return 0;
}

static int parse_rug(const char *text, struct arguments *args, struct rx_error *err)
{
    struct rx_risk_range *ranges[] = {&args->rug.day, &args->rug.week};
    struct rx_str rest = rx_str_of(text);
    struct rx_str part;
    size_t n = 0;
    while (rx_str_cut(&rest, ',', &part)) {
        double p;
        if (n == 2 || rx_parse_double(part, &p) < 0 || !(p >= 0 && p <= 1)) {
            return rx_error_set(err, RX_EINVALID,
                                "--rug %s: one or two numbers from 0 to 1 expected", text);
        }
        *ranges[n++] = (struct rx_risk_range){p, p, p};
    }
    return 0;
}

static int parse_chain(const char *text, struct arguments *args, struct rx_error *err)
{
    if (strcmp(text, "evm") != 0 && strcmp(text, "solana") != 0) {
        return rx_error_set(err, RX_EINVALID, "--chain %s: evm or solana expected", text);
    }
    args->chain = strcmp(text, "evm") == 0 ? RX_RISK_EVM : RX_RISK_SOLANA;
    return 0;
}

static int parse_value(int opt, struct arguments *args, struct rx_error *err)
{
    switch (opt) {
    case 's':
        if (args->n_snapshots == MAX_SNAPSHOTS) {
            return rx_error_set(err, RX_ELIMIT, "more than %d times --snapshot", MAX_SNAPSHOTS);
        }
        args->snapshots[args->n_snapshots++] = optarg;
        return 0;
    case 'f':
        return parse_feature(optarg, args, err);
    case 't':
        args->token = optarg;
        return 0;
    case 'r':
        return parse_rug(optarg, args, err);
    case 'c':
        return parse_chain(optarg, args, err);
    case 'w':
        return rx_risk_weights_parse(rx_str_of(optarg), &args->weights, err);
    case 'o':
        return rx_parse_i64(rx_str_of(optarg), 0, INT64_MAX / 1000, &args->observed_at) == 0
                   ? 0
                   : rx_error_set(err, RX_EINVALID, "--observed-at %s: Unix seconds expected",
                                  optarg);
    case 'j':
        args->json = true;
        return 0;
    case 'R':
        args->rules = true;
        return 0;
    case 'M':
        args->markdown = true;
        return 0;
    default:
        return rx_error_set(err, RX_EINVALID, "see radarx-agent risk --help");
    }
}

/* 0, 1 when the help was asked for, or an error. */
static int parse_arguments(int argc, char **argv, struct arguments *args, struct rx_error *err)
{
    static const struct option options[] = {
        {"snapshot", required_argument, NULL, 's'},
        {"feature", required_argument, NULL, 'f'},
        {"token", required_argument, NULL, 't'},
        {"rug", required_argument, NULL, 'r'},
        {"chain", required_argument, NULL, 'c'},
        {"weights", required_argument, NULL, 'w'},
        {"observed-at", required_argument, NULL, 'o'},
        {"json", no_argument, NULL, 'j'},
        {"rules", no_argument, NULL, 'R'},
        {"markdown", no_argument, NULL, 'M'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    static const struct rx_risk_range none = {RX_NAN, RX_NAN, RX_NAN};
    args->rug = (struct rx_risk_rug){none, none};
    args->weights = rx_risk_weights_default();
    args->observed_at = -1;
    for (int i = 0; i < RX_F_MAX; i++) {
        args->x[i] = RX_NAN;
    }
    optind = 1;
    int opt = 0;
    while ((opt = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        if (opt == 'h') {
            return 1;
        }
        const int rc = parse_value(opt, args, err);
        if (rc < 0) {
            return rc;
        }
    }
    if (optind < argc) {
        return rx_error_set(err, RX_EINVALID, "unexpected argument '%s'", argv[optind]);
    }
    if (args->markdown && (!args->rules || args->json)) {
        return rx_error_set(err, RX_EINVALID, "--markdown goes with --rules alone");
    }
    return 0;
}

static void put_json(const struct rx_facts *facts, const struct rx_risk_result *result, int64_t now,
                     struct rx_buf *out)
{
    struct rx_jw w;
    rx_jw_init(&w, out);
    rx_jw_begin_object(&w);
    rx_jw_key(&w, "risk_score");
    rx_jw_begin_object(&w);
    rx_risk_write(&w, result);
    rx_jw_end_object(&w);
    rx_jw_key(&w, "facts");
    rx_facts_write(&w, facts, now);
    rx_jw_end_object(&w);
    rx_buf_putc(out, '\n');
}

static int compute(struct arguments *args, struct rx_buf *out, struct rx_error *err)
{
    static struct rx_risk_result result;
    static struct rx_facts facts;
    bool any_solana = false;
    rx_facts_init(&facts);
    for (size_t i = 0; i < args->n_snapshots; i++) {
        bool solana = false;
        const struct rx_str token = rx_str_of(args->token);
        int rc = rx_facts_read(args->snapshots[i], token, args->observed_at, &facts, &solana, err);
        if (rc < 0) {
            return rc;
        }
        any_solana = any_solana || solana;
    }
    rx_facts_apply(&facts, args->x);
    const enum rx_risk_chain found = any_solana ? RX_RISK_SOLANA : RX_RISK_EVM;
    rx_risk_compute(args->x, &args->rug, &args->weights, args->chain ? args->chain : found,
                    &result);
    if (args->json) {
        const int64_t now = args->observed_at >= 0 ? args->observed_at : (int64_t)time(NULL);
        put_json(&facts, &result, now, out);
    } else {
        rx_risk_page(&result, out);
    }
    return 0;
}

static int run(struct arguments *args, struct rx_error *err)
{
    rx_auto(buf) struct rx_buf out = RX_BUF_INIT(MAX_OUTPUT);
    int rc = 0;
    if (args->rules) {
        (args->json       ? rx_risk_rules_json
         : args->markdown ? rx_risk_rules_markdown
                          : rx_risk_rules_page)(&out);
    } else {
        rc = compute(args, &out, err);
    }
    rc = rc == 0 ? rx_buf_error(&out, err) : rc;
    if (rc == 0 && fwrite(out.p, 1, out.n, stdout) != out.n) {
        rc = rx_error_errno(err, errno, "standard output");
    }
    return rc;
}

int rx_cmd_risk(int argc, char **argv)
{
    static struct arguments args;
    struct rx_error err = {0};
    int rc = parse_arguments(argc, argv, &args, &err);
    if (rc == 1) {
        fputs(usage, stdout);
        return 0;
    }
    const int usage_error = rc < 0 ? 2 : 1;
    rc = rc < 0 ? rc : run(&args, &err);
    if (rc < 0) {
        fprintf(stderr, "radarx-agent risk: %s\n", err.msg);
        return usage_error;
    }
    return 0;
}
