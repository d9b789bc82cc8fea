// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "common/http/router.h"
#include "common/json/read.h"

struct fixture {
    struct rx_metrics *metrics;
    struct rx_router *router;
    struct rx_http_loopback io;
    struct rx_http_request *held;
    struct rx_json_doc *doc;
};

static void say(struct rx_http_request *request, void *arg)
{
    (void)arg;
    rx_auto(buf) struct rx_buf body = RX_BUF_INIT(1024);
    struct rx_str q = RX_STR("-");
    (void)rx_http_query(request, "q", &q);
    const struct rx_str param = rx_router_param(request);
    rx_buf_printf(&body, "{\"q\":\"" RX_STR_FMT "\",\"param\":\"" RX_STR_FMT "\"}", RX_STR_ARG(q),
                  RX_STR_ARG(param));
    rx_respond_json(request, 200, &body);
}

static void hold(struct rx_http_request *request, void *arg)
{
    ((struct fixture *)arg)->held = request;
}

static void busy(struct rx_http_request *request, void *arg)
{
    (void)arg;
    rx_respond_retry(request, 503, 7, "syncing", "block %d of %d", 3, 9);
}

static const struct rx_route routes[] = {
    {.method = "GET", .path = "/say", .handle = say, .open = true},
    {.method = "POST", .path = "/say", .handle = say, .open = true},
    {.method = "GET", .path = "/things/{id}", .handle = say, .open = true},
    {.method = "GET", .path = "/hold", .handle = hold, .open = true},
    {.method = "GET", .path = "/busy", .handle = busy, .open = true},
    {.method = "GET", .path = "/closed", .handle = say},
};

static int guard(struct rx_http_request *request, const struct rx_route *route, void *arg)
{
    (void)route, (void)arg;
    if (rx_str_is(rx_http_header(request, "x-api-key"), "open sesame")) {
        return 0;
    }
    rx_respond_error(request, 401, "unauthorized", "X-API-Key: expected a valid key");
    return 1;
}

static int setup(void **state)
{
    static struct fixture f;
    f = (struct fixture){.metrics = rx_metrics_new()};
    f.router = rx_router_new(f.metrics, guard, NULL);
    assert_int_equal(rx_router_add(f.router, routes, RX_ARRAY_LEN(routes), &f), 0);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    rx_buf_free(&f->io.ret_body);
    rx_buf_free(&f->io.ret_headers);
    rx_json_doc_free(f->doc);
    rx_router_free(f->router);
    rx_metrics_free(f->metrics);
    return 0;
}

static const struct rx_json *ask(struct fixture *f, const char *method, const char *target,
                                 const char *const *headers)
{
    rx_buf_free(&f->io.ret_body);
    rx_buf_free(&f->io.ret_headers);
    f->io = (struct rx_http_loopback){.method = method, .target = target, .headers = headers};
    assert_int_equal(rx_http_loopback(NULL, rx_router_handle, f->router, &f->io, NULL), 0);
    rx_json_doc_free(f->doc);
    f->doc = NULL;
    if (f->io.ret_body.n > 0) {
        assert_int_equal(rx_json_parse(rx_buf_str(&f->io.ret_body), NULL, &f->doc, NULL), 0);
    }
    return rx_json_root(f->doc);
}

static bool has_header(struct fixture *f, const char *line)
{
    return f->io.ret_headers.p && strstr(f->io.ret_headers.p, line);
}

static void finds_routes(void **state)
{
    struct fixture *f = *state;
    const struct rx_json *body = ask(f, "GET", "/say?q=a%20b", NULL);
    assert_int_equal(f->io.ret_status, 200);
    assert_string_equal(rx_json_cstr(rx_json_get(body, "q"), ""), "a b");
    body = ask(f, "GET", "/things/x%20y", NULL);
    assert_string_equal(rx_json_cstr(rx_json_get(body, "param"), ""), "x y");
    ask(f, "HEAD", "/say", NULL);
    assert_int_equal(f->io.ret_status, 200);
    assert_int_equal(f->io.ret_body.n, 0);
}

