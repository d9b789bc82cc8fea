// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/calibration/recalibrate.h"

#include "tests/support/oracle.h"
#include "tests/support/seeded.h"
#include "tests/support/torture.h"

#define MAX_ROWS 20000
#define DAY      86400000ll

static struct rx_recal_row rows[MAX_ROWS];

/* One row every half hour; labels a day later; the truth is slope * log-odds + shift. */
static void draw(struct seeded *s, size_t n, double slope, double shift)
{
    for (size_t i = 0; i < n; i++) {
        double f = -0.5 + 1.4 * seeded_normal(s);
        int64_t at = (int64_t)i * (DAY / 48);
        rows[i] = (struct rx_recal_row){
            at, at + DAY, i, f, seeded_unit(s) < 1 / (1 + exp(-(slope * f + shift))) ? 1 : 0};
    }
}

static void run(size_t n, int64_t now, const struct rx_overlay *in_force,
                struct rx_recal_event *event)
{
    struct rx_recal_options options = rx_recal_defaults();
    struct rx_error err = {0};
    assert_ok(rx_recalibrate("rug_24h", "m-1", rows, n, now, &options, in_force, event, &err),
              &err);
}

static int64_t end_of(size_t n)
{
    return (int64_t)n * (DAY / 48) + 2 * DAY;
}

static void test_adopts(void **state)
{
    (void)state;
    struct seeded s = {1};
    rx_auto(recal_event) struct rx_recal_event event = {0};
    draw(&s, 900, 0.5, -1);
    run(900, end_of(900), NULL, &event);
    assert_int_equal(event.action, RX_RECAL_ADOPTED);
    const struct rx_overlay *o = event.candidate;
    assert_int_equal(o->cal.kind, RX_CAL_PLATT); /* below 1,000 labels */
    assert_true(fabs(o->cal.a - 0.5) < 0.2 && fabs(o->cal.b + 1) < 0.3);
    assert_int_equal(o->test.n, 270);
    assert_int_equal(o->fit_n, 900 - 270 - 47); /* less a day of embargo */
    assert_true(o->test.log_loss_bound < 0.005 && o->test.log_loss_change < 0);
    assert_true(o->test.log_loss_after < o->test.log_loss_before);
    assert_true(fabs(o->test.oe_after - 1) < fabs(o->test.oe_before - 1));
    assert_int_equal(o->number, 1);

    rx_auto(recal_event) struct rx_recal_event large = {0};
    draw(&s, 8000, 0.5, -1);
    run(8000, end_of(8000), NULL, &large);
    assert_int_equal(large.action, RX_RECAL_ADOPTED);
    assert_int_equal(large.candidate->cal.kind, RX_CAL_ISOTONIC);
    struct rx_error err = {0};
    assert_ok(rx_calibrator_validate(&large.candidate->cal, &err), &err);
    assert_true(fabs(rx_overlay_apply(large.candidate, 0) + 1) < 0.25);
}

/* The kind goes by the labels that fit: 1,000 of them, 100 of either class. */
static void test_kind(void **state)
{
    (void)state;
    struct seeded s = {2};
    rx_auto(recal_event) struct rx_recal_event rare = {0};
    draw(&s, 6000, 1, -4.5);
    run(6000, end_of(6000), NULL, &rare);
    assert_non_null(rare.candidate);
    assert_true(rare.candidate->fit_n > 1000 && rare.candidate->fit_positives < 100);
    assert_int_equal(rare.candidate->cal.kind, RX_CAL_PLATT);
}

/* Of the log-odds that draw() makes. */
static double density(double f)
{
    double z = (f + 0.5) / 1.4;
    return exp(-0.5 * z * z) / (1.4 * sqrt(2 * M_PI));
}

/* A model that is right stays as it is; how often it does not is counted. */
static void test_keeps(void **state)
{
    (void)state;
    struct seeded s = {3};
    size_t adopted = 0, worse = 0;
    const size_t runs = 200;
    for (size_t i = 0; i < runs; i++) {
        rx_auto(recal_event) struct rx_recal_event event = {0};
        draw(&s, 1200, 1, 0);
        run(1200, end_of(1200), NULL, &event);
        if (event.action != RX_RECAL_ADOPTED) {
            assert_int_equal(event.action, RX_RECAL_REJECTED);
            continue;
        }
        adopted++;
        /* The harm done, against the truth: the mean Kullback-Leibler divergence. */
        double harm = 0;
        for (double f = -4; f <= 4; f += 0.01) {
            double g = rx_overlay_apply(event.candidate, f);
            double p = 1 / (1 + exp(-f)), q = 1 / (1 + exp(-g));
            harm += 0.01 * density(f) * (p * log(p / q) + (1 - p) * log((1 - p) / (1 - q)));
        }
        worse += harm > 0.01;
    }
    print_message("a model that is right: %zu of %zu runs adopt a map, %zu of them cost more than "
                  "0.01 nats\n",
                  adopted, runs, worse);
    assert_true(adopted <= runs * 45 / 100 && worse <= runs / 50);
}

