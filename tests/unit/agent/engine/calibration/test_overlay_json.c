// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/calibration/overlay_json.h"

#include "tests/support/oracle.h"
#include "tests/support/torture.h"

static struct rx_overlay *overlay_of(const char *target, uint64_t number,
                                     enum rx_calibrator_kind kind)
{
    struct rx_overlay *o = calloc(1, sizeof(*o));
    assert_non_null(o);
    snprintf(o->target, sizeof(o->target), "%s", target);
    snprintf(o->model_version, sizeof(o->model_version), "m-1");
    o->number = number;
    o->made_at = 1700000000000;
    o->fit_n = 700;
    o->test.n = 300;
    o->test.log_loss_change = -0.0125;
    o->cal = (struct rx_calibrator){.kind = kind, .a = 0.75, .b = 1. / 3, .c = -0.1};
    if (kind == RX_CAL_ISOTONIC) {
        o->knots = calloc(6, sizeof(double));
        assert_non_null(o->knots);
        static const double knots[] = {-2, 0, 1.5, -3, -1, 2};
        memcpy(o->knots, knots, sizeof(knots));
        o->cal.n = 3;
        o->cal.x = o->knots;
        o->cal.y = o->knots + 3;
    }
    return o;
}

static void write_set(const struct rx_overlay_set *set, struct rx_buf *out)
{
    struct rx_jw w;
    rx_jw_init(&w, out);
    rx_overlay_set_write(&w, set);
    assert_int_equal(out->error, 0);
}

static void fill(struct rx_overlay_set *set)
{
    struct rx_error err = {0};
    for (int i = 0; i < RX_CAL_KINDS; i++) {
        char name[16];
        snprintf(name, sizeof(name), "t%d", i);
        enum rx_calibrator_kind kind = (enum rx_calibrator_kind)i;
        assert_ok(rx_overlay_set_push(set, overlay_of(name, 1, RX_CAL_PLATT), &err), &err);
        assert_ok(rx_overlay_set_push(set, overlay_of(name, 2, kind), &err), &err);
    }
}

static void test_round_trip(void **state)
{
    (void)state;
    rx_auto(overlay_set) struct rx_overlay_set set = {0};
    rx_auto(overlay_set) struct rx_overlay_set back = {0};
    rx_auto(buf) struct rx_buf first = RX_BUF_INIT(1u << 20);
    rx_auto(buf) struct rx_buf second = RX_BUF_INIT(1u << 20);
    struct rx_error err = {0};
    fill(&set);
    write_set(&set, &first);
    assert_ok(rx_overlay_set_parse(rx_buf_str(&first), &back, &err), &err);
    write_set(&back, &second);
    assert_buf(&first, (rx_buf_putc(&second, 0), second.p));
    assert_int_equal(back.n, RX_CAL_KINDS);
    for (size_t i = 0; i < back.n; i++) {
        assert_true(rx_overlay_apply(back.top[i], 0.3) == rx_overlay_apply(set.top[i], 0.3));
        assert_int_equal(back.top[i]->number, 2);
        assert_int_equal(back.top[i]->previous->number, 1);
        assert_null(back.top[i]->previous->previous);
    }
}

static void test_find_and_rollback(void **state)
{
    (void)state;
    rx_auto(overlay_set) struct rx_overlay_set set = {0};
    struct rx_error err = {0};
    fill(&set);
    assert_null(rx_overlay_set_find(&set, "t9"));
    for (int i = 0; i < 2; i++) {
        rx_auto(recal_event) struct rx_recal_event event = {0};
        assert_ok(rx_overlay_set_rollback(&set, "t1", 5, &event, &err), &err);
        assert_int_equal(event.candidate->number, 2 - i);
    }
    assert_null(rx_overlay_set_find(&set, "t1"));
    assert_int_equal(set.n, RX_CAL_KINDS - 1);
    struct rx_recal_event event = {0};
    assert_int_equal(rx_overlay_set_rollback(&set, "t1", 5, &event, &err), RX_EINVALID);
    assert_message(&err, "t1: no recalibration is in force");
    for (int i = 0; i < RX_OVERLAY_MAX_TARGETS; i++) {
        char name[16];
        snprintf(name, sizeof(name), "u%d", i);
        int rc = rx_overlay_set_push(&set, overlay_of(name, 1, RX_CAL_PLATT), &err);
        assert_int_equal(rc, i + RX_CAL_KINDS - 1 < RX_OVERLAY_MAX_TARGETS ? 0 : RX_ELIMIT);
    }
}

