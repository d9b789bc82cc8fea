// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/model/registry.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "tests/support/overlays.h"
#include "tests/support/torture.h"

#define READERS 4
#define SWAPS   40

/* The small model under another version. */
static struct rx_model *named(const char *version)
{
    char to[64];
    rx_auto(buf) struct rx_buf bundle = RX_BUF_INIT(1 << 22);
    bundle_read(&bundle);
    snprintf(to, sizeof(to), "\"version\":\"%s\"", version);
    bundle_change(&bundle, "\"version\":\"test-bundle-1\"", to);
    return bundle_load(&bundle);
}

static struct rx_model_registry *new_registry(void)
{
    struct rx_model_registry *registry = NULL;
    struct rx_error err = {0};
    assert_ok(rx_model_registry_new(named("one"), "built-in", 1, &registry, &err), &err);
    return registry;
}

static void check(struct rx_model_reader *reader, const char *active, const char *shadow,
                  const char *const *states)
{
    const struct rx_model_set *set = rx_model_reader_enter(reader);
    assert_string_equal(rx_model_version(set->active), active);
    assert_string_equal(set->shadow ? rx_model_version(set->shadow) : "", shadow);
    for (size_t i = 0; states[i]; i++) {
        assert_true(i < set->n_entries);
        assert_string_equal(rx_model_state_name(set->entries[i].state), states[i]);
    }
    rx_model_reader_leave(reader);
}
#define STATES(...) ((const char *const[]){__VA_ARGS__, NULL})

static void test_ledger(void **state)
{
    (void)state;
    rx_auto(model_registry) struct rx_model_registry *registry = new_registry();
    rx_auto(model_reader) struct rx_model_reader *reader = NULL;
    struct rx_error err = {0};
    assert_ok(rx_model_reader_new(registry, &reader, &err), &err);
    check(reader, "one", "", STATES("active"));
    assert_int_equal(rx_model_registry_rollback(registry, "x", 2, &err), RX_EINVALID);
    assert_message(&err, "there is no previous model");
    assert_int_equal(rx_model_registry_activate(registry, named("two"), "f", 2, &err), 1);
    check(reader, "two", "", STATES("active", "previous"));
    assert_int_equal(rx_model_registry_activate(registry, named("two"), "f", 3, &err), 0);
    check(reader, "two", "", STATES("active", "previous"));
    assert_int_equal(rx_model_registry_refuse(registry, "f", "sha256: changed", 4, &err), 0);
    check(reader, "two", "", STATES("refused", "active", "previous"));
    assert_int_equal(rx_model_registry_set_shadow(registry, named("three"), "s", 5, &err), 0);
    check(reader, "two", "three", STATES("shadow", "refused", "active", "previous"));
    assert_int_equal(rx_model_registry_rollback(registry, "worse", 6, &err), 0);
    check(reader, "one", "three", STATES("shadow", "refused", "previous", "active"));
    const struct rx_model_set *set = rx_model_reader_enter(reader);
    assert_int_equal(set->generation, 3);
    assert_string_equal(set->entries[2].reason, "worse");
    assert_string_equal(set->entries[1].reason, "sha256: changed");
    assert_string_equal(set->entries[1].origin, "f");
    rx_model_reader_leave(reader);
    assert_int_equal(rx_model_registry_set_shadow(registry, NULL, "", 7, &err), 0);
    check(reader, "one", "", STATES("retired", "refused", "previous", "active"));
    assert_int_equal(rx_model_registry_activate(registry, named("four"), "f", 8, &err), 1);
    check(reader, "four", "", STATES("active", "retired", "refused", "retired", "previous"));
    for (int i = 0; i < RX_MODEL_LEDGER_MAX + 3; i++) {
        assert_int_equal(rx_model_registry_refuse(registry, "g", "no", 9, &err), 0);
    }
    set = rx_model_reader_enter(reader);
    assert_int_equal(set->n_entries, RX_MODEL_LEDGER_MAX);
    rx_model_reader_leave(reader);
    assert_int_equal(rx_model_registry_reclaim(registry), 1);
}

