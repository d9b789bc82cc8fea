// SPDX-License-Identifier: Apache-2.0
/* The state machine against a scripted transport: what is asked, when, and what becomes of the
 * store. */
#include "operator/kube/informer.h"

#include <stdio.h>
#include <unistd.h>

#include "common/base/log.h"
#include "tests/support/test.h"

static const struct rx_kube_kind kind = {"v1", "ConfigMap", "configmaps"};

struct fixture {
    struct rx_clock_manual clock;
    struct rx_loop *loop;
    struct rx_kube_config *config;
    struct rx_store *store;
    struct rx_informer *informer;
    struct rx_informer_transport transport;
    /* the transfer under way */
    char url[1024];
    int64_t idle_ms;
    rx_http_data *data;
    rx_http_done *done;
    void *arg;
    bool open;
    unsigned started, cancelled, synced, recovered;
    struct rx_buf changes;
};

static int start(void *self, const struct rx_http_call *call, rx_http_data *data,
                 rx_http_done *done, void *arg, void **ret_transfer, struct rx_error *err)
{
    struct fixture *f = self;
    (void)err;
    assert_false(f->open);
    snprintf(f->url, sizeof(f->url), "%s", call->url);
    f->idle_ms = call->idle_timeout_ms;
    f->data = data;
    f->done = done;
    f->arg = arg;
    f->open = true;
    f->started++;
    *ret_transfer = f;
    return 0;
}

static void cancel(void *self, void *transfer)
{
    struct fixture *f = self;
    assert_ptr_equal(transfer, f);
    f->open = false;
    f->cancelled++;
}

static void on_change(const struct rx_store_change *change, void *arg)
{
    struct fixture *f = arg;
    const struct rx_record *record = change->after ? change->after : change->before;
    rx_buf_printf(&f->changes, "%c%s%s ", change->after ? '+' : '-', record->name,
                  change->initial ? "!" : "");
}

static void on_synced(struct rx_informer *informer, void *arg)
{
    (void)informer;
    ((struct fixture *)arg)->synced++;
}

static void on_recovered(struct rx_informer *informer, void *arg)
{
    (void)informer;
    ((struct fixture *)arg)->recovered++;
}

static int make_config(struct fixture *f)
{
    char path[] = "/tmp/rx-kubeconfig-XXXXXX";
    static const char text[] =
        "{\"current-context\":\"c\",\"contexts\":[{\"name\":\"c\",\"context\":{\"cluster\":\"k\","
        "\"user\":\"u\"}}],\"clusters\":[{\"name\":\"k\",\"cluster\":{\"server\":"
        "\"https://10.0.0.1:6443\"}}],\"users\":[{\"name\":\"u\",\"user\":{\"token\":\"t\"}}]}";
    int fd = mkstemp(path);
    if (fd < 0 || write(fd, text, sizeof(text) - 1) < 0 || close(fd) < 0) {
        return -1;
    }
    struct rx_error err = {0};
    int rc = rx_kube_config_load(path, &f->clock.clock, &f->config, &err);
    unlink(path);
    return rc;
}

static int set_up_kind(void **state, bool optional)
{
    static struct fixture fixture;
    struct fixture *f = &fixture;
    struct rx_error err = {0};
    *f = (struct fixture){.changes = RX_BUF_INIT(4096)};
    rx_log_set_level(RX_LOG_ERROR);
    rx_clock_manual_init(&f->clock, 0);
    const struct rx_store_options store = {.kind = &kind};
    if (rx_loop_new(&f->clock.clock, &f->loop, &err) < 0 || make_config(f) < 0 ||
        rx_store_new(&store, &f->store) < 0) {
        return -1;
    }
    f->transport = (struct rx_informer_transport){start, cancel, f};
    const struct rx_informer_options options = {.loop = f->loop,
                                                .transport = &f->transport,
                                                .config = f->config,
                                                .store = f->store,
                                                .label_selector = "a=b",
                                                .optional = optional,
                                                .changed = on_change,
                                                .changed_arg = f,
                                                .synced = on_synced,
                                                .recovered = on_recovered,
                                                .arg = f};
    *state = f;
    if (rx_informer_new(&options, &f->informer, &err) < 0) {
        return -1;
    }
    rx_informer_start(f->informer);
    return 0;
}

static int set_up(void **state)
{
    return set_up_kind(state, false);
}

