// SPDX-License-Identifier: Apache-2.0
/* covers special.c and kolmogorov.c */
#include "agent/engine/math/special.h"

#include "tests/support/oracle.h"

/* Reference values here are those of SciPy 1.17. */
static void test_normal(void **state)
{
    (void)state;
    static const double cases[][2] = {
        {1e-300, -37.0470962993612}, {1e-20, -9.262340089798409},  {1e-10, -6.361340902404056},
        {0.001, -3.090232306167813}, {0.025, -1.9599639845400545}, {0.3, -0.5244005127080409},
        {0.7, 0.5244005127080407},   {0.975, 1.959963984540054},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        assert_close(rx_normal_quantile(cases[i][0]), cases[i][1], 1e-14);
        assert_close(rx_normal_cdf(cases[i][1]), cases[i][0], 2e-12);
    }
    assert_true(rx_normal_quantile(0.5) == 0);
    assert_true(rx_normal_quantile(0) == -(double)INFINITY);
    assert_true(rx_normal_quantile(1) == (double)INFINITY);
    assert_true(isnan(rx_normal_quantile(1.1)) && isnan(rx_normal_quantile((double)NAN)));
    assert_close(rx_normal_pdf(0), 0.3989422804014327, 1e-15);
    assert_close(rx_normal_sf(10), 7.61985302416052e-24, 1e-12);
    size_t checked = 0;
    for (double p = 1e-9; p < 1; p += 1.237e-4, checked++) {
        assert_close(rx_normal_cdf(rx_normal_quantile(p)), p, 1e-13);
    }
    print_message("quantile inverts the cdf at %zu points\n", checked);
}

static void test_gamma(void **state)
{
    (void)state;
    static const double cases[][4] = {
        {0.5, 0.1, 0.34527915398142317, 0.6547208460185768},
        {0.5, 2, 0.9544997361036415, 0.04550026389635857},
        {2, 1, 0.2642411176571153, 0.7357588823428847},
        {2, 30, 0.9999999999970991, 2.9008631203404573e-12},
        {10, 5, 0.03182805730620481, 0.9681719426937951},
        {10, 20, 0.9950045876916924, 0.0049954123083075785},
        {100, 90, 0.15822098918643007, 0.84177901081357},
        {100, 130, 0.9972495916326934, 0.002750408367306518},
        {5000, 5100, 0.9206711189223811, 0.07932888107761896},
        {0.5, 400, 1.0, 5.395865611607819e-176},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        assert_close(rx_gamma_p(cases[i][0], cases[i][1]), cases[i][2], 1e-11);
        assert_close(rx_gamma_q(cases[i][0], cases[i][1]), cases[i][3], 1e-11);
        assert_close(rx_chi2_sf(2 * cases[i][1], 2 * cases[i][0]), cases[i][3], 1e-11);
    }
    assert_true(rx_gamma_p(1, 0) == 0 && rx_gamma_q(1, 0) == 1);
    assert_true(rx_gamma_p(1, (double)INFINITY) == 1 && rx_gamma_q(1, (double)INFINITY) == 0);
    assert_true(isnan(rx_gamma_p(0, 1)) && isnan(rx_gamma_q(1, -1)));
    assert_true(isnan(rx_chi2_sf(-1, 1)));
}

static void test_beta(void **state)
{
    (void)state;
    static const double forward[][4] = {
        {0.5, 0.5, 0.1, 0.20483276469913345},   {2, 3, 0.4, 0.5247999999999999},
        {10, 1, 0.99, 0.9043820750088044},      {1, 10, 0.001, 0.009955119790251791},
        {68, 33, 0.58, 0.02591139029802928},    {500.5, 500.5, 0.51, 0.7365276861321176},
        {1e4, 3, 0.999, 0.0027557999713298327}, {0.1, 0.2, 1e-09, 0.08623148006814027},
    };
    static const double back[][4] = {
        {0.5, 10.5, 0.025, 4.7890433157581876e-05}, {68, 33, 0.025, 0.5792331383683775},
        {500, 501, 0.975, 0.5304537166614578},      {1, 3, 0.025, 0.008403758659612636},
        {3.5, 4.5, 0.5, 0.43204621500144186},       {0.1, 0.1, 0.001, 8.86928065555024e-28},
        {2, 1e6, 1e-12, 1.4142135219326094e-12},    {1e5, 7, 0.9, 0.9999610542587397},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(forward); i++) {
        assert_close(rx_beta_inc(forward[i][0], forward[i][1], forward[i][2]), forward[i][3],
                     1e-10);
    }
    for (size_t i = 0; i < RX_ARRAY_LEN(back); i++) {
        assert_close(rx_beta_inv(back[i][0], back[i][1], back[i][2]), back[i][3], 1e-9);
    }
    assert_true(rx_beta_inc(2, 3, 0) == 0 && rx_beta_inc(2, 3, 1) == 1);
    assert_true(rx_beta_inv(2, 3, 0) == 0 && rx_beta_inv(2, 3, 1) == 1);
    assert_true(isnan(rx_beta_inc(0, 1, 0.5)) && isnan(rx_beta_inc(1, 1, 1.5)));
    assert_true(isnan(rx_beta_inv(1, 1, 2)) && isnan(rx_beta_inv(1, -1, 0.5)));
    size_t checked = 0;
    for (double a = 0.3; a < 3000; a *= 2.3) {
        for (double b = 1.1; b < 3000; b *= 2.7) {
            for (double p = 0.001; p < 1; p += 0.0499, checked++) {
                assert_close(rx_beta_inc(a, b, rx_beta_inv(a, b, p)), p, 1e-9);
            }
        }
    }
    print_message("beta quantiles invert at %zu points\n", checked);
}

