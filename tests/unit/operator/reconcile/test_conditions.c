// SPDX-License-Identifier: Apache-2.0
#include "operator/reconcile/conditions.h"

#include "tests/support/test.h"

#define OLD "2026-01-01T00:00:00Z"
#define NOW 1800000000LL /* 2027-01-15T08:00:00Z */

static const char live_text[] =
    "{\"conditions\":[{\"type\":\"Ready\",\"status\":\"False\",\"reason\":\"Progressing\","
    "\"message\":"
    "\"0 of 3\",\"lastTransitionTime\":\"" OLD "\",\"observedGeneration\":1},{\"type\":\"Theirs\","
    "\"status\":\"True\",\"reason\":\"X\",\"message\":\"\",\"lastTransitionTime\":\"" OLD "\"}],"
    "\"replicas\":1,\"effective\":{\"image\":\"a\",\"old\":1}}";

struct fixture {
    struct rx_json_doc *doc;
    const struct rx_json *live;
};

static int set_up(void **state)
{
    static struct fixture f;
    struct rx_error err = {0};
    assert_ok(rx_json_parse(rx_str_of(live_text), NULL, &f.doc, &err), &err);
    f.live = rx_json_root(f.doc);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    rx_json_doc_free(((struct fixture *)*state)->doc);
    return 0;
}

static json_t *build(struct fixture *f, enum rx_condition_status status, const char *message)
{
    struct rx_condition list[2] = {{.type = "Ready"}, {.type = "Stalled"}};
    rx_condition_set(&list[0], status, "Progressing", "%s", message);
    json_t *array = rx_conditions_build(list, 2, rx_json_get(f->live, "conditions"), 1, NOW);
    assert_non_null(array);
    return array;
}

static const char *field(const json_t *array, size_t index, const char *key)
{
    return json_string_value(json_object_get(json_array_get(array, index), key));
}

static void the_time_moves_only_on_a_flip(void **state)
{
    rx_auto(build) json_t *same = build(*state, RX_COND_FALSE, "1 of 3");
    assert_string_equal(field(same, 0, "lastTransitionTime"), OLD);
    assert_string_equal(field(same, 0, "message"), "1 of 3");
    rx_auto(build) json_t *flipped = build(*state, RX_COND_TRUE, "3 of 3");
    assert_string_equal(field(flipped, 0, "lastTransitionTime"), "2027-01-15T08:00:00Z");
    assert_string_equal(field(flipped, 0, "status"), "True");
}

static void absent_ones_are_left_out_and_others_kept(void **state)
{
    rx_auto(build) json_t *array = build(*state, RX_COND_TRUE, "");
    assert_int_equal(json_array_size(array), 2);
    assert_string_equal(field(array, 1, "type"), "Theirs");
}

static void the_live_status_is_read(void **state)
{
    struct fixture *f = *state;
    const struct rx_json *list = rx_json_get(f->live, "conditions");
    assert_int_equal(rx_condition_live(list, "Ready"), RX_COND_FALSE);
    assert_int_equal(rx_condition_live(list, "Theirs"), RX_COND_TRUE);
    assert_int_equal(rx_condition_live(list, "Stalled"), RX_COND_ABSENT);
    assert_int_equal(rx_condition_live(NULL, "Ready"), RX_COND_ABSENT);
}

static void an_equal_status_needs_no_patch(void **state)
{
    struct fixture *f = *state;
    rx_auto(build) json_t *same = rx_build_from(f->live);
    rx_auto(buf) struct rx_buf out = RX_BUF_INIT(4096);
    assert_int_equal(rx_status_patch(same, f->live, "5", &out), 0);
    assert_int_equal(out.n, 0);
}

static void a_patch_holds_what_differs(void **state)
{
    struct fixture *f = *state;
    rx_auto(build) json_t *want = rx_build_from(f->live);
    rx_auto(buf) struct rx_buf out = RX_BUF_INIT(4096);
    json_object_set_new(want, "replicas", json_integer(2));
    json_object_del(json_object_get(want, "effective"), "old");
    json_object_set_new(json_object_get(want, "effective"), "image", json_string("b"));
    assert_int_equal(rx_status_patch(want, f->live, "5", &out), 1);
    assert_buf(&out,
               "{\"metadata\":{\"resourceVersion\":\"5\"},\"status\":{\"effective\":{\"image\":"
               "\"b\",\"old\":null},\"replicas\":2}}");
}

static void a_first_status_is_a_patch_too(void **state)
{
    (void)state;
    rx_auto(build) json_t *want = json_pack("{s:i}", "observedGeneration", 1);
    rx_auto(buf) struct rx_buf out = RX_BUF_INIT(4096);
    assert_int_equal(rx_status_patch(want, NULL, "5", &out), 1);
    assert_buf(&out,
               "{\"metadata\":{\"resourceVersion\":\"5\"},\"status\":{\"observedGeneration\":1}}");
}

/* Words of a foreign server may be anything; the API takes UTF-8 only. */
static void messages_are_made_valid(void **state)
{
    rx_auto(build) json_t *array = build(*state, RX_COND_TRUE, "bad \xff byte");
    assert_string_equal(field(array, 0, "message"), "bad ? byte");
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_time_moves_only_on_a_flip), TEST(absent_ones_are_left_out_and_others_kept),
        TEST(the_live_status_is_read),       TEST(an_equal_status_needs_no_patch),
        TEST(a_patch_holds_what_differs),    TEST(a_first_status_is_a_patch_too),
        TEST(messages_are_made_valid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