static int set_up_optional(void **state)
{
    return set_up_kind(state, true);
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    rx_informer_free(f->informer);
    assert_false(f->open);
    rx_store_free(f->store);
    rx_kube_config_free(f->config);
    rx_loop_free(f->loop);
    rx_buf_free(&f->changes);
    rx_store_thread_fini();
    return 0;
}

/* ---- the server's side ---- */

static void send_text(struct fixture *f, const char *text)
{
    assert_true(f->open && f->data);
    int rc = f->data(rx_str_of(text), 200, f->arg);
    if (rc < 0) {
        struct rx_http_result result = {.error = rc, .status = 200, .retry_after_ms = -1};
        rx_error_set(&result.err, rc, "stopped by the reader");
        f->open = false;
        f->done(&result, f->arg);
    }
}

static void event(struct fixture *f, const char *type, const char *name, const char *rv)
{
    char text[512];
    snprintf(text, sizeof(text),
             "{\"type\":\"%s\",\"object\":{\"metadata\":{\"namespace\":\"n\",\"name\":\"%s\","
             "\"uid\":\"u\",\"resourceVersion\":\"%s\"}}}\n",
             type, name, rv);
    send_text(f, text);
}

static void initial_end(struct fixture *f, const char *rv)
{
    char text[512];
    snprintf(text, sizeof(text),
             "{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"%s\","
             "\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}}}}\n",
             rv);
    send_text(f, text);
}

/* The transfer ends: status with error 0, or a transport error. */
static void end(struct fixture *f, unsigned status, int error, const char *body)
{
    struct rx_http_result result = {.status = status, .error = error, .retry_after_ms = -1};
    result.body = RX_BUF_INIT(4096);
    rx_buf_puts(&result.body, body);
    if (error) {
        rx_error_set(&result.err, error, "connection reset");
    }
    assert_true(f->open);
    f->open = false;
    f->done(&result, f->arg);
    rx_buf_free(&result.body);
}

/* Milliseconds until the next request is sent, at most `most`; -1 when there is none. */
static int64_t until_next(struct fixture *f, int64_t most)
{
    struct rx_error err = {0};
    unsigned before = f->started;
    for (int64_t ms = 0; ms <= most; ms++) {
        assert_ok(rx_loop_step(f->loop, 0, &err), &err);
        if (f->started != before) {
            return ms;
        }
        rx_clock_manual_advance(&f->clock, 1000000);
    }
    return -1;
}

static void sync_with_a(struct fixture *f)
{
    event(f, "ADDED", "a", "5");
    initial_end(f, "10");
    assert_true(rx_informer_synced(f->informer));
}

/* ---- tests ---- */

static void the_first_list_comes_on_the_watch(void **state)
{
    struct fixture *f = *state;
    assert_non_null(strstr(f->url, "https://10.0.0.1:6443/api/v1/configmaps?labelSelector=a%3Db"));
    assert_non_null(strstr(f->url, "sendInitialEvents=true"));
    assert_non_null(strstr(f->url, "resourceVersionMatch=NotOlderThan"));
    assert_non_null(strstr(f->url, "allowWatchBookmarks=true"));
    assert_null(strstr(f->url, "resourceVersion="));
    event(f, "ADDED", "a", "5");
    event(f, "ADDED", "b", "3");
    assert_false(rx_informer_synced(f->informer));
    initial_end(f, "10");
    assert_int_equal(f->synced, 1);
    event(f, "MODIFIED", "a", "11");
    event(f, "DELETED", "b", "12");
    assert_buf(&f->changes, "+a! +b! +a -b ");
}

static void watches_end_after_five_to_ten_minutes(void **state)
{
    struct fixture *f = *state;
    long least = 1000, most = 0;
    sync_with_a(f);
    for (int i = 0; i < 200; i++) {
        const char *at = strstr(f->url, "timeoutSeconds=");
        assert_non_null(at);
        long seconds = strtol(at + strlen("timeoutSeconds="), NULL, 10);
        assert_int_equal(f->idle_ms, (seconds + 5) * 1000);
        least = seconds < least ? seconds : least;
        most = seconds > most ? seconds : most;
        rx_clock_manual_advance(&f->clock, seconds * 1000000000LL);
        end(f, 200, 0, "");
        assert_int_equal(until_next(f, 10), 0);
    }
    assert_true(least >= 300 && least < 330 && most <= 600 && most > 570);
}