static void test_kolmogorov(void **state)
{
    (void)state;
    static const double cases[][2] = {
        {0.01, 1},
        {0.1, 1},
        {0.3, 0.9999906941986655},
        {0.5, 0.9639452436648751},
        {0.8, 0.5441424115741981},
        {0.99, 0.2808738392255489},
        {1, 0.26999967167735456},
        {1.2, 0.11224966667072497},
        {1.36, 0.049485876755377876},
        {2, 0.0006709252557796953},
        {4, 2.532833109818835e-14},
        {10, 2.767793053473475e-87},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        assert_close(rx_kolmogorov_sf(cases[i][0]), cases[i][1], 1e-12);
    }
    assert_true(isnan(rx_kolmogorov_sf((double)NAN)));
}

static void test_ks(void **state)
{
    (void)state;
    static const struct {
        size_t n;
        double d, p, relative;
    } cases[] = {
        /* exact */
        {1, 0.7, 0.6, 1e-12},
        {2, 0.3, 0.98, 1e-12},
        {5, 0.4, 0.3088, 1e-12},
        {10, 0.2, 0.7487190399999999, 1e-12},
        {10, 0.6, 0.0005681672000000003, 1e-12},
        {50, 0.1, 0.6623112704658186, 1e-11},
        {100, 0.12, 0.10330374901819939, 1e-11},
        {140, 0.115, 0.045419025196808176, 1e-11},
        {140, 0.05, 0.8576480297656114, 1e-11},
        {857, 0.1581667, 3.4111047246339395e-19, 1e-9},
        {5000, 0.03, 0.00024159234422666817, 1e-9},
        {100000, 0.006, 0.0014871489301131564, 1e-8},
        /* expansion */
        {141, 0.115, 0.044230516068111236, 2e-6},
        {200, 0.09, 0.07358925139953587, 2e-6},
        {857, 0.03, 0.4153712311089094, 2e-6},
        {857, 0.045, 0.06030096389219097, 2e-6},
        {5000, 0.012, 0.4639912166690191, 2e-6},
        {100000, 0.004, 0.08130148920222469, 2e-6},
        {1000000, 0.0012, 0.11215991901443556, 2e-6},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        assert_close(rx_ks_sf(cases[i].n, cases[i].d), cases[i].p, cases[i].relative);
    }
    assert_true(rx_ks_sf(10, 0.05) == 1 && rx_ks_sf(10, 1) == 0 && rx_ks_sf(1000, 0.9) == 0);
    assert_true(isnan(rx_ks_sf(0, 0.5)) && isnan(rx_ks_sf(3, (double)NAN)));
    size_t checked = 0;
    static const size_t sizes[] = {1, 2, 3, 7, 20, 64, 139, 140, 141, 1000, 20000, 2000000};
    for (size_t i = 0; i < RX_ARRAY_LEN(sizes); i++) {
        double before = 1;
        for (double d = 0; d <= 1.001; d += 0.0007, checked++) {
            double p = rx_ks_sf(sizes[i], d);
            assert_true(p >= 0 && p <= before * (1 + 1e-5) + 1e-11);
            before = p;
        }
    }
    print_message("p falls with D at %zu points\n", checked);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_normal), cmocka_unit_test(test_gamma),
        cmocka_unit_test(test_beta),   cmocka_unit_test(test_kolmogorov),
        cmocka_unit_test(test_ks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
