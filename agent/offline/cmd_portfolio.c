// SPDX-License-Identifier: Apache-2.0
/* radarx-agent portfolio: the risk of what one owner holds and owes. */
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>

#include "agent/offline/commands.h"
#include "agent/offline/holdings.h"

#define MAX_OUTPUT (8u << 20)
#define MAX_FILES  64

static const char usage[] =
    "usage: radarx-agent portfolio --positions FILE [--prices FILE]... [--pools FILE] [--json]\n"
    "\n"
    "  --positions FILE  asset,side,amount[,account,protocol,decimals,liquidation_threshold,ltv,\n"
    "                    price] (CSV), or a JSON array of such objects; side: supply or borrow\n"
    "  --prices FILE     asset,timestamp,price (CSV), or {\"ASSET\": [[timestamp, price], ...]};\n"
    "                    may be repeated; the last price of an asset is its present one\n"
    "  --pools FILE      asset,units,value: reserves of its constant-product pool (CSV)\n"
    "  --json            the whole assessment as JSON\n";

struct arguments {
    const char *positions, *pools;
    const char *prices[MAX_FILES];
    size_t n_prices;
    bool json;
};

/* 0, 1 = help was asked for, or negative. */
static int parse_arguments(int argc, char **argv, struct arguments *args)
{
    static const struct option options[] = {
        {"positions", required_argument, NULL, 'p'},
        {"prices", required_argument, NULL, 'r'},
        {"pools", required_argument, NULL, 'l'},
        {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int opt;
    while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (opt == 'p') {
            args->positions = optarg;
        } else if (opt == 'r' && args->n_prices < MAX_FILES) {
            args->prices[args->n_prices++] = optarg;
        } else if (opt == 'l') {
            args->pools = optarg;
        } else if (opt == 'j') {
            args->json = true;
        } else if (opt == 'h') {
            fputs(usage, stdout);
            return 1;
        } else {
            fputs(usage, stderr);
            return -EINVAL;
        }
    }
    if (!args->positions || optind != argc) {
        fputs(usage, stderr);
        return -EINVAL;
    }
    return 0;
}

/* ---- the table ---- */

/* "12.3 %" or "unknown". */
static const char *percent(double share, char out[32])
{
    if (isnan(share)) {
        return "unknown";
    }
    snprintf(out, 32, "%.1f %%", 100 * share);
    return out;
}

static void print_account(const struct rx_portfolio_input *input,
                          const struct rx_portfolio_account *account)
{
    char a[32], b[32];
    printf("\naccount %s (%s)\n", account->account, account->protocol);
    printf("  collateral %14.2f   debt %14.2f\n", account->health.collateral, account->health.debt);
    if (isinf(account->health.factor)) {
        puts("  no debt: nothing to liquidate");
        return;
    }
    printf("  health factor %11.4f   liquidation risk %.1f of 100\n", account->health.factor,
           account->risk);
    static const char *const horizons[RX_PORTFOLIO_HORIZONS] = {"24 h", "7 d"};
    for (size_t h = 0; h < RX_PORTFOLIO_HORIZONS; h++) {
        const struct rx_portfolio_passage *passage = &account->passage[h];
        printf("  liquidated within %-5s %8s by diffusion, %8s from history", horizons[h],
               percent(passage->closed_form, a), percent(passage->history.p, b));
        puts(passage->reason == RX_PORTFOLIO_NO_HISTORY ? " (too few prices)" : "");
    }
    for (size_t i = 0; i < input->n_assets; i++) {
        const struct rx_liquidation_price *at = &account->prices[i];
        if (at->exists) {
            printf("  liquidated when %s alone %s to %.6g (%+.1f %%)\n", input->assets[i].name,
                   at->falling ? "falls" : "rises", at->price, 100 * at->distance);
        }
    }
    fputs("  what is held moves ", stdout);
    for (size_t s = 0; s < RX_PORTFOLIO_SHOCKS; s++) {
        printf("%+7.0f%%", 100 * rx_portfolio_shocks[s]);
    }
    fputs("\n  health factor      ", stdout);
    for (size_t s = 0; s < RX_PORTFOLIO_SHOCKS; s++) {
        printf("%8.3f", account->shocked[s]);
    }
    putchar('\n');
}

static void print_var(const struct rx_portfolio *p)
{
    if (p->var_reason != RX_PORTFOLIO_KNOWN) {
        printf("  value at risk       unknown (%s)\n", rx_portfolio_reason_name(p->var_reason));
        return;
    }
    const struct rx_var *rows[] = {&p->var95, &p->var99};
    for (size_t i = 0; i < RX_ARRAY_LEN(rows); i++) {
        const struct rx_var *v = rows[i];
        printf("  value at risk %.0f %%  %5.1f %% of the equity in a day (%.2f); beyond it %.1f %% "
               "on average; %s\n",
               100 * v->level, 100 * v->quoted, v->quoted * p->equity, 100 * v->quoted_shortfall,
               v->method);
    }
}

static void print_market(const struct rx_portfolio_input *input, const struct rx_portfolio *p)
{
    char a[32], b[32], c[32];
    puts("\nmarket");
    if (p->volatility.reason != RX_PORTFOLIO_KNOWN) {
        printf("  volatility          unknown (%s)\n",
               rx_portfolio_reason_name(p->volatility.reason));
    } else {
        printf(
            "  volatility          %s a day, %s a year; %s a day lately (%zu returns of %lld s)\n",
            percent(p->volatility.daily, a), percent(p->volatility.annual, b),
            percent(p->volatility.ewma_daily, c), p->volatility.returns,
            (long long)p->volatility.interval);
    }
    print_var(p);
    if (p->concentration.n > 0) {
        printf("  concentration       HHI %.3f, as of %.1f equal assets; largest %s\n",
               p->concentration.hhi, p->concentration.effective_n,
               percent(p->concentration.top1, a));
    }
    if (!isnan(p->mean_correlation)) {
        printf("  mean correlation    %.2f\n", p->mean_correlation);
    }
    for (size_t i = 0; i < input->n_assets; i++) {
        printf("  %-12s price %14.6g   weight %9s   lost when sold at once %s\n",
               input->assets[i].name, input->assets[i].price, percent(p->weights[i], a),
               percent(p->liquidity[i].slippage, b));
    }
}

static void print_table(const struct rx_portfolio_input *input, const struct rx_portfolio *p)
{
    printf("supplied %.2f   borrowed %.2f   equity %.2f\n", p->supplied, p->borrowed, p->equity);
    printf("risk %.1f of 100: %s   (between %.1f and %.1f; %.0f %% of it known)\n", p->score,
           p->level, p->score_lo, p->score_hi, 100 * p->known_share);
    for (int i = 0; i < RX_PORTFOLIO_COMPONENTS; i++) {
        const char *name = rx_portfolio_component_name((enum rx_portfolio_component)i);
        if (isnan(p->components[i].value)) {
            printf("  %-14s unknown (%s)\n", name,
                   rx_portfolio_reason_name(p->components[i].reason));
        } else {
            printf("  %-14s %5.1f\n", name, p->components[i].value);
        }
    }
    for (size_t i = 0; i < p->n_accounts; i++) {
        print_account(input, &p->accounts[i]);
    }
    print_market(input, p);
}

static int print_json(const struct rx_portfolio_input *input, const struct rx_portfolio *p,
                      struct rx_error *err)
{
    rx_auto(buf) struct rx_buf out = RX_BUF_INIT(MAX_OUTPUT);
    struct rx_jw w;
    rx_jw_init(&w, &out);
    rx_portfolio_write(&w, input, p);
    rx_buf_putc(&out, '\n');
    const int rc = rx_buf_error(&out, err);
    if (rc == 0) {
        fwrite(out.p, 1, out.n, stdout);
    }
    return rc;
}

static int run(const struct arguments *args, struct rx_error *err)
{
    rx_auto(holdings) struct rx_holdings *holdings = rx_holdings_new();
    rx_auto(portfolio) struct rx_portfolio *portfolio = NULL;
    struct rx_portfolio_input input;
    if (!holdings) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    int rc = rx_holdings_read_positions(holdings, args->positions, err);
    for (size_t i = 0; i < args->n_prices && rc == 0; i++) {
        rc = rx_holdings_read_prices(holdings, args->prices[i], err);
    }
    if (rc == 0 && args->pools) {
        rc = rx_holdings_read_pools(holdings, args->pools, err);
    }
    rc = rc < 0 ? rc : rx_holdings_input(holdings, &input, err);
    rc = rc < 0 ? rc : rx_portfolio_assess(&input, &portfolio, err);
    if (rc < 0) {
        return rc;
    }
    if (args->json) {
        rc = print_json(&input, portfolio, err);
    } else {
        print_table(&input, portfolio);
    }
    if (rc == 0 && fflush(stdout) != 0) {
        rc = rx_error_errno(err, errno, "standard output");
    }
    return rc;
}

int rx_cmd_portfolio(int argc, char **argv)
{
    struct arguments args = {0};
    struct rx_error err = {0};
    const int rc = parse_arguments(argc, argv, &args);
    if (rc != 0) {
        return rc > 0 ? 0 : 2;
    }
    if (run(&args, &err) < 0) {
        fprintf(stderr, "radarx-agent portfolio: %s\n", err.msg);
        return 1;
    }
    return 0;
}
