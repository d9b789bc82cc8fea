// SPDX-License-Identifier: Apache-2.0
/* radarx-agent features: the registry of features as a table, a page or JSON. */
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "agent/engine/features/custody.h"
#include "agent/engine/features/features.h"
#include "agent/offline/commands.h"
#include "common/base/cleanup.h"
#include "common/json/write.h"

#define MAX_OUTPUT (1u << 20)

static const char usage[] = "usage: radarx-agent features [--json | --markdown]\n"
                            "\n"
                            "  --json      every feature with unit, range, source and formula\n"
                            "  --markdown  the page docs/features.md\n";

/* Where a part of the page begins. */
static const struct {
    enum rx_feature first;
    const char *title, *text;
} parts[] = {
    {RX_F_DEC, "Events of the pool",
     "Events 0..n-1 are the pool's Syncs with both reserves above zero; W and T are the WETH and "
     "token reserves after each, p = W/T, dW and dT the changes; v is the time in blocks of "
     "13.35 s, v0 that of event 0, te the moment of the features, span = te - v0. A buy has "
     "dW > 0 > dT, a sell dW < 0 < dT, a mint raises and a burn lowers both."},
    {RX_F_LP_FIRST, "Transfers of the LP token",
     "Balances by address up to te as exact integers. A transfer from the pair to the zero address "
     "is a removal of liquidity and not a holding; shares are of the sum of the positive "
     "balances."},
    {RX_F_LP_END, "Trading windows, depth and illiquidity",
     "\"The last hour\" is (te - 1 h, te]; amounts are differences of the pool's integers, exact "
     "before the division by 1e18. Slippage and depth are those of a constant product with a fee "
     "of 0.3 % (Adams et al. 2020)."},
    {RX_F_LP_LOCK_EXPIRY_H, "Locks of the LP token", "Locks that have ended hold nothing."},
    {RX_F_HOLDERS, "Holders of the token",
     "Exact balances from the token's Transfer logs. Not holders: the token's pools, the token "
     "itself, and the addresses of the last table of this page."},
    {RX_F_CREATOR_SHARE, "The token's creator", ""},
    {RX_F_PRICE_USD, "Market data services", ""},
    {RX_F_BUY_TAX, "Token checkers", ""},
    {RX_F_MENTIONS_1H, "Social media", ""},
};

static void put_bound(FILE *out, double value, const char *unbounded)
{
    if (isinf(value)) {
        fputs(unbounded, out);
    } else {
        fprintf(out, "%.17g", value);
    }
}

static void put_range(FILE *out, const struct rx_feature_info *info)
{
    if (isinf(info->min) && isinf(info->max)) {
        fputs("any", out);
        return;
    }
    put_bound(out, info->min, "");
    fputs("..", out);
    put_bound(out, info->max, "");
}

static void print_table(void)
{
    printf("%-26s %-13s %-9s %s\n", "NAME", "UNIT", "RANGE", "SOURCE");
    for (int i = 0; i < RX_F_MAX; i++) {
        const struct rx_feature_info *info = rx_feature_info((enum rx_feature)i);
        char range[32];
        FILE *text = fmemopen(range, sizeof(range), "w");
        if (text) {
            put_range(text, info);
            fclose(text);
        }
        printf("%-26s %-13s %-9s %s\n", info->name, info->unit, text ? range : "",
               rx_feature_source_name(info->source));
    }
}

/* A cell must not end its column. */
static void put_cell(const char *text)
{
    for (; *text; text++) {
        if (*text == '|') {
            putchar('\\');
        }
        putchar(*text);
    }
}

static void put_row(const struct rx_feature_info *info)
{
    printf("| `%s` | %s | ", info->name, info->unit);
    put_range(stdout, info);
    fputs(" | ", stdout);
    put_cell(info->formula);
    printf(" | %s | %s | %d | %d |\n", rx_feature_source_name(info->source),
           rx_missing_text(info->missing), info->since, info->revision);
}

