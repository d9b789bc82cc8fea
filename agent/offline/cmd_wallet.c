// SPDX-License-Identifier: Apache-2.0
/* radarx-agent wallet: reports, rankings and the smart-wallet finder over recorded trades. */
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "agent/engine/wallet/trade_text.h"
#include "agent/offline/commands.h"
#include "agent/offline/wallet_find.h"
#include "agent/offline/wallet_input.h"
#include "agent/offline/wallet_table.h"
#include "common/base/parse.h"

#define MAX_OUTPUT ((size_t)256 << 20)

static const char usage[] =
    "usage: radarx-agent wallet --trades FILE [--prices FILE] [--wallet NAME]... [OPTION...]\n"
    "       radarx-agent wallet --trades FILE --find --token NAME... [--wallet NAME] [OPTION...]\n"
    "\n"
    "  --trades FILE      wallet,token,side,time,amount[,usd,price,fee,chain,symbol,decimals,dex,\n"
    "                     gas_price,tx,counterparty,listed]: CSV (plain or .gz) or .json\n"
    "  --prices FILE      token,time,price[,chain]: CSV (plain or .gz) or .json\n"
    "  --wallet NAME      the wallet to report on; several are one owner. Without it: the only\n"
    "                     wallet of the file, or a ranking of all\n"
    "  --method M         fifo (default), average or lifo\n"
    "  --period P         1d, 7d, 30d or all-time (default)\n"
    "  --as-of TIME       seconds since 1970 or RFC 3339 (default: the last row)\n"
    "  --max-trades N     trades listed (default 1000)\n"
    "  --json             JSON instead of tables\n"
    "\n"
    "Ranking: --sort win_rate|wilson|pnl|volume|trades|sharpe, --ascending, --chain NAME,\n"
    "  --min-win-rate P, --min-trades N, --min-pnl USD, --min-volume USD, --limit N (20),\n"
    "  --offset N\n"
    "Finder: --token NAME finds the wallets that trade it well; with --wallet the profile of one;\n"
    "  with several tokens all of them and a leaderboard. --chain NAME (ethereum),\n"
    "  --window-days N (30), --top-k N (100, of several tokens 10), --min-confidence P (0.5, of\n"
    "  several 0.6), --min-trade-usd USD,\n"
    "  --min-holdings-usd USD, --smart NAME (known to be good, repeatable),\n"
    "  --include-internal-transfers\n";

enum option_id {
    OPT_TRADES = 256,
    OPT_PRICES,
    OPT_WALLET,
    OPT_METHOD,
    OPT_PERIOD,
    OPT_AS_OF,
    OPT_MAX_TRADES,
    OPT_JSON,
    OPT_SORT,
    OPT_ASCENDING,
    OPT_CHAIN,
    OPT_MIN_WIN_RATE,
    OPT_MIN_TRADES,
    OPT_MIN_PNL,
    OPT_MIN_VOLUME,
    OPT_LIMIT,
    OPT_OFFSET,
    OPT_FIND,
    OPT_TOKEN,
    OPT_SMART,
    OPT_WINDOW_DAYS,
    OPT_TOP_K,
    OPT_MIN_CONFIDENCE,
    OPT_MIN_TRADE_USD,
    OPT_MIN_HOLDINGS_USD,
    OPT_INTERNAL,
    OPT_HELP,
};

struct arguments {
    const char *trades, *prices, *chain;
    const char *wallets[RX_OWNER_MAX];
    size_t n_wallets;
    enum rx_lot_method method;
    enum rx_period period;
    int64_t as_of;
    uint64_t max_trades, limit, offset, min_trades;
    bool json, find, ascending;
    enum rx_rank_metric sort;
    double min_win_rate;
    rx_money min_pnl, min_volume;
    struct rx_find_arguments finder;
};

