// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/common/http/served.h"

#include <errno.h>

/* Answers with what it was asked; "/late" after a timer, "/shared" with one object for all. */
struct late {
    struct rx_timer timer;
    struct rx_http_request *request;
};

static void answer(struct rx_http_request *request)
{
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(1 << 20);
    const struct rx_str method = rx_http_method(request), path = rx_http_path(request),
                        body = rx_http_body(request), peer = rx_http_peer(request);
    rx_buf_printf(&text, RX_STR_FMT " " RX_STR_FMT " %zu " RX_STR_FMT "\n", RX_STR_ARG(method),
                  RX_STR_ARG(path), body.n, RX_STR_ARG(peer));
    rx_auto(http_response) struct rx_http_response *response =
        rx_http_response_new(200, "text/plain", rx_buf_str(&text));
    rx_http_respond(request, response);
}

static void on_late(struct rx_loop *loop, void *arg)
{
    (void)loop;
    struct late *late = arg;
    answer(late->request);
    free(late);
}

static struct rx_http_response *shared;

static void handler(struct rx_http_request *request, void *arg)
{
    struct served *s = arg;
    if (rx_str_is(rx_http_path(request), "/late")) {
        struct late *late = calloc(1, sizeof(*late));
        late->request = request;
        assert_int_equal(rx_timer_start(s->loop, &late->timer, 30, on_late, late), 0);
    } else if (rx_str_is(rx_http_path(request), "/shared")) {
        rx_http_respond(request, shared);
    } else {
        answer(request);
    }
}

static int setup(void **state)
{
    static struct served s;
    shared = rx_http_response_new(200, "text/plain", RX_STR("the same\n"));
    served_start(&s,
                 (struct rx_http_server_options){.max_body_bytes = 1000,
                                                 .max_header_bytes = 4096,
                                                 .request_timeout_s = 1,
                                                 .idle_timeout_s = 2,
                                                 .max_connections = 40},
                 handler);
    *state = &s;
    return 0;
}

static int teardown(void **state)
{
    served_stop(*state);
    rx_http_response_unref(shared);
    return 0;
}

/* Sends bytes, reads until the server closes (or until), and returns how often word occurs. */
static unsigned count(struct served *s, const char *bytes, size_t n, const char *until,
                      const char *word)
{
    rx_auto(buf) struct rx_buf got = RX_BUF_INIT(1 << 20);
    rx_autoclose int fd = served_connect(s);
    served_send(fd, bytes, n);
    if (!served_read(fd, &got, until)) {
        fail_msg("no end of answer to: %.60s\ngot: %s", bytes, got.p ? got.p : "");
    }
    unsigned hits = 0;
    for (const char *p = got.p; p && (p = strstr(p, word)); p++) {
        hits++;
    }
    if (hits == 0 && got.p) {
        print_message("answer was: %s\n", got.p);
    }
    return hits;
}

#define COUNT(s, text, until, word) count(s, text, sizeof(text) - 1, until, word)
#define END                         "Connection: close\r\n"

static void answers_at_once_and_late(void **state)
{
    assert_int_equal(
        COUNT(*state, "GET /a HTTP/1.1\r\nHost: x\r\n" END "\r\n", NULL, "GET /a 0 127.0.0.1"), 1);
    assert_int_equal(
        COUNT(*state, "GET /late HTTP/1.1\r\nHost: x\r\n" END "\r\n", NULL, "GET /late 0"), 1);
    assert_int_equal(COUNT(*state,
                           "POST /late HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n" END "\r\nabc",
                           NULL, "POST /late 3"),
                     1);
    assert_int_equal(COUNT(*state,
                           "PUT /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n" END
                           "\r\n2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n",
                           NULL, "PUT /b 5"),
                     1);
}

