// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/drift/two_sample.h"

#include "agent/engine/math/stats.h"
#include "tests/support/oracle.h"
#include "tests/support/seeded.h"

static size_t read_numbers(const char *name, double *ret, size_t max)
{
    FILE *file = fopen(oracle_path(name), "r");
    assert_non_null(file);
    size_t n = 0;
    while (n < max && fscanf(file, "%lf", &ret[n]) == 1) {
        n++;
    }
    assert_int_equal(fclose(file), 0);
    rx_sort_doubles(ret, n);
    return n;
}

static void test_goldens(void **state)
{
    (void)state;
    rx_auto(json_doc) struct rx_json_doc *doc = oracle_json("oracle/goldens.json");
    const struct rx_json *want = rx_json_get(rx_json_root(doc), "drift");
    static double a[4096], b[4096];
    size_t n_a = read_numbers("oracle/drift_a.txt", a, 4096);
    size_t n_b = read_numbers("oracle/drift_b.txt", b, 4096);
    double p;
    assert_close(rx_ks_two_sample(a, n_a, b, n_b, &p),
                 rx_json_double(rx_json_get(want, "ks"), (double)NAN), 1e-9);
    assert_close(p, rx_json_double(rx_json_get(want, "ks_p_asymp"), (double)NAN), 1e-9);
    assert_close(rx_psi_samples(a, n_a, b, n_b, 10),
                 rx_json_double(rx_json_get(want, "psi_10q"), (double)NAN), 1e-9);
    assert_close(rx_wasserstein(a, n_a, b, n_b),
                 rx_json_double(rx_json_get(want, "wasserstein"), (double)NAN), 1e-9);
    print_message("goldens compared: drift (psi_10q, ks, ks_p_asymp, wasserstein): 4 values\n");
}

static void test_by_hand(void **state)
{
    (void)state;
    static const double a[] = {1, 2, 2, 3}, b[] = {2, 3, 4};
    double p;
    assert_close(rx_ks_two_sample(a, 4, b, 3, &p), 3. / 4 - 1. / 3, 1e-15);
    assert_close(rx_wasserstein(a, 4, b, 3), 1, 1e-15);
    assert_true(rx_ks_two_sample(a, 4, a, 4, &p) == 0 && p == 1);
    assert_true(rx_wasserstein(a, 4, a, 4) == 0);
    assert_true(rx_psi_samples(a, 4, a, 4, 10) == 0);
    assert_true(isnan(rx_ks_two_sample(a, 0, b, 3, &p)) && isnan(p));
    assert_true(isnan(rx_psi_samples(a, 4, b, 0, 10)) && isnan(rx_wasserstein(a, 0, b, 3)));
    static const double share_a[] = {0.5, 0.5, 0}, share_b[] = {0.25, 0.5, 0.25};
    assert_close(rx_psi(share_a, share_b, 3), -0.25 * log(0.5) + (0.25 - 1e-4) * log(0.25 / 1e-4),
                 1e-14);
    static const double same[] = {7, 7, 7, 7};
    double edges[10];
    assert_int_equal(rx_psi_edges(same, 4, 10, edges), 1);
    assert_true(rx_psi_samples(same, 4, same, 4, 10) == 0);
    assert_true(rx_psi_samples(same, 4, b, 3, 10) > 1);
}

/* Reference: scipy.stats.chi2_contingency(correction=True). */
static void test_proportions(void **state)
{
    (void)state;
    assert_close(rx_two_proportions(10, 100, 25, 100), 0.009177890025421359, 1e-9);
    assert_true(rx_two_proportions(0, 100, 0, 50) == 1 && rx_two_proportions(5, 5, 7, 7) == 1);
    assert_true(rx_two_proportions(0, 0, 1, 2) == 1);
}

/* Under equal distributions p is at or above uniform; ties make it conservative. */
static void test_level(void **state)
{
    (void)state;
    struct seeded s = {31};
    const int runs = 4000;
    for (int ties = 0; ties < 2; ties++) {
        int below[2] = {0, 0};
        double a[300], b[200];
        for (int run = 0; run < runs; run++) {
            for (size_t i = 0; i < 300; i++) {
                a[i] = ties ? floor(2 * seeded_normal(&s)) : seeded_normal(&s);
            }
            for (size_t i = 0; i < 200; i++) {
                b[i] = ties ? floor(2 * seeded_normal(&s)) : seeded_normal(&s);
            }
            rx_sort_doubles(a, 300);
            rx_sort_doubles(b, 200);
            double p;
            (void)rx_ks_two_sample(a, 300, b, 200, &p);
            below[0] += p < 0.05;
            below[1] += p < 0.2;
        }
        print_message("%s: p < 0.05 in %.4f, p < 0.2 in %.4f of %d runs\n",
                      ties ? "ties" : "no ties", below[0] / (double)runs, below[1] / (double)runs,
                      runs);
        assert_true(below[0] < 0.06 * runs && below[1] < 0.215 * runs);
        assert_true(ties || below[0] > 0.03 * runs);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_goldens),
        cmocka_unit_test(test_by_hand),
        cmocka_unit_test(test_proportions),
        cmocka_unit_test(test_level),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