static void a_watch_resumes_from_the_last_version_seen(void **state)
{
    struct fixture *f = *state;
    sync_with_a(f);
    event(f, "MODIFIED", "a", "15");
    send_text(f,
              "{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"20\"}}}\n");
    end(f, 200, 0, "");
    assert_int_equal(until_next(f, 10), 0);
    assert_non_null(strstr(f->url, "resourceVersion=20"));
    assert_null(strstr(f->url, "sendInitialEvents"));
}

static void a_cut_during_the_first_list_starts_it_over(void **state)
{
    struct fixture *f = *state;
    event(f, "ADDED", "a", "5");
    end(f, 200, -104, "");
    assert_true(until_next(f, 2000) >= 800);
    assert_non_null(strstr(f->url, "sendInitialEvents=true"));
    event(f, "ADDED", "b", "6");
    initial_end(f, "10");
    /* a was not in the whole list: it is gone. */
    assert_buf(&f->changes, "+a! +b! -a! ");
}

/* A proxy may end each stream politely after some bytes: that must not become a loop. */
static void a_polite_end_during_the_first_list_backs_off_too(void **state)
{
    struct fixture *f = *state;
    int64_t expected = 800;
    for (int i = 0; i < 4; i++) {
        event(f, "ADDED", "a", "5");
        end(f, 200, 0, "");
        assert_true(until_next(f, 70000) >= expected);
        assert_non_null(strstr(f->url, "sendInitialEvents=true"));
        expected *= 2;
    }
}

static void gone_means_one_new_list_at_once(void **state)
{
    struct fixture *f = *state;
    sync_with_a(f);
    rx_clock_manual_advance(&f->clock, 60 * 1000000000LL);
    send_text(f, "{\"type\":\"ERROR\",\"object\":{\"code\":410,\"message\":\"too old\"}}\n");
    assert_int_equal(until_next(f, 10), 0);
    assert_non_null(strstr(f->url, "sendInitialEvents=true"));
    /* Again and again: then it backs off. */
    send_text(f, "{\"type\":\"ERROR\",\"object\":{\"code\":410,\"message\":\"too old\"}}\n");
    assert_true(until_next(f, 5000) >= 800);
    end(f, 410, 0, "");
    assert_true(until_next(f, 10000) >= 1600);
}

static void nothing_leaves_before_a_list_is_whole(void **state)
{
    struct fixture *f = *state;
    sync_with_a(f);
    send_text(f, "{\"type\":\"ERROR\",\"object\":{\"code\":410}}\n");
    assert_int_equal(until_next(f, 10), 0);
    assert_int_equal(rx_store_size(f->store), 1);
    initial_end(f, "30");
    assert_int_equal(rx_store_size(f->store), 0);
}

static void failures_back_off_with_jitter_and_recover(void **state)
{
    struct fixture *f = *state;
    int64_t expected = 800;
    for (int i = 0; i < 8; i++) {
        end(f, 0, -111, "");
        int64_t waited = until_next(f, 70000);
        assert_in_range(waited, expected, 2 * expected + 1);
        expected = expected * 2 < 30000 ? expected * 2 : 30000;
    }
    assert_int_equal(f->recovered, 0);
    sync_with_a(f);
    assert_int_equal(f->recovered, 1);
    /* After two minutes of health the count starts over. */
    rx_clock_manual_advance(&f->clock, 121 * 1000000000LL);
    end(f, 200, -104, "");
    assert_in_range(until_next(f, 5000), 800, 1601);
}

static void a_kick_ends_a_back_off(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 6; i++) {
        end(f, 0, -111, "");
        assert_true(until_next(f, 70000) >= 0);
    }
    end(f, 0, -111, "");
    rx_informer_kick(f->informer);
    assert_in_range(until_next(f, 1000), 0, 200);
}

static void a_watch_that_ends_at_once_does_not_spin(void **state)
{
    struct fixture *f = *state;
    sync_with_a(f);
    end(f, 200, 0, "");
    assert_int_equal(until_next(f, 10), 0);
    end(f, 200, 0, "");
    assert_true(until_next(f, 5000) >= 800);
    end(f, 200, 0, "");
    assert_true(until_next(f, 5000) >= 1600);
}