static void pipelines_in_order(void **state)
{
    rx_auto(buf) struct rx_buf got = RX_BUF_INIT(1 << 20);
    rx_auto(buf) struct rx_buf ask = RX_BUF_INIT(1 << 20);
    for (int i = 0; i < 20; i++) {
        rx_buf_printf(&ask, "GET /%s HTTP/1.1\r\nHost: x\r\n\r\n",
                      i % 3 == 0 ? "late" : (i % 3 == 1 ? "shared" : "now"));
    }
    rx_buf_puts(&ask, "GET /last HTTP/1.1\r\nHost: x\r\n" END "\r\n");
    rx_autoclose int fd = served_connect(*state);
    served_send(fd, ask.p, ask.n);
    assert_true(served_read(fd, &got, NULL));
    const char *p = got.p;
    for (int i = 0; i < 20; i++) {
        const char *want = i % 3 == 0 ? "GET /late" : (i % 3 == 1 ? "the same" : "GET /now");
        p = strstr(p, want);
        assert_non_null(p);
        p++;
    }
    assert_non_null(strstr(p, "GET /last"));
}

static void echoes_the_request_id(void **state)
{
    assert_int_equal(COUNT(*state,
                           "GET /shared HTTP/1.1\r\nHost: x\r\nX-Request-Id: r.1\r\n" END "\r\n",
                           NULL, "X-Request-Id: r.1\r\n"),
                     1);
    assert_int_equal(COUNT(*state, "GET /shared HTTP/1.1\r\nHost: x\r\n" END "\r\n", NULL,
                           "X-Content-Type-Options: nosniff\r\n"),
                     1);
}

/* Each is answered with the status and the connection is closed, though nothing asked for that.
 * "": the library may close without a word. */
