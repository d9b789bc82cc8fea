// SPDX-License-Identifier: Apache-2.0
#include "agent/routes/model_watch.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/bundle.h"
#include "tests/unit/agent/store/temp.h"

struct fixture {
    struct temp temp;
    char path[300], shadow[300];
    struct rx_metrics *metrics;
    struct rx_model_registry *registry;
    struct rx_model_reader *reader;
    struct rx_model_watch *watch;
};

static int load(const char *path, struct rx_model **ret, struct rx_error *err)
{
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(RX_MODEL_MAX_BYTES);
    const int r = rx_file_read(path, &text, err);
    return r < 0 ? r : rx_model_load(rx_buf_str(&text), ret, err);
}

/* The small model under another version; every call gives a file of another size. */
static void put(const char *path, const char *version, bool broken)
{
    char to[64];
    struct rx_error err = {0};
    rx_auto(buf) struct rx_buf bundle = RX_BUF_INIT(1 << 22);
    bundle_read(&bundle);
    snprintf(to, sizeof(to), "\"version\":\"%s\"", version);
    bundle_change(&bundle, "\"version\":\"test-bundle-1\"", to);
    if (broken) {
        bundle_change(&bundle, "\"weight\":0.5", "\"weight\":0.6");
    }
    assert_ok(rx_file_write_atomic(path, rx_buf_str(&bundle), 0644, &err), &err);
}

static int setup(void **state)
{
    static struct fixture f;
    struct rx_error err = {0};
    f = (struct fixture){0};
    temp_init(&f.temp);
    snprintf(f.path, sizeof(f.path), "%s.model", f.temp.path);
    snprintf(f.shadow, sizeof(f.shadow), "%s.shadow", f.temp.path);
    put(f.path, "one", false);
    f.metrics = rx_metrics_new();
    struct rx_model *model = NULL;
    assert_ok(load(f.path, &model, &err), &err);
    assert_ok(rx_model_registry_new(model, f.path, 1, &f.registry, &err), &err);
    assert_ok(rx_model_reader_new(f.registry, &f.reader, &err), &err);
    const struct rx_model_watch_options options = {.path = f.path,
                                                   .shadow_path = f.shadow,
                                                   .interval_ms = 10,
                                                   .load = load,
                                                   .clock = rx_clock_system(),
                                                   .metrics = f.metrics};
    assert_ok(rx_model_watch_new(&options, f.registry, &f.watch, &err), &err);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    rx_model_watch_free(f->watch);
    rx_model_reader_free(f->reader);
    rx_model_registry_free(f->registry);
    rx_metrics_free(f->metrics);
    unlink(f->path);
    unlink(f->shadow);
    temp_fini(&f->temp);
    return 0;
}

static void check(struct fixture *f, const char *active, const char *shadow, const char *newest)
{
    const struct rx_model_set *set = rx_model_reader_enter(f->reader);
    assert_string_equal(rx_model_version(set->active), active);
    assert_string_equal(set->shadow ? rx_model_version(set->shadow) : "", shadow);
    assert_string_equal(rx_model_state_name(set->entries[0].state), newest);
    rx_model_reader_leave(f->reader);
}

static void follows_files(void **state)
{
    struct fixture *f = *state;
    rx_model_watch_poll(f->watch); /* the shadow file is not there */
    check(f, "one", "", "refused");
    put(f->shadow, "three", false);
    rx_model_watch_poll(f->watch);
    check(f, "one", "three", "shadow");
    put(f->path, "version two", false);
    rx_model_watch_poll(f->watch);
    check(f, "version two", "three", "active");
    put(f->path, "version two and a half", true);
    rx_model_watch_poll(f->watch);
    check(f, "version two", "three", "refused");
    const struct rx_model_set *set = rx_model_reader_enter(f->reader);
    const size_t n = set->n_entries;
    assert_non_null(strstr(set->entries[0].reason, "golden["));
    assert_string_equal(set->entries[0].origin, f->path);
    rx_model_reader_leave(f->reader);
    rx_model_watch_poll(f->watch); /* nothing changed: nothing is tried again */
    set = rx_model_reader_enter(f->reader);
    assert_int_equal(set->n_entries, n);
    rx_model_reader_leave(f->reader);
    rx_model_watch_rollback(f->watch);
    rx_model_watch_poll(f->watch);
    check(f, "one", "three", "refused");
    put(f->path, "version three, good again", false);
    rx_model_watch_poll(f->watch);
    check(f, "version three, good again", "three", "active");
    assert_int_equal(unlink(f->path), 0);
    rx_model_watch_poll(f->watch);
    check(f, "version three, good again", "three", "refused");
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(1 << 20);
    assert_int_equal(rx_metrics_write(f->metrics, &text), 0);
    assert_non_null(strstr(text.p, "radarx_model_changes_total{result=\"activated\"} 2\n"));
    assert_non_null(strstr(text.p, "radarx_model_changes_total{result=\"refused\"} 3\n"));
    assert_non_null(strstr(text.p, "radarx_model_changes_total{result=\"rolled_back\"} 1\n"));
}

/* The thread looks by itself. */
static void runs(void **state)
{
    struct fixture *f = *state;
    struct rx_error err = {0};
    put(f->shadow, "three", false);
    assert_ok(rx_model_watch_start(f->watch, &err), &err);
    put(f->path, "version two", false);
    bool done = false;
    while (!done) { /* the test's own time limit ends it when that never happens */
        const struct rx_model_set *set = rx_model_reader_enter(f->reader);
        done = set->shadow && strcmp(rx_model_version(set->active), "version two") == 0;
        rx_model_reader_leave(f->reader);
    }
    rx_model_watch_rollback(f->watch);
    while (done) {
        const struct rx_model_set *set = rx_model_reader_enter(f->reader);
        done = strcmp(rx_model_version(set->active), "one") != 0;
        rx_model_reader_leave(f->reader);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(follows_files, setup, teardown),
        cmocka_unit_test_setup_teardown(runs, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