static void envelopes_errors(void **state)
{
    struct fixture *f = *state;
    const struct rx_json *body =
        ask(f, "GET", "/nowhere", (const char *const[]){"X-Request-Id: abc-1", NULL});
    assert_int_equal(f->io.ret_status, 404);
    assert_string_equal(rx_json_cstr(rx_json_get(body, "error"), ""), "Not Found");
    assert_string_equal(rx_json_cstr(rx_json_get(body, "code"), ""), "not_found");
    assert_string_equal(rx_json_cstr(rx_json_get(body, "request_id"), ""), "abc-1");
    assert_true(has_header(f, "X-Request-Id: abc-1\r\n"));
    body = ask(f, "GET", "/nowhere", (const char *const[]){"X-Request-Id: a b", NULL});
    assert_int_equal(rx_json_str(rx_json_get(body, "request_id")).n, 36);
    ask(f, "GET", "/things/", NULL);
    assert_int_equal(f->io.ret_status, 404);
    ask(f, "GET", "/things/a/b", NULL);
    assert_int_equal(f->io.ret_status, 404);
    body = ask(f, "GET", "/say?q=%zz", NULL);
    assert_int_equal(f->io.ret_status, 400);
    assert_string_equal(rx_json_cstr(rx_json_get(body, "code"), ""), "bad_request");
}

static void names_the_allowed_methods(void **state)
{
    struct fixture *f = *state;
    ask(f, "DELETE", "/say", NULL);
    assert_int_equal(f->io.ret_status, 405);
    assert_true(has_header(f, "Allow: POST, GET, HEAD\r\n"));
    ask(f, "POST", "/things/1", NULL);
    assert_int_equal(f->io.ret_status, 405);
    assert_true(has_header(f, "Allow: GET, HEAD\r\n"));
}

static void adds_headers(void **state)
{
    struct fixture *f = *state;
    ask(f, "GET", "/busy", NULL);
    assert_int_equal(f->io.ret_status, 503);
    assert_true(has_header(f, "Retry-After: 7\r\n"));
    assert_true(has_header(f, "X-Content-Type-Options: nosniff\r\n"));
    assert_true(has_header(f, "Cache-Control: no-store\r\n"));
    assert_true(has_header(f, "X-Frame-Options: DENY\r\n"));
    assert_true(has_header(f, "Content-Security-Policy: default-src 'none'\r\n"));
}

static void guards_closed_routes(void **state)
{
    struct fixture *f = *state;
    ask(f, "GET", "/closed", NULL);
    assert_int_equal(f->io.ret_status, 401);
    ask(f, "GET", "/closed", (const char *const[]){"X-API-Key: open sesame", NULL});
    assert_int_equal(f->io.ret_status, 200);
    ask(f, "GET", "/say", NULL);
    assert_int_equal(f->io.ret_status, 200);
}

static void answers_late(void **state)
{
    struct fixture *f = *state;
    ask(f, "GET", "/hold", NULL);
    assert_int_equal(f->io.ret_status, 0);
    rx_respond_error(f->held, 500, "internal", "late");
    assert_int_equal(f->io.ret_status, 500);
}

static void counts_requests(void **state)
{
    struct fixture *f = *state;
    ask(f, "GET", "/say", NULL);
    ask(f, "GET", "/say", NULL);
    ask(f, "GET", "/nowhere/1", NULL);
    ask(f, "BREW", "/nowhere/2", NULL);
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(1 << 20);
    assert_int_equal(rx_metrics_write(f->metrics, &text), 0);
    assert_non_null(
        strstr(text.p, "http_requests_total{method=\"GET\",route=\"/say\",status=\"200\"} 2\n"));
    assert_non_null(
        strstr(text.p, "http_requests_total{method=\"GET\",route=\"none\",status=\"404\"} 1\n"));
    assert_non_null(
        strstr(text.p, "http_requests_total{method=\"other\",route=\"none\",status=\"404\"} 1\n"));
    assert_non_null(strstr(text.p, "http_request_duration_seconds_count{route=\"/say\"} 2\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(finds_routes, setup, teardown),
        cmocka_unit_test_setup_teardown(envelopes_errors, setup, teardown),
        cmocka_unit_test_setup_teardown(names_the_allowed_methods, setup, teardown),
        cmocka_unit_test_setup_teardown(adds_headers, setup, teardown),
        cmocka_unit_test_setup_teardown(guards_closed_routes, setup, teardown),
        cmocka_unit_test_setup_teardown(answers_late, setup, teardown),
        cmocka_unit_test_setup_teardown(counts_requests, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