static void refuses_and_closes(void **state)
{
    static const struct {
        const char *text, *status;
    } cases[] = {
        {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\nabc",
         " 400 "},
        {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
         " 400 "},
        {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
         "0\r\n\r\n",
         " 400 "},
        {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: "
         "chunked\r\n\r\n0\r\n\r\n",
         " 400 "},
        {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\nabc", " 400 "},
        {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", ""},
        {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +3\r\n\r\nabc", ""},
        {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n", " 413 "},
        {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n", ""},
        {"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", " 400 "},
        {"GET / HTTP/1.1\r\nHost: x\r\nContent-Length : 3\r\n\r\nabc", " 400 "},
        {"GET / HTTP/1.1\r\n\r\n", " 400 "},
        {"AMETHODNAMEOFTOOMANYBYTES / HTTP/1.1\r\nHost: x\r\n\r\n", " 501 "},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        rx_auto(buf) struct rx_buf got = RX_BUF_INIT(1 << 20);
        rx_autoclose int fd = served_connect(*state);
        served_send(fd, cases[i].text, strlen(cases[i].text));
        const bool closed = served_read(fd, &got, NULL), silent = got.n == 0;
        const char *status = cases[i].status[0] ? cases[i].status : " 4";
        if (!closed || (silent ? cases[i].status[0] : !strstr(got.p, status))) {
            fail_msg("expected \"%s\" for: %s\ngot: %s", cases[i].status, cases[i].text,
                     got.p ? got.p : "nothing");
        }
    }
}

static void bounds_a_chunked_body(void **state)
{
    rx_auto(buf) struct rx_buf ask = RX_BUF_INIT(1 << 20);
    rx_buf_puts(&ask, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 15; i++) {
        rx_buf_printf(&ask, "64\r\n%0100d\r\n", i);
    }
    rx_buf_puts(&ask, "0\r\n\r\n");
    assert_int_equal(count(*state, ask.p, ask.n, NULL, " 413 "), 1);

    /* Far more than the limit: closed without waiting for the end. */
    rx_auto(buf) struct rx_buf got = RX_BUF_INIT(1 << 20);
    rx_autoclose int fd = served_connect(*state);
    served_send(fd, ask.p, ask.n - 5);
    for (int i = 0; i < 5; i++) {
        served_send(fd, ask.p + 60, ask.n - 65);
    }
    assert_true(served_read(fd, &got, NULL));
}

static void bounds_headers(void **state)
{
    rx_auto(buf) struct rx_buf ask = RX_BUF_INIT(1 << 20);
    rx_buf_puts(&ask, "GET / HTTP/1.1\r\nHost: x\r\nX-Long: ");
    for (int i = 0; i < 5000; i++) {
        rx_buf_putc(&ask, 'a');
    }
    rx_buf_puts(&ask, "\r\n\r\n");
    assert_int_equal(count(*state, ask.p, ask.n, NULL, "HTTP/1.1 4"), 1);
}

static void refuses_bad_targets(void **state)
{
    assert_int_equal(COUNT(*state, "GET /%zz HTTP/1.1\r\nHost: x\r\n" END "\r\n", NULL, " 400 "),
                     1);
    assert_int_equal(
        COUNT(*state, "GET /?a=1&a=2 HTTP/1.1\r\nHost: x\r\n" END "\r\n", NULL, " 400 "), 1);
    rx_auto(buf) struct rx_buf got = RX_BUF_INIT(1 << 20);
    rx_autoclose int fd = served_connect(*state);
    served_send(fd, "nonsense\r\n\r\n", 12);
    assert_true(served_read(fd, &got, NULL)); /* closed, answered or not */
    assert_true(got.n == 0 || strstr(got.p, " 400 "));
}

static int64_t now_ms(void)
{
    return rx_clock_monotonic_ms(rx_clock_system());
}

/* One byte each 100 ms would go on for minutes; the deadline of one second ends it. */
static void cuts_slow_clients(void **state)
{
    static const char ask[] =
        "POST /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\nabcdefgh"
        "ijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz";
    rx_autoclose int fd = served_connect(*state);
    const int64_t start = now_ms();
    bool closed = false;
    for (size_t i = 0; i + 1 < sizeof(ask) && !closed; i++) {
        served_send(fd, ask + i, 1);
        struct pollfd p = {.fd = fd, .events = POLLIN};
        if (poll(&p, 1, 100) == 1) {
            char byte;
            closed = recv(fd, &byte, 1, 0) <= 0;
        }
    }
    assert_true(closed);
    assert_in_range(now_ms() - start, 900, 4000);
}

static void closes_idle_connections(void **state)
{
    rx_auto(buf) struct rx_buf got = RX_BUF_INIT(1 << 20);
    rx_autoclose int fd = served_connect(*state);
    static const char ask[] = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";
    served_send(fd, ask, sizeof(ask) - 1);
    const int64_t start = now_ms();
    assert_true(served_read(fd, &got, NULL)); /* ends by the server's close */
    assert_non_null(strstr(got.p, " 200 "));
    assert_in_range(now_ms() - start, 1500, 6000);
}

static void survives_clients_that_leave(void **state)
{
    static const char late[] = "GET /late HTTP/1.1\r\nHost: x\r\n\r\n";
    for (int i = 0; i < 30; i++) {
        const int fd = served_connect(*state);
        served_send(fd, late, sizeof(late) - 1);
        close(fd);
    }
    /* The second one's timer starts when all others have been started and 30 ms have gone. */
    for (int i = 0; i < 2; i++) {
        assert_int_equal(
            COUNT(*state, "GET /late HTTP/1.1\r\nHost: x\r\n" END "\r\n", NULL, "GET /late 0"), 1);
    }
}

static struct rx_http_request *kept;

static void keep(struct rx_http_request *request, void *arg)
{
    (void)arg;
    kept = request;
}

/* The server may go while a handler still holds a request; its late answer must find no harm. */
static void ends_with_requests_open(void **state)
{
    (void)state;
    static const char ask[] = "GET /never HTTP/1.1\r\nHost: x\r\n\r\n";
    struct served s = {0};
    rx_auto(buf) struct rx_buf got = RX_BUF_INIT(1 << 20);
    const struct rx_http_server_options options = {.host = "127.0.0.1"};
    assert_int_equal(rx_loop_new(NULL, &s.loop, NULL), 0);
    assert_int_equal(rx_http_server_new(s.loop, &options, keep, NULL, &s.server, NULL), 0);
    s.port = rx_http_server_port(s.server);
    rx_autoclose int fd = served_connect(&s);
    served_send(fd, ask, sizeof(ask) - 1);
    kept = NULL;
    while (!kept) {
        assert_int_equal(rx_loop_step(s.loop, 1000, NULL), 0);
    }
    assert_int_equal(rx_http_server_active(s.server), 1);
    rx_http_server_free(s.server);
    assert_true(served_read(fd, &got, NULL));
    assert_int_equal(got.n, 0);
    assert_true(rx_str_is(rx_http_path(kept), "/never"));
    rx_http_respond(kept, NULL);
    rx_loop_free(s.loop);
}

static void drains(void **state)
{
    (void)state;
    static const char ask[] = "GET /kept HTTP/1.1\r\nHost: x\r\n\r\n";
    struct served s = {0};
    rx_auto(buf) struct rx_buf got = RX_BUF_INIT(1 << 20);
    const struct rx_http_server_options options = {.host = "127.0.0.1"};
    assert_int_equal(rx_loop_new(NULL, &s.loop, NULL), 0);
    assert_int_equal(rx_http_server_new(s.loop, &options, keep, NULL, &s.server, NULL), 0);
    s.port = rx_http_server_port(s.server);
    rx_autoclose int fd = served_connect(&s);
    served_send(fd, ask, sizeof(ask) - 1);
    kept = NULL;
    while (!kept) {
        assert_int_equal(rx_loop_step(s.loop, 1000, NULL), 0);
    }
    rx_http_server_drain(s.server);
    answer(kept);
    assert_int_equal(rx_http_server_active(s.server), 0);
    struct pollfd p = {.fd = fd, .events = POLLIN};
    while (poll(&p, 1, 0) == 0) {
        assert_int_equal(rx_loop_step(s.loop, 1000, NULL), 0);
    }
    assert_true(served_read(fd, &got, "GET /kept 0"));
    assert_non_null(strstr(got.p, "Connection: close\r\n"));
    const int other = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const struct sockaddr_in to = {.sin_family = AF_INET,
                                   .sin_port = htons(s.port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(connect(other, (const struct sockaddr *)(const void *)&to, sizeof(to)), -1);
    close(other);
    rx_http_server_free(s.server);
    rx_loop_free(s.loop);
}

static void refuses_a_taken_port(void **state)
{
    struct served *s = *state;
    struct rx_http_server *second = NULL;
    struct rx_error err = {0};
    struct rx_loop *loop = NULL;
    struct rx_http_server_options options = {.host = "127.0.0.1", .port = s->port};
    assert_int_equal(rx_loop_new(NULL, &loop, NULL), 0);
    assert_int_equal(rx_http_server_new(loop, &options, keep, NULL, &second, &err), -EADDRINUSE);
    assert_non_null(strstr(err.msg, "listen on 127.0.0.1 port"));
    options.shared = true;
    assert_int_equal(rx_http_server_new(loop, &options, keep, NULL, &second, &err), 0);
    assert_int_equal(rx_http_server_port(second), s->port);
    rx_http_server_free(second);
    options.host = "localhost";
    assert_int_equal(rx_http_server_new(loop, &options, keep, NULL, &second, &err), RX_EINVALID);
    rx_loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(answers_at_once_and_late, setup, teardown),
        cmocka_unit_test_setup_teardown(pipelines_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(echoes_the_request_id, setup, teardown),
        cmocka_unit_test_setup_teardown(refuses_and_closes, setup, teardown),
        cmocka_unit_test_setup_teardown(bounds_a_chunked_body, setup, teardown),
        cmocka_unit_test_setup_teardown(bounds_headers, setup, teardown),
        cmocka_unit_test_setup_teardown(refuses_bad_targets, setup, teardown),
        cmocka_unit_test_setup_teardown(cuts_slow_clients, setup, teardown),
        cmocka_unit_test_setup_teardown(closes_idle_connections, setup, teardown),
        cmocka_unit_test_setup_teardown(survives_clients_that_leave, setup, teardown),
        cmocka_unit_test(ends_with_requests_open),
        cmocka_unit_test(drains),
        cmocka_unit_test_setup_teardown(refuses_a_taken_port, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
