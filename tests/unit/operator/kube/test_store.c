// SPDX-License-Identifier: Apache-2.0
#include "operator/kube/store.h"

#include <stdio.h>

#include "tests/support/test.h"
#include "tests/support/torture.h"

static const struct rx_kube_kind kind = {"v1", "ConfigMap", "configmaps"};

struct fixture {
    struct rx_store *store;
    struct rx_buf log; /* of changes: "+name" new, "~name" changed, "-name" gone */
};

static int set_up(void **state)
{
    static struct fixture fixture;
    const struct rx_store_options options = {
        .kind = &kind, .owner_kind = "RadarXDeployment", .body = true, .max_objects = 5};
    fixture.log = RX_BUF_INIT(4096);
    *state = &fixture;
    return rx_store_new(&options, &fixture.store);
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    rx_store_free(f->store);
    rx_buf_free(&f->log);
    rx_store_thread_fini();
    return 0;
}

static void on_change(const struct rx_store_change *change, void *arg)
{
    struct fixture *f = arg;
    const struct rx_record *record = change->after ? change->after : change->before;
    rx_buf_putc(&f->log, change->before && change->after ? '~' : change->after ? '+' : '-');
    rx_buf_puts(&f->log, record->name);
}

/* Does `what` with an object of that name and version. */
enum what { PUT, REMOVE, OWN };

static int act(struct fixture *f, enum what what, const char *name, const char *rv)
{
    struct rx_error err = {0};
    rx_auto(json_doc) struct rx_json_doc *doc = NULL;
    char text[512];
    snprintf(
        text, sizeof(text),
        "{\"metadata\":{\"namespace\":\"ns\",\"name\":\"%s\",\"uid\":\"u-%s\","
        "\"resourceVersion\":\"%s\",\"generation\":2,\"managedFields\":[1],\"annotations\":{"
        "\"kubectl.kubernetes.io/last-applied-configuration\":\"{}\",\"keep\":\"1\"},"
        "\"ownerReferences\":[{\"kind\":\"Other\",\"name\":\"x\",\"uid\":\"x\"},{\"kind\":"
        "\"RadarXDeployment\",\"name\":\"prod\",\"uid\":\"o\",\"controller\":true}]},\"data\":{}}",
        name, name, rv);
    assert_ok(rx_json_parse(rx_str_of(text), NULL, &doc, &err), &err);
    switch (what) {
    case PUT:
        return rx_store_put(f->store, rx_json_root(doc), false, on_change, f, &err);
    case REMOVE:
        rx_store_remove(f->store, rx_json_root(doc), on_change, f);
        return 0;
    case OWN:
        return rx_store_put_own(f->store, rx_json_root(doc), &err);
    }
    return -1;
}

/* The stored version of ns/name, "" when absent. */
static const char *version(struct fixture *f, const char *name)
{
    static char out[64];
    char key[RX_KEY_LEN];
    const struct rx_record *record =
        rx_store_get(f->store, rx_store_key(RX_STR("ns"), rx_str_of(name), key));
    snprintf(out, sizeof(out), "%s", record ? record->rv : "");
    rx_record_unref(record);
    return out;
}

static void a_record_holds_the_projection(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(act(f, PUT, "a", "10"), 0);
    const struct rx_record *record = rx_store_get(f->store, RX_STR("ns/a"));
    assert_non_null(record);
    assert_string_equal(record->ns, "ns");
    assert_string_equal(record->uid, "u-a");
    assert_string_equal(record->owner_name, "prod");
    assert_string_equal(record->owner_uid, "o");
    assert_int_equal(record->generation, 2);
    assert_null(strstr(record->body.p, "managedFields"));
    assert_null(strstr(record->body.p, "last-applied"));
    assert_non_null(strstr(record->body.p, "\"keep\":\"1\""));
    /* It outlives its place in the store. */
    assert_int_equal(act(f, REMOVE, "a", "11"), 0);
    assert_string_equal(record->name, "a");
    rx_record_unref(record);
}

static void older_and_equal_versions_are_no_news(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(act(f, PUT, "a", "10"), 0);
    assert_int_equal(act(f, PUT, "a", "10"), 0);
    assert_int_equal(act(f, PUT, "a", "9"), 0);
    assert_int_equal(act(f, PUT, "a", "11"), 0);
    assert_buf(&f->log, "+a~a");
    assert_string_equal(version(f, "a"), "11");
}