static const struct option options[] = {
    {"trades", required_argument, NULL, OPT_TRADES},
    {"prices", required_argument, NULL, OPT_PRICES},
    {"wallet", required_argument, NULL, OPT_WALLET},
    {"method", required_argument, NULL, OPT_METHOD},
    {"period", required_argument, NULL, OPT_PERIOD},
    {"as-of", required_argument, NULL, OPT_AS_OF},
    {"max-trades", required_argument, NULL, OPT_MAX_TRADES},
    {"json", no_argument, NULL, OPT_JSON},
    {"sort", required_argument, NULL, OPT_SORT},
    {"ascending", no_argument, NULL, OPT_ASCENDING},
    {"chain", required_argument, NULL, OPT_CHAIN},
    {"min-win-rate", required_argument, NULL, OPT_MIN_WIN_RATE},
    {"min-trades", required_argument, NULL, OPT_MIN_TRADES},
    {"min-pnl", required_argument, NULL, OPT_MIN_PNL},
    {"min-volume", required_argument, NULL, OPT_MIN_VOLUME},
    {"limit", required_argument, NULL, OPT_LIMIT},
    {"offset", required_argument, NULL, OPT_OFFSET},
    {"find", no_argument, NULL, OPT_FIND},
    {"token", required_argument, NULL, OPT_TOKEN},
    {"smart", required_argument, NULL, OPT_SMART},
    {"window-days", required_argument, NULL, OPT_WINDOW_DAYS},
    {"top-k", required_argument, NULL, OPT_TOP_K},
    {"min-confidence", required_argument, NULL, OPT_MIN_CONFIDENCE},
    {"min-trade-usd", required_argument, NULL, OPT_MIN_TRADE_USD},
    {"min-holdings-usd", required_argument, NULL, OPT_MIN_HOLDINGS_USD},
    {"include-internal-transfers", no_argument, NULL, OPT_INTERNAL},
    {"help", no_argument, NULL, OPT_HELP},
    {NULL, 0, NULL, 0},
};

static const char *parse_share(const char *text, double *ret)
{
    const int rc = rx_parse_double(rx_str_of(text), ret);
    return rc < 0 || *ret < 0 || *ret > 1 ? "a number from 0 to 1" : NULL;
}

static const char *parse_count(const char *text, uint64_t max, uint64_t *ret)
{
    return rx_parse_u64(rx_str_of(text), max, ret) < 0 ? "a whole number within range" : NULL;
}

/* A sum of either sign. */
static const char *parse_money(const char *text, rx_money *ret)
{
    const bool negative = text[0] == '-';
    if (rx_money_parse(rx_str_of(text + negative), ret) < 0) {
        return "an amount of money";
    }
    *ret = negative ? -*ret : *ret;
    return NULL;
}

static const char *parse_range(const char *text, uint64_t min, uint64_t max, const char *expected,
                               uint64_t *ret)
{
    uint64_t value = 0;
    if (rx_parse_u64(rx_str_of(text), max, &value) < 0 || value < min) {
        return expected;
    }
    *ret = value;
    return NULL;
}

static const char *add_name(const char **names, size_t *n, size_t max, const char *name)
{
    if (*n == max) {
        return "fewer of them";
    }
    names[(*n)++] = name;
    return NULL;
}

/* What was expected instead, or NULL. */
static const char *parse_finder(int opt, struct rx_find_arguments *f)
{
    switch (opt) {
    case OPT_TOKEN:
        return add_name(f->tokens, &f->n_tokens, RX_FIND_MAX_TOKENS, optarg);
    case OPT_SMART:
        return add_name(f->smart, &f->n_smart, RX_FIND_MAX_SMART, optarg);
    case OPT_WINDOW_DAYS:
        return parse_range(optarg, 1, 365, "1 to 365", &f->window_days);
    case OPT_TOP_K:
        return parse_range(optarg, 1, 1000, "1 to 1000", &f->top_k);
    case OPT_MIN_CONFIDENCE:
        return parse_share(optarg, &f->min_confidence);
    case OPT_MIN_TRADE_USD:
        return parse_money(optarg, &f->min_trade);
    case OPT_MIN_HOLDINGS_USD:
        return parse_money(optarg, &f->min_holdings);
    default:
        f->internal_transfers = true;
        return NULL;
    }
}

