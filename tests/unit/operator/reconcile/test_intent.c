// SPDX-License-Identifier: Apache-2.0
#include "operator/reconcile/intent.h"

#include "common/json/build.h"
#include "tests/support/test.h"

/* A CR whose engine settings and labels hold what could be mistaken for the object's metadata. */
static const char cr[] =
    "{\"metadata\":{\"name\":\"prod\",\"namespace\":\"risk\",\"uid\":\"u\",\"generation\":1},"
    "\"spec\":{"
    "\"podTemplate\":{\"annotations\":{\"note\":\",\\\"metadata\\\":{\"}},\"sources\":[{\"name\":"
    "\"metadata\",\"type\":\"evm\",\"rpcURL\":\"http://h/,%22metadata%22:{\",\"factories\":[]}]}}";

struct fixture {
    struct rx_json_doc *doc;
    struct rx_rxd rxd;
    struct rx_render_in in;
};

static int set_up(void **state)
{
    static struct fixture f;
    struct rx_error err = {0};
    assert_ok(rx_json_parse(rx_str_of(cr), NULL, &f.doc, &err), &err);
    assert_ok(rx_rxd_read(rx_json_root(f.doc), &f.rxd, &err), &err);
    f.in = (struct rx_render_in){.rxd = &f.rxd};
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    rx_json_doc_free(((struct fixture *)*state)->doc);
    return 0;
}

/* Of every kind: the text sent, without the precondition, is what `render` prints. */
static void what_is_sent_is_what_render_prints(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < rx_render_children_n; i++) {
        struct rx_error err = {0};
        rx_auto(buf) struct rx_buf text = RX_BUF_INIT(1u << 20);
        rx_auto(buf) struct rx_buf body = RX_BUF_INIT(1u << 20);
        rx_auto(intent) struct rx_intent intent = {0};
        rx_auto(build) json_t *printed = NULL, *sent = NULL;
        assert_ok(rx_intent_render(&rx_render_children[i], &f->in, &text, &intent, &err), &err);
        assert_ok(rx_intent_body(&intent, "uid", RX_STR("u-1"), &body, &err), &err);
        assert_ok(rx_render_child(&rx_render_children[i], &f->in, &printed, &err), &err);
        assert_ok(rx_build_parse(rx_buf_str(&body), &sent, &err), &err);
        json_t *metadata = json_object_get(sent, "metadata");
        assert_string_equal(json_string_value(json_object_get(metadata, "uid")), "u-1");
        json_object_del(metadata, "uid");
        assert_true(json_equal(sent, printed));
    }
}

static void a_body_that_is_too_long_is_an_error(void **state)
{
    struct fixture *f = *state;
    struct rx_error err = {0};
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(1u << 20);
    rx_auto(buf) struct rx_buf body = RX_BUF_INIT(100);
    rx_auto(intent) struct rx_intent intent = {0};
    assert_ok(rx_intent_render(&rx_render_children[0], &f->in, &text, &intent, &err), &err);
    assert_int_equal(rx_intent_body(&intent, "uid", RX_STR("u"), &body, &err), RX_ELIMIT);
    rx_auto(buf) struct rx_buf small = RX_BUF_INIT(100);
    rx_auto(intent) struct rx_intent other = {0};
    assert_true(rx_intent_render(&rx_render_children[0], &f->in, &small, &other, &err) < 0);
    assert_null(other.tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_sent_is_what_render_prints, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_body_that_is_too_long_is_an_error, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