static void own_writes_are_read_at_once_and_not_told_again(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(act(f, OWN, "a", "10"), 0);
    assert_string_equal(version(f, "a"), "10");
    assert_int_equal(act(f, PUT, "a", "10"), 0); /* the watch's echo */
    assert_buf(&f->log, "");
    assert_int_equal(act(f, OWN, "a", "8"), 0); /* an answer that was overtaken */
    assert_string_equal(version(f, "a"), "10");
}

static void an_answer_that_comes_after_the_deletion_makes_no_ghost(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(act(f, PUT, "a", "10"), 0);
    assert_int_equal(act(f, REMOVE, "a", "12"), 0);
    rx_store_seen(f->store, RX_STR("12"));
    assert_int_equal(act(f, OWN, "a", "11"), 0);
    assert_string_equal(version(f, "a"), "");
    assert_int_equal(act(f, OWN, "a", "13"), 0);
    assert_string_equal(version(f, "a"), "13");
    assert_int_equal(act(f, REMOVE, "a", "12"), 0); /* late news of the former one */
    assert_string_equal(version(f, "a"), "13");
    assert_buf(&f->log, "+a-a");
}

static void only_a_whole_list_removes(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(act(f, PUT, "a", "10"), 0);
    assert_int_equal(act(f, PUT, "b", "11"), 0);
    rx_store_list_begin(f->store);
    assert_int_equal(act(f, PUT, "b", "11"), 0);
    assert_string_equal(version(f, "a"), "10"); /* the list is not over yet */
    assert_int_equal(act(f, OWN, "new", "30"), 0);
    rx_store_list_end(f->store, RX_STR("20"), on_change, f);
    assert_string_equal(version(f, "a"), "");
    assert_string_equal(version(f, "b"), "11");
    assert_string_equal(version(f, "new"), "30"); /* newer than the list */
    assert_buf(&f->log, "+a+b-a");
}

static void versions_that_are_no_numbers_still_work(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(act(f, PUT, "a", "x1"), 0);
    assert_int_equal(act(f, PUT, "a", "x0"), 0);
    assert_string_equal(version(f, "a"), "x0");
    assert_int_equal(act(f, REMOVE, "a", "x9"), 0);
    assert_buf(&f->log, "+a~a-a");
}

static void the_number_of_objects_is_bounded(void **state)
{
    struct fixture *f = *state;
    const char *names[] = {"a", "b", "c", "d", "e"};
    for (size_t i = 0; i < RX_ARRAY_LEN(names); i++) {
        assert_int_equal(act(f, PUT, names[i], "1"), 0);
    }
    assert_int_equal(act(f, PUT, "f", "1"), RX_ELIMIT);
    assert_int_equal(rx_store_size(f->store), 5);
    assert_int_equal(act(f, PUT, "a", "2"), 0);
}

static void objects_without_identity_are_refused(void **state)
{
    struct fixture *f = *state;
    struct rx_error err = {0};
    rx_auto(json_doc) struct rx_json_doc *doc = NULL;
    assert_ok(rx_json_parse(RX_STR("{\"metadata\":{\"name\":\"a\"}}"), NULL, &doc, &err), &err);
    assert_int_equal(rx_store_put(f->store, rx_json_root(doc), false, on_change, f, &err),
                     RX_EPROTO);
    assert_int_equal(rx_store_size(f->store), 0);
}

static int put_fresh(void *arg)
{
    struct fixture *f = arg;
    struct rx_error err = {0};
    rx_auto(json_doc) struct rx_json_doc *doc = NULL;
    const char *text = "{\"metadata\":{\"namespace\":\"ns\",\"name\":\"t\",\"uid\":\"u\","
                       "\"resourceVersion\":\"1\"}}";
    rx_store_thread_fini();
    int rc = rx_json_parse(rx_str_of(text), NULL, &doc, &err);
    if (rc == 0) {
        rx_store_remove(f->store, rx_json_root(doc), NULL, NULL);
        rc = rx_store_put(f->store, rx_json_root(doc), false, NULL, NULL, &err);
    }
    return rc;
}

static void no_memory_is_an_error(void **state)
{
    assert_true(rx_torture_alloc(put_fresh, *state) >= 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_record_holds_the_projection, set_up, tear_down),
        cmocka_unit_test_setup_teardown(older_and_equal_versions_are_no_news, set_up, tear_down),
        cmocka_unit_test_setup_teardown(own_writes_are_read_at_once_and_not_told_again, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_answer_that_comes_after_the_deletion_makes_no_ghost,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(only_a_whole_list_removes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(versions_that_are_no_numbers_still_work, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_number_of_objects_is_bounded, set_up, tear_down),
        cmocka_unit_test_setup_teardown(objects_without_identity_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_memory_is_an_error, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