static const char *parse_ranking(int opt, struct arguments *args)
{
    switch (opt) {
    case OPT_SORT:
        return rx_rank_metric_parse(rx_str_of(optarg), &args->sort) < 0
                   ? "win_rate, wilson, pnl, volume, trades or sharpe"
                   : NULL;
    case OPT_ASCENDING:
        args->ascending = true;
        return NULL;
    case OPT_MIN_WIN_RATE:
        return parse_share(optarg, &args->min_win_rate);
    case OPT_MIN_TRADES:
        return parse_count(optarg, RX_TRADES_MAX, &args->min_trades);
    case OPT_MIN_PNL:
        return parse_money(optarg, &args->min_pnl);
    case OPT_MIN_VOLUME:
        return parse_money(optarg, &args->min_volume);
    case OPT_LIMIT:
        return parse_count(optarg, RX_TRADES_MAX, &args->limit);
    default:
        return parse_count(optarg, RX_TRADES_MAX, &args->offset);
    }
}

static const char *parse_value(int opt, struct arguments *args)
{
    switch (opt) {
    case OPT_TRADES:
        args->trades = optarg;
        return NULL;
    case OPT_PRICES:
        args->prices = optarg;
        return NULL;
    case OPT_CHAIN:
        args->chain = optarg;
        return NULL;
    case OPT_JSON:
        args->json = true;
        return NULL;
    case OPT_FIND:
        args->find = true;
        return NULL;
    case OPT_WALLET:
        return add_name(args->wallets, &args->n_wallets, RX_OWNER_MAX, optarg);
    case OPT_METHOD:
        return rx_lot_method_parse(rx_str_of(optarg), &args->method) < 0 ? "fifo, average or lifo"
                                                                         : NULL;
    case OPT_PERIOD:
        return rx_period_parse(rx_str_of(optarg), &args->period) < 0 ? "1d, 7d, 30d or all-time"
                                                                     : NULL;
    case OPT_AS_OF:
        return rx_trade_time_parse(rx_str_of(optarg), &args->as_of) < 0
                   ? "seconds since 1970 or an RFC 3339 time"
                   : NULL;
    case OPT_MAX_TRADES:
        return parse_count(optarg, RX_TRADES_MAX, &args->max_trades);
    default:
        return opt >= OPT_FIND ? parse_finder(opt, &args->finder) : parse_ranking(opt, args);
    }
}

static int check_arguments(const struct arguments *args, int argc)
{
    const char *wrong = NULL;
    if (!args->trades || optind != argc) {
        wrong = "--trades FILE is expected, and no other words";
    } else if (args->find && args->finder.n_tokens == 0) {
        wrong = "--find: --token NAME is expected";
    } else if (!args->find && args->finder.n_tokens > 0) {
        wrong = "--token: --find is expected with it";
    } else if (args->find && args->n_wallets > 0 &&
               (args->n_wallets > 1 || args->finder.n_tokens > 1)) {
        wrong = "--find: a profile is of one wallet and one token";
    }
    if (wrong) {
        fprintf(stderr, "radarx-agent wallet: %s\n\n%s", wrong, usage);
    }
    return wrong ? -EINVAL : 0;
}