static void retry_after_is_honoured(void **state)
{
    struct fixture *f = *state;
    struct rx_http_result result = {.status = 429, .retry_after_ms = 20000};
    f->open = false;
    f->done(&result, f->arg);
    assert_true(until_next(f, 30000) >= 20000);
}

static void broken_lines_end_the_stream(void **state)
{
    struct fixture *f = *state;
    sync_with_a(f);
    send_text(f, "{\"type\":\"ADDED\",\"obj\n");
    assert_true(until_next(f, 5000) >= 800);
    assert_non_null(strstr(f->url, "resourceVersion=10"));
}

static const char page_one[] =
    "{\"metadata\":{\"resourceVersion\":\"40\",\"continue\":\"t/1\"},\"items\":[{\"metadata\":{"
    "\"namespace\":\"n\",\"name\":\"a\",\"uid\":\"u\",\"resourceVersion\":\"1\"}}]}";
static const char page_two[] =
    "{\"metadata\":{\"resourceVersion\":\"40\"},\"items\":[{\"metadata\":{\"namespace\":\"n\","
    "\"name\":\"b\",\"uid\":\"u\",\"resourceVersion\":\"2\"}}]}";

static void without_watch_list_it_lists_by_pages(void **state)
{
    struct fixture *f = *state;
    end(f, 422, 0, "");
    assert_int_equal(until_next(f, 10), 0);
    assert_null(f->data);
    assert_non_null(strstr(f->url, "limit=100"));
    end(f, 200, 0, page_one);
    assert_non_null(strstr(f->url, "continue=t%2F1"));
    assert_false(rx_informer_synced(f->informer));
    end(f, 200, 0, page_two);
    assert_true(rx_informer_synced(f->informer));
    assert_int_equal(until_next(f, 10), 0);
    assert_non_null(strstr(f->url, "watch=true"));
    assert_non_null(strstr(f->url, "resourceVersion=40"));
    assert_buf(&f->changes, "+a! +b! ");
}

static void a_page_that_expired_starts_the_list_over(void **state)
{
    struct fixture *f = *state;
    end(f, 400, 0, "");
    assert_int_equal(until_next(f, 10), 0);
    end(f, 200, 0, page_one);
    end(f, 410, 0, "{}");
    assert_true(until_next(f, 5000) >= 800);
    assert_null(strstr(f->url, "continue="));
    assert_non_null(strstr(f->url, "limit=100"));
}

static void an_absent_kind_counts_as_synced_and_is_picked_up(void **state)
{
    struct fixture *f = *state;
    end(f, 404, 0, "");
    assert_int_equal(f->synced, 1);
    assert_true(until_next(f, 60000) >= 10000);
    sync_with_a(f);
    assert_int_equal(f->synced, 1);
    assert_int_equal(rx_store_size(f->store), 1);
    /* The CRD is removed again: its objects are gone with it. */
    end(f, 404, 0, "");
    assert_int_equal(rx_store_size(f->store), 0);
}

static void a_kind_that_must_exist_is_waited_for(void **state)
{
    struct fixture *f = *state;
    end(f, 404, 0, "");
    assert_int_equal(f->synced, 0);
    assert_true(until_next(f, 5000) >= 800);
}

static void freeing_cancels_what_is_under_way(void **state)
{
    struct fixture *f = *state;
    rx_informer_free(f->informer);
    f->informer = NULL;
    assert_int_equal(f->cancelled, 1);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_first_list_comes_on_the_watch),
        TEST(watches_end_after_five_to_ten_minutes),
        TEST(a_watch_resumes_from_the_last_version_seen),
        TEST(a_cut_during_the_first_list_starts_it_over),
        TEST(a_polite_end_during_the_first_list_backs_off_too),
        TEST(gone_means_one_new_list_at_once),
        TEST(nothing_leaves_before_a_list_is_whole),
        TEST(failures_back_off_with_jitter_and_recover),
        TEST(a_kick_ends_a_back_off),
        TEST(a_watch_that_ends_at_once_does_not_spin),
        TEST(retry_after_is_honoured),
        TEST(broken_lines_end_the_stream),
        TEST(without_watch_list_it_lists_by_pages),
        TEST(a_page_that_expired_starts_the_list_over),
        cmocka_unit_test_setup_teardown(an_absent_kind_counts_as_synced_and_is_picked_up,
                                        set_up_optional, tear_down),
        TEST(a_kind_that_must_exist_is_waited_for),
        TEST(freeing_cancels_what_is_under_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