#define HEAD "{\"format\":\"radarx-recalibration\",\"format_version\":1,\"targets\":["
#define ONE(target, cal)                                                                           \
    "{\"target\":\"" target "\",\"model_version\":\"m\",\"calibration\":" cal "}"
#define PLATT "{\"method\":\"platt\",\"a\":1,\"b\":0}"

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", ""},
        {"[]", "radarx-recalibration of format_version 1"},
        {"{\"format\":\"radarx-recalibration\",\"format_version\":2}", "format_version 1"},
        {HEAD "{}]}", "targets[0]: target: a string"},
        {HEAD ONE("t", "null") "]}", "targets[0]: calibrator: method: platt"},
        {HEAD ONE("t", "{\"method\":\"platt\",\"a\":1}") "]}", "b: a finite number"},
        {HEAD ONE("t", "{\"method\":\"platt\",\"a\":-1,\"b\":0}") "]}", "at least 0"},
        {HEAD ONE("t", "{\"method\":\"isotonic\",\"x\":[1,2],\"y\":[1]}") "]}", "as many in both"},
        {HEAD ONE("t", "{\"method\":\"isotonic\",\"x\":[1,0],\"y\":[1,2]}") "]}", "ascending"},
        {HEAD ONE("t", "{\"method\":\"isotonic\",\"x\":[1,\"a\"],\"y\":[1,2]}") "]}", "finite"},
        {HEAD ONE("t", PLATT) "," ONE("t", PLATT) "]}", "targets[1]: t appears twice"},
        {HEAD "{\"target\":\"t\",\"model_version\":\"m\",\"calibration\":" PLATT
              ",\"previous\":[" ONE("u", PLATT) "]}]}",
         "previous: target: t expected, got u"},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        rx_auto(overlay_set) struct rx_overlay_set set = {0};
        struct rx_error err = {0};
        assert_true(rx_overlay_set_parse(rx_str_of(cases[i].text), &set, &err) < 0);
        assert_message(&err, cases[i].message);
        assert_int_equal(set.n, 0);
        assert_true(rx_overlay_set_parse(rx_str_of(cases[i].text), &set, NULL) < 0);
    }
    rx_auto(overlay_set) struct rx_overlay_set set = {0};
    struct rx_error err = {0};
    assert_ok(rx_overlay_set_parse(RX_STR(HEAD ONE("t", PLATT) "]}"), &set, &err), &err);
    assert_int_equal(set.n, 1);
}

static void test_event(void **state)
{
    (void)state;
    rx_auto(recal_event) struct rx_recal_event event = {.action = RX_RECAL_ADOPTED,
                                                        .at = 5,
                                                        .target = "t",
                                                        .model_version = "m",
                                                        .reason = "better",
                                                        .matured = 3,
                                                        .candidate =
                                                            overlay_of("t", 1, RX_CAL_ISOTONIC)};
    rx_auto(buf) struct rx_buf out = RX_BUF_INIT(1u << 16);
    rx_auto(json_doc) struct rx_json_doc *doc = NULL;
    struct rx_jw w;
    struct rx_error err = {0};
    rx_jw_init(&w, &out);
    rx_recal_event_write(&w, &event);
    assert_null(memchr(out.p, '\n', out.n)); /* a line of the audit trail */
    assert_ok(rx_json_parse(rx_buf_str(&out), NULL, &doc, &err), &err);
    const struct rx_json *root = rx_json_root(doc);
    assert_str(rx_json_str(rx_json_get(root, "action")), "adopted");
    assert_str(rx_json_str(rx_json_at(root, "overlay.calibration.method")), "isotonic");
    assert_close(rx_json_double(rx_json_at(root, "overlay.test.log_loss_change"), 0), -0.0125, 0);
}

static int parse_once(void *arg)
{
    rx_auto(overlay_set) struct rx_overlay_set set = {0};
    struct rx_error err = {0};
    return rx_overlay_set_parse(rx_buf_str(arg), &set, &err);
}

static void test_torture(void **state)
{
    (void)state;
    rx_auto(overlay_set) struct rx_overlay_set set = {0};
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(1u << 20);
    fill(&set);
    write_set(&set, &text);
    assert_true(rx_torture_alloc(parse_once, &text) >= 9);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_find_and_rollback),
        cmocka_unit_test(test_refused),    cmocka_unit_test(test_event),
        cmocka_unit_test(test_torture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