static int parse_arguments(int argc, char **argv, struct arguments *args)
{
    *args = (struct arguments){.period = RX_PERIOD_ALL,
                               .as_of = RX_TIME_UNKNOWN,
                               .max_trades = 1000,
                               .limit = 20,
                               .min_win_rate = (double)NAN,
                               .min_pnl = RX_MONEY_UNKNOWN,
                               .min_volume = RX_MONEY_UNKNOWN,
                               .finder = {.window_days = 30, .min_confidence = (double)NAN}};
    int opt;
    while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (opt == OPT_HELP) {
            fputs(usage, stdout);
            return 1;
        }
        if (opt == '?') {
            fputs(usage, stderr);
            return -EINVAL;
        }
        const char *expected = parse_value(opt, args);
        if (expected) {
            fprintf(stderr, "radarx-agent wallet: --%s: %s expected, got '%s'\n",
                    options[opt - OPT_TRADES].name, expected, optarg);
            return -EINVAL;
        }
    }
    return check_arguments(args, argc);
}

static int find_wallet(const struct rx_trades *trades, const char *name, uint32_t *ret,
                       struct rx_error *err)
{
    const uint32_t id = rx_trades_find_name(trades, rx_str_of(name));
    if (id == RX_NAME_NONE || rx_trades_of_wallet(trades, id).n == 0) {
        return rx_error_set(err, RX_EINVALID, "--wallet: the trades have no wallet '%.100s'", name);
    }
    *ret = id;
    return 0;
}

static int rank(const struct rx_trades *trades, const struct arguments *args,
                struct rx_ranking **ret, struct rx_error *err)
{
    const struct rx_ranking_options ranking = {.method = args->method,
                                               .metric = args->sort,
                                               .period = args->period,
                                               .min_trades = 1,
                                               .as_of = args->as_of};
    return rx_ranking_new(trades, &ranking, ret, err);
}

/* Those whose win rate stays above a half when it is shrunk and bounded from below. */
static int mark_smart(const struct rx_trades *trades, const struct rx_ranking *ranking, bool **ret,
                      struct rx_error *err)
{
    bool *smart = calloc(rx_trades_names(trades) + 1, sizeof(*smart));
    if (!smart) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    for (size_t i = 0; i < ranking->n; i++) {
        const struct rx_rank_row *row = &ranking->rows[i];
        smart[row->wallet] = row->win.n >= 10 && row->win.lo >= .5 && row->realised > 0;
    }
    *ret = smart;
    return 0;
}

static int report(const struct rx_trades *trades, const struct arguments *args,
                  const uint32_t *wallets, size_t n_wallets, struct rx_buf *out,
                  struct rx_error *err)
{
    rx_auto(history) struct rx_history *history = NULL;
    rx_auto(ranking) struct rx_ranking *ranking = NULL;
    rx_autofree struct rx_related *related = NULL;
    rx_autofree bool *smart = NULL;
    const struct rx_history_options history_options = {.wallets = wallets,
                                                       .n_wallets = n_wallets,
                                                       .method = args->method,
                                                       .as_of = args->as_of,
                                                       .returns = true};
    int rc = rx_history_new(trades, &history_options, &history, err);
    rc = rc < 0 ? rc : rank(trades, args, &ranking, err);
    rc = rc < 0 ? rc : mark_smart(trades, ranking, &smart, err);
    if (rc < 0) {
        return rc;
    }
    const struct rx_related_options related_options = {.wallets = wallets,
                                                       .n_wallets = n_wallets,
                                                       .as_of = history->as_of,
                                                       .min_score = .1,
                                                       .max = 20};
    struct rx_wallet_report r = {.history = history,
                                 .method = args->method,
                                 .period = args->period,
                                 .ranking = ranking,
                                 .max_trades = args->max_trades};
    struct rx_behaviour behaviour;
    rc = rx_related_find(trades, &related_options, &related, &r.n_related, NULL);
    if (rc == 0) {
        r.related = related;
        const struct rx_behaviour_context context = {related, r.n_related, smart};
        rc = rx_behaviour_compute(history, &context, &behaviour);
    }
    if (rc < 0) {
        return rx_error_set(err, rc, "out of memory");
    }
    r.behaviour = &behaviour;
    if (!args->json) {
        rx_wallet_table(out, &r);
        return 0;
    }
    struct rx_jw w;
    rx_jw_init(&w, out);
    rc = rx_wallet_report_write(&w, &r);
    rx_buf_putc(out, '\n');
    return rc < 0 ? rx_error_set(err, rc, "out of memory") : 0;
}