/* What a reader took stays until it leaves. */
static void test_readers_keep(void **state)
{
    (void)state;
    rx_auto(model_registry) struct rx_model_registry *registry = new_registry();
    rx_auto(model_reader) struct rx_model_reader *reader = NULL;
    struct rx_error err = {0};
    assert_ok(rx_model_reader_new(registry, &reader, &err), &err);
    const struct rx_model_set *old = rx_model_reader_enter(reader);
    for (int i = 0; i < 5; i++) {
        char version[16];
        snprintf(version, sizeof(version), "v%d", i);
        assert_int_equal(rx_model_registry_activate(registry, named(version), "f", i, &err), 1);
    }
    assert_string_equal(rx_model_version(old->active), "one");
    assert_true(rx_model_registry_reclaim(registry) > 1);
    rx_model_reader_leave(reader);
    assert_int_equal(rx_model_registry_reclaim(registry), 1);
    struct rx_model_reader *many[RX_MODEL_READERS_MAX] = {NULL};
    size_t n = 0;
    while (n < RX_MODEL_READERS_MAX && rx_model_reader_new(registry, &many[n], &err) == 0) {
        n++;
    }
    assert_int_equal(n, RX_MODEL_READERS_MAX - 1);
    assert_message(&err, "at most 256 readers");
    for (size_t i = 0; i < n; i++) {
        rx_model_reader_free(many[i]);
    }
}

/* On top of the active model until another one is active, or it is taken away. */
static void test_recalibration(void **state)
{
    (void)state;
    rx_auto(model_registry) struct rx_model_registry *registry = new_registry();
    rx_auto(model_reader) struct rx_model_reader *reader = NULL;
    rx_auto(model) struct rx_model *one = named("one"), *two = named("two");
    struct rx_error err = {0};
    assert_ok(rx_model_reader_new(registry, &reader, &err), &err);
    const struct rx_model_set *old = rx_model_reader_enter(reader);
    assert_null(old->recalibration);
    rx_model_reader_leave(reader);
    assert_ok(rx_model_registry_recalibrate(registry, NULL, &err), &err);
    old = rx_model_reader_enter(reader);
    assert_int_equal(old->generation, 1); /* nothing changed */
    rx_model_reader_leave(reader);
    assert_int_equal(rx_model_registry_recalibrate(registry, overlay_recalibration(two, 1), &err),
                     RX_ECONFLICT);
    assert_ok(rx_model_registry_recalibrate(registry, overlay_recalibration(one, 1), &err), &err);
    old = rx_model_reader_enter(reader);
    assert_non_null(old->recalibration);
    assert_int_equal(old->generation, 2);
    assert_int_equal(rx_model_registry_activate(registry, named("two"), "f", 2, &err), 1);
    /* The reader that is still inside keeps both. */
    assert_string_equal(rx_recalibration_sha256(old->recalibration), rx_model_sha256(one));
    rx_model_reader_leave(reader);
    old = rx_model_reader_enter(reader);
    assert_null(old->recalibration);
    rx_model_reader_leave(reader);
    assert_ok(rx_model_registry_recalibrate(registry, overlay_recalibration(two, 1), &err), &err);
    assert_ok(rx_model_registry_rollback(registry, "worse", 3, &err), &err);
    old = rx_model_reader_enter(reader);
    assert_null(old->recalibration);
    rx_model_reader_leave(reader);
}

struct crowd {
    struct rx_model_registry *registry;
    atomic_bool stop;
    atomic_uint_fast64_t scores;
};

/* Scores with whatever model is there; each set must be whole. */
static void *read_on(void *arg)
{
    struct crowd *crowd = arg;
    struct rx_model_reader *reader = NULL;
    struct rx_model_scratch *scratch = NULL;
    struct rx_estimate out[RX_MODEL_MAX_TARGETS];
    double x[RX_F_MAX];
    uint64_t last = 0;
    bool good = rx_model_reader_new(crowd->registry, &reader, NULL) == 0;
    bundle_missing(x);
    x[RX_F_AGE_H] = 5;
    while (good && !atomic_load(&crowd->stop)) {
        const struct rx_model_set *set = rx_model_reader_enter(reader);
        good = scratch ? rx_model_scratch_fit(scratch, set->active, NULL) == 0
                       : rx_model_scratch_new(set->active, &scratch, NULL) == 0;
        if (good) {
            rx_model_scratch_recalibrate(scratch, set->recalibration);
            rx_model_eval(set->active, x, 1, scratch, out);
            good = out[0].p > 0 && set->generation >= last && set->n_entries > 0;
            last = set->generation;
        }
        rx_model_reader_leave(reader);
        atomic_fetch_add(&crowd->scores, 1);
    }
    rx_model_scratch_free(scratch);
    rx_model_reader_free(reader);
    return good ? NULL : crowd;
}

