// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/model/explain.h"

#include <errno.h>
#include <math.h>

#include "tests/support/bundle.h"
#include "tests/support/torture.h"

#define ROWS 3000

static uint64_t seed = 7;

static double uniform(void)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (double)(seed >> 11) * 0x1p-53;
}

static void random_row(double *x)
{
    for (int i = 0; i < RX_F_MAX; i++) {
        const double u = uniform();
        x[i] = u < 0.15 ? RX_NAN : u < 0.5 ? 4 * (u - 0.3) : exp(12 * (u - 0.5));
    }
    x[RX_F_AGE_H] = 1 + 71 * uniform();
}

static double sum_of(const struct rx_explanation *why)
{
    double sum = why->base;
    for (size_t i = 0; i < why->n; i++) {
        sum += why->items[i].log_odds;
    }
    return sum;
}

/* base + shares = log-odds of the shown p, for every target of random rows; without allocating. */
static void check_model(const struct rx_model *model, const char *name)
{
    rx_auto(model_scratch) struct rx_model_scratch *scratch = bundle_scratch(model);
    struct rx_estimate out[RX_MODEL_MAX_TARGETS];
    static struct rx_explanation why;
    double worst = 0;
    size_t n = 0, projected = 0;
    rx_torture_fail_from(RX_TORTURE_ALLOC, 1, ENOMEM);
    for (int row = 0; row < ROWS; row++) {
        double x[RX_F_MAX];
        random_row(x);
        rx_model_eval(model, x, 1, scratch, out);
        for (size_t t = 0; t < rx_model_targets(model); t++) {
            rx_model_explain(model, t, x, out, scratch, 5, &why);
            const double shown = log(out[t].p / (1 - out[t].p));
            worst = fmax(worst, fabs(sum_of(&why) - shown));
            for (size_t i = 0; i < why.n; i++) {
                const struct rx_contribution *part = &why.items[i];
                assert_true(isfinite(part->log_odds));
                assert_true(i == 0 || i >= 5 ||
                            fabs(part->log_odds) <= fabs(why.items[i - 1].log_odds));
                projected += part->feature == RX_CONTRIBUTION_PROJECTION;
            }
            n++;
        }
    }
    assert_false(rx_torture_disarm());
    assert_true(worst <= 1e-9);
    assert_true(projected > 0);
    print_message("%s: %zu explanations add up, largest error %.2g; %zu with a projection\n", name,
                  n, worst, projected);
}

static void test_adds_up(void **state)
{
    (void)state;
    rx_auto(model) struct rx_model *small = bundle_model();
    rx_auto(model) struct rx_model *model = NULL;
    struct rx_error err = {0};
    assert_ok(rx_model_load_default(&model, &err), &err);
    check_model(small, "test bundle");
    check_model(model, "built-in model");
}

/* The logistic part alone, by hand: x2_24h = reach and line; line's share of idle at age e^2 is
 * 0.7 z, since the interaction with age is 0 there. */
static void test_linear_share(void **state)
{
    (void)state;
    rx_auto(buf) struct rx_buf bundle = RX_BUF_INIT(1 << 22);
    bundle_read(&bundle);
    rx_auto(model) struct rx_model *model = bundle_load(&bundle);
    rx_auto(model_scratch) struct rx_model_scratch *scratch = bundle_scratch(model);
    struct rx_estimate out[RX_MODEL_MAX_TARGETS];
    static struct rx_explanation at, mean;
    double x[RX_F_MAX];
    bundle_missing(x);
    x[RX_F_AGE_H] = exp(2.0);
    x[RX_F_K_GROWTH] = sinh(0.25) / 100; /* the training mean of its transform */
    rx_model_eval(model, x, 1, scratch, out);
    rx_model_explain(model, 0, x, out, scratch, 0, &mean);
    for (size_t i = 0; i < mean.n; i++) {
        if (mean.items[i].feature == RX_F_K_GROWTH) {
            assert_true(fabs(mean.items[i].log_odds) < 1e-12);
        }
    }
    x[RX_F_K_GROWTH] = sinh(1.5) / 100; /* z = 1 */
    rx_model_eval(model, x, 1, scratch, out);
    rx_model_explain(model, 0, x, out, scratch, RX_F_MAX, &at);
    /* rug_24h without LP: 0.5 of line, Platt 0.8, shrinkage 0.9, coefficient -0.4. */
    bool found = false;
    for (size_t i = 0; i < at.n; i++) {
        if (at.items[i].feature == RX_F_K_GROWTH) {
            assert_true(fabs(at.items[i].log_odds - 0.9 * 0.8 * 0.5 * -0.4) < 1e-9);
            assert_string_equal(rx_contribution_name(&at.items[i]), "k_growth");
            found = true;
        }
    }
    assert_true(found);
    assert_string_equal(
        rx_contribution_name(&(struct rx_contribution){.feature = RX_CONTRIBUTION_PROJECTION}),
        "heatmap_projection");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_adds_up),
        cmocka_unit_test(test_linear_share),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