static int list(const struct rx_trades *trades, const struct arguments *args, struct rx_buf *out,
                struct rx_error *err)
{
    rx_auto(ranking) struct rx_ranking *ranking = NULL;
    rx_autofree size_t *page = NULL;
    int rc = rank(trades, args, &ranking, err);
    if (rc < 0) {
        return rc;
    }
    struct rx_search_query query = {.chain = RX_NAME_NONE,
                                    .min_win_rate = args->min_win_rate,
                                    .min_trades = args->min_trades,
                                    .min_pnl = args->min_pnl,
                                    .min_volume = args->min_volume,
                                    .sort = args->sort,
                                    .ascending = args->ascending,
                                    .limit = args->limit,
                                    .offset = args->offset};
    if (args->chain) {
        query.chain = rx_trades_find_name(trades, rx_str_of(args->chain));
        if (query.chain == RX_NAME_NONE) {
            return rx_error_set(err, RX_EINVALID, "--chain: the trades have no chain '%.100s'",
                                args->chain);
        }
    }
    size_t n = 0;
    size_t total = 0;
    rc = rx_ranking_search(ranking, &query, &page, &n, &total);
    if (rc < 0) {
        return rx_error_set(err, rc, "out of memory");
    }
    if (!args->json) {
        rx_ranking_table(out, trades, ranking, page, n, total);
        return 0;
    }
    struct rx_jw w;
    rx_jw_init(&w, out);
    rx_jw_begin_object(&w);
    rx_jw_kv_i64(&w, "total", (int64_t)total);
    rx_jw_key(&w, "results");
    rx_ranking_write(&w, trades, ranking, page, n);
    rx_jw_end_object(&w);
    rx_buf_putc(out, '\n');
    return 0;
}

static int answer(const struct rx_trades *trades, struct arguments *args, struct rx_buf *out,
                  struct rx_error *err)
{
    uint32_t wallets[RX_OWNER_MAX];
    size_t n = args->n_wallets;
    for (size_t i = 0; i < n; i++) {
        const int rc = find_wallet(trades, args->wallets[i], &wallets[i], err);
        if (rc < 0) {
            return rc;
        }
    }
    if (args->find) {
        args->finder.chain = args->chain;
        args->finder.as_of = args->as_of;
        args->finder.json = args->json;
        return rx_wallet_find(trades, &args->finder, n ? wallets[0] : RX_NAME_NONE, out, err);
    }
    const struct rx_index_span all = rx_trades_wallets(trades);
    if (n == 0 && all.n == 1) {
        wallets[n++] = all.p[0];
    }
    return n > 0 ? report(trades, args, wallets, n, out, err) : list(trades, args, out, err);
}

static int run(struct arguments *args, struct rx_error *err)
{
    rx_auto(trades) struct rx_trades *trades = NULL;
    rx_auto(buf) struct rx_buf out = RX_BUF_INIT(MAX_OUTPUT);
    int rc = rx_wallet_read(args->trades, args->prices, &trades, err);
    rc = rc < 0 ? rc : answer(trades, args, &out, err);
    rc = rc < 0 ? rc : rx_buf_error(&out, err);
    if (rc == 0 && (fwrite(out.p, 1, out.n, stdout) != out.n || fflush(stdout) != 0)) {
        rc = rx_error_errno(err, errno, "standard output");
    }
    return rc;
}

int rx_cmd_wallet(int argc, char **argv)
{
    struct arguments args;
    struct rx_error err = {0};
    const int rc = parse_arguments(argc, argv, &args);
    if (rc != 0) {
        return rc > 0 ? 0 : 2;
    }
    if (run(&args, &err) < 0) {
        fprintf(stderr, "radarx-agent wallet: %s\n", err.msg);
        return 1;
    }
    return 0;
}