static void test_swaps_under_load(void **state)
{
    (void)state;
    rx_auto(model_registry) struct rx_model_registry *registry = new_registry();
    struct crowd crowd = {.registry = registry};
    pthread_t threads[READERS];
    struct rx_error err = {0};
    for (int i = 0; i < READERS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, read_on, &crowd), 0);
    }
    for (int i = 0; i < SWAPS; i++) {
        char version[16];
        snprintf(version, sizeof(version), "v%d", i);
        assert_int_equal(rx_model_registry_activate(registry, named(version), "f", i, &err), 1);
        if (i % 3 == 0) {
            assert_int_equal(rx_model_registry_rollback(registry, "test", i, &err), 0);
        }
        if (i % 2 == 0) {
            rx_auto(model) struct rx_model *same = named(version);
            const int r = rx_model_registry_recalibrate(
                registry, overlay_recalibration(same, (uint64_t)i), &err);
            assert_int_equal(r, i % 3 == 0 ? RX_ECONFLICT : 0);
        }
        if (i % 4 == 0) {
            assert_ok(rx_model_registry_recalibrate(registry, NULL, &err), &err);
        }
        if (i % 5 == 0) {
            assert_int_equal(rx_model_registry_set_shadow(registry, named("s"), "s", i, &err), 0);
        }
    }
    while (atomic_load(&crowd.scores) < 1000) {
        assert_int_equal(rx_model_registry_refuse(registry, "g", "no", 1, &err), 0);
    }
    atomic_store(&crowd.stop, true);
    for (int i = 0; i < READERS; i++) {
        void *failed = NULL;
        assert_int_equal(pthread_join(threads[i], &failed), 0);
        assert_null(failed);
    }
    assert_int_equal(rx_model_registry_reclaim(registry), 1);
    print_message("%llu scores by %d threads across %d swaps\n",
                  (unsigned long long)atomic_load(&crowd.scores), READERS, SWAPS);
}

/* Models of their own for each run: loading them is not what is tried here. */
#define STOCK 64
static struct rx_model *stock[STOCK];
static size_t taken;

static struct rx_model *take(void)
{
    assert_true(taken < STOCK);
    struct rx_model *model = RX_TAKE(stock[taken]);
    taken++;
    return model;
}

static int change(void *unused)
{
    (void)unused;
    static const struct rx_shadow_report report = {.n_lines = 1};
    struct rx_model_registry *registry = NULL;
    struct rx_error err = {0};
    struct rx_model *second = take();
    int rc = rx_model_registry_new(take(), "a", 1, &registry, &err);
    rx_auto(model_registry) struct rx_model_registry *owner = registry;
    rc = rc == 0 ? rx_model_registry_report(owner, &report, &err) : rc;
    rc = rc == 0 ? rx_model_registry_refuse(owner, "b", "c", 2, &err) : rc;
    if (rc < 0) {
        rx_model_free(second);
        return rc;
    }
    return rx_model_registry_set_shadow(owner, second, "d", 3, &err);
}

static void test_torture(void **state)
{
    (void)state;
    for (size_t i = 0; i < STOCK; i++) {
        stock[i] = named("t");
    }
    assert_true(rx_torture_tolerant(change, NULL) > 3);
    while (taken < STOCK) {
        rx_model_free(take());
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ledger),        cmocka_unit_test(test_readers_keep),
        cmocka_unit_test(test_recalibration), cmocka_unit_test(test_swaps_under_load),
        cmocka_unit_test(test_torture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