/* No look-ahead: what is not known yet has no effect, nor what was known too late to fit. */
static void test_no_look_ahead(void **state)
{
    (void)state;
    struct seeded s = {4};
    const size_t n = 3000;
    draw(&s, n, 0.6, -0.7);
    int64_t now = (int64_t)2000 * (DAY / 48);
    rx_auto(recal_event) struct rx_recal_event before = {0};
    run(n, now, NULL, &before);
    assert_non_null(before.candidate);
    assert_int_equal(before.matured, 2000 - 48 + 1);
    assert_int_equal(before.immature, n - 1953);
    assert_true(before.candidate->test.to + DAY <= now);
    assert_true(before.candidate->fit_to + DAY <= before.candidate->test.from);

    for (size_t i = 0; i < n; i++) {
        bool unknown = rows[i].known_at > now;
        bool embargoed = rows[i].scored_at < before.candidate->test.from &&
                         rows[i].known_at > before.candidate->test.from;
        if (unknown || embargoed) {
            rows[i].y = 1 - rows[i].y; /* a leak would show */
        }
    }
    rx_auto(recal_event) struct rx_recal_event after = {0};
    run(n, now, NULL, &after);
    assert_true(before.candidate->cal.a == after.candidate->cal.a &&
                before.candidate->cal.b == after.candidate->cal.b);
    assert_int_equal(before.candidate->cal.n, after.candidate->cal.n);
    if (before.candidate->cal.n > 0) {
        assert_memory_equal(before.candidate->knots, after.candidate->knots,
                            2 * before.candidate->cal.n * sizeof(double));
    }
    assert_memory_equal(&before.candidate->test, &after.candidate->test,
                        sizeof(before.candidate->test));
    assert_string_equal(before.reason, after.reason);
}

/* Rows in any order give the same. */
static void test_order(void **state)
{
    (void)state;
    struct seeded s = {5};
    draw(&s, 800, 0.5, 0.5);
    rx_auto(recal_event) struct rx_recal_event a = {0};
    rx_auto(recal_event) struct rx_recal_event b = {0};
    run(800, end_of(800), NULL, &a);
    for (size_t i = 799; i > 0; i--) {
        size_t j = seeded_below(&s, i + 1);
        struct rx_recal_row swap = rows[i];
        rows[i] = rows[j];
        rows[j] = swap;
    }
    run(800, end_of(800), NULL, &b);
    assert_true(a.candidate->cal.a == b.candidate->cal.a);
    assert_string_equal(a.reason, b.reason);
}

/* A map that was good and no longer is loses to a new one, not to the base model's silence. */
static void test_in_force(void **state)
{
    (void)state;
    struct seeded s = {6};
    struct rx_overlay old = {.number = 4, .cal = {.kind = RX_CAL_PLATT, .a = 0.5, .b = -1}};
    rx_auto(recal_event) struct rx_recal_event same = {0};
    rx_auto(recal_event) struct rx_recal_event moved = {0};
    draw(&s, 900, 0.5, -1);
    run(900, end_of(900), &old, &same);
    assert_true(fabs(same.candidate->test.log_loss_change) < 0.02);
    draw(&s, 900, 1, 1);
    run(900, end_of(900), &old, &moved);
    assert_int_equal(moved.action, RX_RECAL_ADOPTED);
    assert_int_equal(moved.candidate->number, 5);
    assert_true(moved.candidate->test.log_loss_change < -0.1);
}

/* Copies of few pools must not pass for many: the bound widens with the groups. */
static void test_groups(void **state)
{
    (void)state;
    struct seeded s = {7};
    draw(&s, 1000, 0.8, -0.25);
    rx_auto(recal_event) struct rx_recal_event apart = {0};
    rx_auto(recal_event) struct rx_recal_event together = {0};
    run(1000, end_of(1000), NULL, &apart);
    for (size_t i = 0; i < 1000; i++) {
        rows[i].group = i / 100;
    }
    run(1000, end_of(1000), NULL, &together);
    assert_int_equal(apart.candidate->test.groups, 300);
    assert_int_equal(together.candidate->test.groups, 3);
    for (size_t i = 0; i < 1000; i++) {
        rows[i].group = 1;
    }
    rx_auto(recal_event) struct rx_recal_event one = {0};
    run(1000, end_of(1000), NULL, &one);
    assert_int_equal(one.action, RX_RECAL_REJECTED);
}

static void test_too_few(void **state)
{
    (void)state;
    struct seeded s = {8};
    rx_auto(recal_event) struct rx_recal_event event = {0};
    draw(&s, 150, 1, 0);
    run(150, end_of(150), NULL, &event);
    assert_int_equal(event.action, RX_RECAL_TOO_FEW);
    assert_null(event.candidate);
    assert_non_null(strstr(event.reason, "to fit and"));
    run(0, 0, NULL, &event);
    assert_int_equal(event.action, RX_RECAL_TOO_FEW);
    draw(&s, 2000, 0, -9);
    run(2000, end_of(2000), NULL, &event); /* no positives */
    assert_int_equal(event.action, RX_RECAL_TOO_FEW);
    for (size_t i = 0; i < 2000; i++) {
        rows[i].y = (double)NAN;
    }
    run(2000, end_of(2000), NULL, &event);
    assert_int_equal(event.matured, 0);
}