static void put_custodians(void)
{
    static const char *const kinds[] = {[RX_CUSTODY_NONE] = "",
                                        [RX_CUSTODY_BURN] = "burned",
                                        [RX_CUSTODY_LOCK] = "locked",
                                        [RX_CUSTODY_POOL] = "pool",
                                        [RX_CUSTODY_BRIDGE] = "bridge"};
    size_t n;
    const struct rx_custodian *table = rx_custodians(&n);
    puts("\n## Addresses that hold for others\n\n| address | what | name |\n| --- | --- | --- |");
    for (size_t i = 0; i < n; i++) {
        fputs("| `0x", stdout);
        for (int k = 0; k < 20; k++) {
            printf("%02x", table[i].address[k]);
        }
        printf("` | %s | %s |\n", kinds[table[i].kind], table[i].name);
    }
}

static void print_page(void)
{
    puts("# Features\n\n"
         "Generated from the tables in the code by `scripts/check-docs --write`. A value that is "
         "not known is missing, never 0; shares are 0..1 and booleans 0 or 1. Since: the feature "
         "version that has it first. Revision: grows when the meaning changes; a model names the "
         "ones it was fitted on.");
    for (int i = 0; i < RX_F_MAX; i++) {
        for (size_t k = 0; k < RX_ARRAY_LEN(parts); k++) {
            if (parts[k].first == (enum rx_feature)i) {
                printf("\n## %s\n%s%s%s\n", parts[k].title, parts[k].text[0] ? "\n" : "",
                       parts[k].text, parts[k].text[0] ? "\n" : "");
                puts("| feature | unit | range | formula | source | missing when | since | rev |\n"
                     "| --- | --- | --- | --- | --- | --- | --- | --- |");
            }
        }
        put_row(rx_feature_info((enum rx_feature)i));
    }
    put_custodians();
}

static void write_bound(struct rx_jw *w, const char *key, double value)
{
    if (isinf(value)) {
        rx_jw_kv_null(w, key);
    } else {
        rx_jw_kv_double(w, key, value);
    }
}

static int print_json(void)
{
    rx_auto(buf) struct rx_buf out = RX_BUF_INIT(MAX_OUTPUT);
    struct rx_jw w;
    rx_jw_init(&w, &out);
    rx_jw_begin_array(&w);
    for (int i = 0; i < RX_F_MAX; i++) {
        const struct rx_feature_info *info = rx_feature_info((enum rx_feature)i);
        rx_jw_begin_object(&w);
        rx_jw_kv_cstr(&w, "name", info->name);
        rx_jw_kv_cstr(&w, "unit", info->unit);
        write_bound(&w, "min", info->min);
        write_bound(&w, "max", info->max);
        rx_jw_kv_cstr(&w, "formula", info->formula);
        rx_jw_kv_cstr(&w, "source", rx_feature_source_name(info->source));
        rx_jw_kv_cstr(&w, "missing_reason", rx_missing_reason(info->missing));
        rx_jw_kv_cstr(&w, "missing_when", rx_missing_text(info->missing));
        rx_jw_kv_i64(&w, "since", info->since);
        rx_jw_kv_i64(&w, "revision", info->revision);
        rx_jw_end_object(&w);
    }
    rx_jw_end_array(&w);
    rx_buf_putc(&out, '\n');
    struct rx_error err = {0};
    if (rx_buf_error(&out, &err) < 0) {
        fprintf(stderr, "radarx-agent features: %s\n", err.msg);
        return 1;
    }
    return fwrite(rx_buf_str(&out).p, rx_buf_str(&out).n, 1, stdout) == 1 ? 0 : 1;
}

int rx_cmd_features(int argc, char **argv)
{
    static const struct option options[] = {
        {"json", no_argument, NULL, 'j'},
        {"markdown", no_argument, NULL, 'm'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    int form = 0;
    int opt;
    while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (opt == 'h') {
            fputs(usage, stdout);
            return 0;
        }
        if (opt == '?' || (form && form != opt)) {
            fputs(usage, stderr);
            return 2;
        }
        form = opt;
    }
    if (optind < argc) {
        fputs(usage, stderr);
        return 2;
    }
    if (form == 'j') {
        return print_json();
    }
    if (form == 'm') {
        print_page();
    } else {
        print_table();
    }
    return ferror(stdout) ? 1 : 0;
}
