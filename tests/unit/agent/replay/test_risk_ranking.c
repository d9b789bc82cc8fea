// SPDX-License-Identifier: Apache-2.0
/* Whether the risk ranks the recorded pools that were rugged above the others. The rules are alone
 * here: no model, and nothing known but a pool's own events. */
#include <math.h>

#include "agent/engine/risk/risk.h"
#include "agent/replay/csv.h"
#include "tests/support/oracle.h"

#define MAX_ROWS 4096

struct row {
    double risk[RX_RISK_MAX];
    double rug_24h, rug_7d;
};

/* Share of (rugged, not rugged) pairs in which the rugged one has the higher risk; ties count half
 * (Mann and Whitney 1947). */
static double auc(const struct row *rows, size_t n, enum rx_risk risk, bool week)
{
    double won = 0;
    double pairs = 0;
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < n; k++) {
            const double bad = week ? rows[i].rug_7d : rows[i].rug_24h;
            const double good = week ? rows[k].rug_7d : rows[k].rug_24h;
            if (bad == 1 && good == 0) {
                const double a = rows[i].risk[risk];
                const double b = rows[k].risk[risk];
                won += a > b ? 1 : a == b ? 0.5 : 0;
                pairs++;
            }
        }
    }
    return won / pairs;
}

static size_t read_rows(const char *path, struct row *rows)
{
    static struct rx_risk_result result;
    /* The columns that a rule reads. */
    static const enum rx_feature used[] = {RX_F_W_NOW,   RX_F_W_NOW_MAX, RX_F_BUY_SHARE,
                                           RX_F_HHI_BUY, RX_F_LP_SAFE,   RX_F_LP_TOP};
    enum { USED = RX_ARRAY_LEN(used) };
    const char *names[USED + 2];
    for (int i = 0; i < USED; i++) {
        names[i] = rx_feature_info(used[i])->name;
    }
    names[USED] = "rug_24h";
    names[USED + 1] = "rug_7d";
    struct rx_error err = {0};
    rx_auto(csv) struct rx_csv *csv = NULL;
    assert_ok(rx_csv_open(path, names, RX_ARRAY_LEN(names), 0, &csv, &err), &err);
    size_t n = 0;
    while (n < MAX_ROWS && rx_csv_next(csv, &err) == 1) {
        double x[RX_F_MAX];
        for (int i = 0; i < RX_F_MAX; i++) {
            x[i] = RX_NAN;
        }
        for (size_t i = 0; i < USED; i++) {
            assert_ok(rx_csv_double(csv, i, &x[used[i]], &err), &err);
        }
        /* Depth from the reserves, as the registry has it. */
        x[RX_F_DEPTH_5PCT] = x[RX_F_W_NOW] * (sqrt(1.05) - 1);
        rx_risk_compute(x, NULL, NULL, RX_RISK_EVM, &result);
        for (int i = 0; i < RX_RISK_MAX; i++) {
            rows[n].risk[i] = result.component[i].value;
        }
        assert_ok(rx_csv_double(csv, USED, &rows[n].rug_24h, &err), &err);
        assert_ok(rx_csv_double(csv, USED + 1, &rows[n].rug_7d, &err), &err);
        n++;
    }
    return n;
}

static void test_ranking(void **state)
{
    (void)state;
    const char *path = oracle_path("univ2/snapshots_2021_early.csv.gz");
    if (!path) {
        print_message("no recorded pools: univ2/snapshots_2021_early.csv.gz (set RADARX_DATA)\n");
        skip();
    }
    static struct row rows[MAX_ROWS];
    const size_t n = read_rows(path, rows);
    assert_true(n > 1000);
    static const enum rx_risk risks[] = {RX_RISK_RUG, RX_RISK_SOCIAL, RX_RISK_LIQUIDITY,
                                         RX_RISK_COMPOSITE};
    for (size_t i = 0; i < RX_ARRAY_LEN(risks); i++) {
        print_message("%s: AUC %.3f (24h) %.3f (7d), %zu pools\n", rx_risk_name(risks[i]),
                      auc(rows, n, risks[i], false), auc(rows, n, risks[i], true), n);
    }
    assert_true(auc(rows, n, RX_RISK_RUG, false) > 0.6);
    assert_true(auc(rows, n, RX_RISK_RUG, true) > 0.55);
    assert_true(auc(rows, n, RX_RISK_COMPOSITE, false) > 0.6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_ranking)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