static void test_refused(void **state)
{
    (void)state;
    struct rx_recal_options options = rx_recal_defaults();
    struct rx_recal_row bad[] = {
        {5, 4, 0, 0, 0}, {0, 1, 0, (double)INFINITY, 0}, {0, 1, 0, 0, 0.5}};
    static const char *const messages[] = {"row 0: known_at", "row 0: finite log-odds",
                                           "row 0: a label 0 or 1"};
    for (size_t i = 0; i < 3; i++) {
        struct rx_recal_event event = {0};
        struct rx_error err = {0};
        assert_int_equal(rx_recalibrate("t", "m", &bad[i], 1, 9, &options, NULL, &event, &err),
                         RX_EINVALID);
        assert_message(&err, messages[i]);
    }
}

static void test_stack(void **state)
{
    (void)state;
    rx_auto(overlay) struct rx_overlay *stack = NULL;
    for (uint64_t i = 1; i <= 12; i++) {
        struct rx_overlay *next = calloc(1, sizeof(*next));
        assert_non_null(next);
        next->number = i;
        next->cal = (struct rx_calibrator){.kind = RX_CAL_PLATT, .a = 1, .b = (double)i};
        rx_overlay_push(&stack, next);
    }
    assert_true(rx_overlay_apply(stack, 0) == 12 && rx_overlay_apply(NULL, 0.5) == 0.5);
    struct rx_error err = {0};
    for (uint64_t i = 12; i > 3; i--) { /* the newest and eight before it */
        assert_int_equal(stack->number, i);
        rx_auto(recal_event) struct rx_recal_event event = {0};
        assert_ok(rx_overlay_rollback(&stack, 77, &event, &err), &err);
        assert_int_equal(event.action, RX_RECAL_ROLLED_BACK);
        assert_int_equal(event.candidate->number, i);
        assert_non_null(strstr(event.reason, i > 4 ? "number" : "base model"));
    }
    struct rx_recal_event event = {0};
    assert_null(stack);
    assert_int_equal(rx_overlay_rollback(&stack, 77, &event, &err), RX_EINVALID);
    assert_string_equal(rx_recal_action_name(RX_RECAL_REJECTED), "rejected");
}

static int recalibrate_once(void *arg)
{
    struct rx_recal_options options = rx_recal_defaults();
    rx_auto(recal_event) struct rx_recal_event event = {0};
    struct rx_error err = {0};
    return rx_recalibrate("t", "m", rows, *(size_t *)arg, end_of(MAX_ROWS), &options, NULL, &event,
                          &err);
}

static void test_torture(void **state)
{
    (void)state;
    struct seeded s = {9};
    draw(&s, 3000, 0.5, -1);
    size_t small = 500, large = 3000;
    assert_int_equal(rx_torture_alloc(recalibrate_once, &small), 4);
    assert_int_equal(rx_torture_alloc(recalibrate_once, &large), 9);
}

/* Rows after the overlay was made tell whether it is worse than the way back; too few say nothing.
 */
static void test_guard(void **state)
{
    (void)state;
    struct seeded s = {8};
    struct rx_recal_options options = rx_recal_defaults();
    struct rx_error err = {0};
    struct rx_recal_test test;
    bool worse;
    rx_auto(recal_event) struct rx_recal_event event = {0};
    draw(&s, 900, 0.5, -1);
    run(900, end_of(900), NULL, &event);
    assert_int_equal(event.action, RX_RECAL_ADOPTED);
    /* None of these was scored later. */
    assert_ok(
        rx_recal_guard(event.candidate, rows, 900, end_of(900), &options, &worse, &test, &err),
        &err);
    assert_true(!worse && test.n == 0);
    event.candidate->made_at = rows[299].scored_at;
    assert_ok(
        rx_recal_guard(event.candidate, rows, 900, end_of(900), &options, &worse, &test, &err),
        &err);
    assert_true(!worse && test.n == 600);
    assert_true(test.log_loss_before < test.log_loss_after); /* before = with the overlay */
    draw(&s, 900, 1, 0);                                     /* the base is right again */
    assert_ok(
        rx_recal_guard(event.candidate, rows, 900, end_of(900), &options, &worse, &test, &err),
        &err);
    assert_true(worse && test.log_loss_bound < 0 && test.brier_bound < 0);
    /* Labels that are not known yet say nothing. */
    assert_ok(rx_recal_guard(event.candidate, rows, 900, rows[320].scored_at, &options, &worse,
                             &test, &err),
              &err);
    assert_true(!worse && test.n == 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_adopts),  cmocka_unit_test(test_kind),
        cmocka_unit_test(test_keeps),   cmocka_unit_test(test_no_look_ahead),
        cmocka_unit_test(test_order),   cmocka_unit_test(test_in_force),
        cmocka_unit_test(test_groups),  cmocka_unit_test(test_too_few),
        cmocka_unit_test(test_refused), cmocka_unit_test(test_stack),
        cmocka_unit_test(test_guard),   cmocka_unit_test(test_torture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
