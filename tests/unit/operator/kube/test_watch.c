// SPDX-License-Identifier: Apache-2.0
#include "operator/kube/watch.h"
#include "tests/support/test.h"

/* Lines that came, joined by '|'. */
static int gather(struct rx_str line, void *arg)
{
    rx_buf_add_str(arg, line);
    rx_buf_putc(arg, '|');
    return rx_str_is(line, "stop") ? RX_EGONE : 0;
}

static int feed(struct rx_watch_lines *lines, const char *text, size_t piece, struct rx_buf *out)
{
    size_t n = strlen(text);
    for (size_t at = 0; at < n; at += piece) {
        struct rx_str part = {text + at, n - at < piece ? n - at : piece};
        int rc = rx_watch_lines_feed(lines, part, gather, out);
        if (rc < 0) {
            return rc;
        }
    }
    return 0;
}

static void any_cut_gives_the_same_lines(void **state)
{
    (void)state;
    const char *text = "{\"a\":1}\n\n{\"b\":2}\n{\"c\"";
    for (size_t piece = 1; piece <= strlen(text); piece++) {
        struct rx_watch_lines lines;
        rx_auto(buf) struct rx_buf out = RX_BUF_INIT(1024);
        rx_watch_lines_init(&lines, 64);
        assert_int_equal(feed(&lines, text, piece, &out), 0);
        assert_buf(&out, "{\"a\":1}|{\"b\":2}|");
        assert_int_equal(feed(&lines, ":3}\n", piece, &out), 0);
        assert_buf(&out, "{\"a\":1}|{\"b\":2}|{\"c\":3}|");
        rx_watch_lines_free(&lines);
    }
}

static void a_line_that_is_too_long_is_skipped_and_counted(void **state)
{
    (void)state;
    for (size_t piece = 1; piece <= 40; piece++) {
        struct rx_watch_lines lines;
        rx_auto(buf) struct rx_buf out = RX_BUF_INIT(1024);
        rx_watch_lines_init(&lines, 8);
        assert_int_equal(feed(&lines, "one\n123456789abcdef\ntwo\n12345678\n", piece, &out), 0);
        assert_buf(&out, "one|two|12345678|");
        assert_int_equal(lines.skipped, 1);
        rx_watch_lines_free(&lines);
    }
}

static void the_reader_may_stop(void **state)
{
    (void)state;
    struct rx_watch_lines lines;
    rx_auto(buf) struct rx_buf out = RX_BUF_INIT(1024);
    rx_watch_lines_init(&lines, 64);
    assert_int_equal(feed(&lines, "go\nstop\nmore\n", 100, &out), RX_EGONE);
    assert_buf(&out, "go|stop|");
    rx_watch_lines_reset(&lines);
    assert_int_equal(feed(&lines, "half", 100, &out), 0);
    rx_watch_lines_reset(&lines);
    assert_int_equal(feed(&lines, "new\n", 100, &out), 0);
    assert_buf(&out, "go|stop|new|");
    rx_watch_lines_free(&lines);
}

static void events_are_parsed(void **state)
{
    (void)state;
    const struct {
        const char *line;
        enum rx_watch_type type;
        const char *rv;
        bool initial_end;
        int code;
    } cases[] = {
        {"{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"resourceVersion\":\"7\"}}}",
         RX_WATCH_ADDED, "7", false, 0},
        {"{\"type\":\"DELETED\",\"object\":{\"metadata\":{\"resourceVersion\":\"8\"}}}",
         RX_WATCH_DELETED, "8", false, 0},
        {"{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"9\"}}}",
         RX_WATCH_BOOKMARK, "9", false, 0},
        {"{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"9\","
         "\"annotations\":"
         "{\"k8s.io/initial-events-end\":\"true\"}}}}",
         RX_WATCH_BOOKMARK, "9", true, 0},
        {"{\"type\":\"ERROR\",\"object\":{\"code\":410,\"message\":\"too old\"}}", RX_WATCH_ERROR,
         "", false, 410},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        struct rx_error err = {0};
        struct rx_watch_event event;
        rx_auto(json_doc) struct rx_json_doc *doc = NULL;
        assert_ok(rx_watch_parse(rx_str_of(cases[i].line), &doc, &event, &err), &err);
        assert_int_equal(event.type, cases[i].type);
        assert_str(event.resource_version, cases[i].rv);
        assert_int_equal(event.initial_end, cases[i].initial_end);
        assert_int_equal(event.code, cases[i].code);
    }
}

static void what_is_no_event_is_refused(void **state)
{
    (void)state;
    const struct {
        const char *line, *message;
        int code;
    } cases[] = {
        {"{\"type\":\"ADDED\",", "watch event", RX_EPARSE},
        {"[]", "type is not one of", RX_EPROTO},
        {"{\"type\":\"MOVED\",\"object\":{}}", "type is not one of", RX_EPROTO},
        {"{\"type\":\"ADDED\",\"object\":7}", "expected an object, got integer", RX_EPROTO},
        {"{\"type\":\"ADDED\",\"object\":{\"metadata\":{}}}", "no resourceVersion", RX_EPROTO},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        struct rx_error err = {0};
        struct rx_watch_event event;
        rx_auto(json_doc) struct rx_json_doc *doc = NULL;
        assert_int_equal(rx_watch_parse(rx_str_of(cases[i].line), &doc, &event, &err),
                         cases[i].code);
        assert_message(&err, cases[i].message);
        assert_null(doc);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_cut_gives_the_same_lines),
        cmocka_unit_test(a_line_that_is_too_long_is_skipped_and_counted),
        cmocka_unit_test(the_reader_may_stop),
        cmocka_unit_test(events_are_parsed),
        cmocka_unit_test(what_is_no_event_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
