// SPDX-License-Identifier: Apache-2.0
#include "agent/offline/score_args.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>

#include "common/base/parse.h"

static const char usage[] =
    "usage: radarx-agent score --events FILE --pairs FILE --pool ADDRESS [OPTION...]\n"
    "\n"
    "  --events FILE   Sync events: pool,block,logi,reserve0,reserve1 (CSV, plain or .gz)\n"
    "  --pairs FILE    pool,token,decimals,weth_pos; -999 decimals = unknown\n"
    "  --pool ADDRESS  the pair, 0x and 40 hex digits\n"
    "  --lp FILE       LP-token transfers: pool,block,logi,from,to,value\n"
    "  --transfers FILE  transfers of the token: token,block,logi,from,to,value[,time]\n"
    "  --locks FILE    LP locks: pool, unlock_block or unlock_time, share or amount\n"
    "  --creator ADDRESS  who made the token; with --creator-tokens N and --creator-rugs N: how\n"
    "                  many tokens that address made before, and how many of them were rugged\n"
    "  --snapshot FILE a stored answer of DexScreener, GoPlus, RugCheck, honeypot.is, ...; may\n"
    "                  be repeated\n"
    "  --at BLOCK      head block (default: the pool's last event)\n"
    "  --model FILE    probability model (default: the built-in one)\n"
    "  --risk-weights JSON  weights of the composite risk, like {\"rug\": 0.4, ...}\n"
    "  --json          a JSON document in place of the page\n";

enum option_id {
    EVENTS,
    PAIRS,
    LP,
    MODEL,
    TRANSFERS,
    LOCKS,
    TEXTS, /* the ones above are kept as they are */
    POOL = TEXTS,
    CREATOR,
    CREATOR_TOKENS,
    CREATOR_RUGS,
    SNAPSHOT,
    AT,
    WEIGHTS,
    JSON,
    HELP
};

static int bad(const char *option, const char *expected)
{
    fprintf(stderr, "radarx-agent score: --%s: %s expected\n", option, expected);
    return -EINVAL;
}

static int parse_address(const char *option, unsigned char *ret, bool *ret_has)
{
    *ret_has = true;
    if (rx_parse_hex_bytes(rx_str_of(optarg), ret, 20) < 0) {
        return bad(option, "0x and 40 hex digits");
    }
    return 0;
}

static int parse_count(const char *option, double *ret)
{
    uint64_t value;
    if (rx_parse_u64(rx_str_of(optarg), 1000000, &value) < 0) {
        return bad(option, "a number up to 1000000");
    }
    *ret = (double)value;
    return 0;
}

static int parse_weights(struct rx_score_args *args)
{
    struct rx_error err = {0};
    if (rx_risk_weights_parse(rx_str_of(optarg), &args->weights, &err) < 0) {
        fprintf(stderr, "radarx-agent score: --risk-weights: %s\n", err.msg);
        return -EINVAL;
    }
    return 0;
}

static int parse_value(enum option_id id, struct rx_score_args *args)
{
    switch (id) {
    case POOL:
        return parse_address("pool", args->pool, &args->has_pool);
    case CREATOR:
        return parse_address("creator", args->creator, &args->has_creator);
    case CREATOR_TOKENS:
        return parse_count("creator-tokens", &args->creator_tokens);
    case CREATOR_RUGS:
        return parse_count("creator-rugs", &args->creator_rugs);
    case SNAPSHOT:
        if (args->n_snapshots == RX_SCORE_MAX_SNAPSHOTS) {
            return bad("snapshot", "at most 16 of them");
        }
        args->snapshots[args->n_snapshots++] = optarg;
        return 0;
    case AT:
        args->has_at = true;
        return rx_parse_u64(rx_str_of(optarg), INT64_MAX, &args->at) < 0
                   ? bad("at", "a block number")
                   : 0;
    case WEIGHTS:
        return parse_weights(args);
    case JSON:
        args->json = true;
        return 0;
    default:
        fputs(usage, stdout);
        return 1;
    }
}

int rx_score_args_parse(int argc, char **argv, struct rx_score_args *args)
{
    static const struct option options[] = {
        {"events", required_argument, NULL, EVENTS},
        {"pairs", required_argument, NULL, PAIRS},
        {"lp", required_argument, NULL, LP},
        {"model", required_argument, NULL, MODEL},
        {"transfers", required_argument, NULL, TRANSFERS},
        {"locks", required_argument, NULL, LOCKS},
        {"pool", required_argument, NULL, POOL},
        {"creator", required_argument, NULL, CREATOR},
        {"creator-tokens", required_argument, NULL, CREATOR_TOKENS},
        {"creator-rugs", required_argument, NULL, CREATOR_RUGS},
        {"snapshot", required_argument, NULL, SNAPSHOT},
        {"at", required_argument, NULL, AT},
        {"risk-weights", required_argument, NULL, WEIGHTS},
        {"json", no_argument, NULL, JSON},
        {"help", no_argument, NULL, HELP},
        {NULL, 0, NULL, 0},
    };
    *args = (struct rx_score_args){.creator_tokens = RX_NAN, .creator_rugs = RX_NAN};
    args->weights = rx_risk_weights_default();
    const char **const texts[TEXTS] = {&args->events, &args->pairs,     &args->lp,
                                       &args->model,  &args->transfers, &args->locks};
    int opt;
    while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (opt == '?') {
            fputs(usage, stderr);
            return -EINVAL;
        }
        if (opt < TEXTS) {
            *texts[opt] = optarg;
            continue;
        }
        const int rc = parse_value((enum option_id)opt, args);
        if (rc != 0) {
            return rc;
        }
    }
    if (!args->events || !args->pairs || !args->has_pool || optind != argc) {
        fputs(usage, stderr);
        return -EINVAL;
    }
    return 0;
}
