// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/common/http/served.h"

#include <errno.h>

#include "common/http/client.h"
#include "common/http/client_internal.h"

static void handler(struct rx_http_request *request, void *arg)
{
    (void)arg;
    const struct rx_str path = rx_http_path(request);
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(1 << 20);
    rx_auto(http_response) struct rx_http_response *response = NULL;
    if (rx_str_is(path, "/big")) {
        for (int i = 0; i < 10000; i++) {
            rx_buf_puts(&text, "0123456789");
        }
    } else {
        const struct rx_str method = rx_http_method(request), body = rx_http_body(request),
                            type = rx_http_header(request, "Content-Type"),
                            agent = rx_http_header(request, "User-Agent");
        rx_buf_printf(&text, RX_STR_FMT " [" RX_STR_FMT "] [" RX_STR_FMT "] " RX_STR_FMT,
                      RX_STR_ARG(method), RX_STR_ARG(body), RX_STR_ARG(type), RX_STR_ARG(agent));
    }
    const bool busy = rx_str_is(path, "/busy"), date = rx_str_is(path, "/date");
    response =
        rx_http_response_new(busy ? 429 : (date ? 503 : 200), "text/plain", rx_buf_str(&text));
    if (busy) {
        assert_int_equal(rx_http_response_header(response, "Retry-After", "12"), 0);
    }
    if (date) {
        assert_int_equal(
            rx_http_response_header(response, "Retry-After", "Sun, 06 Nov 1994 08:49:37 GMT"), 0);
    }
    if (rx_str_is(path, "/moved")) {
        rx_http_response_unref(response);
        response = rx_http_response_new(302, "text/plain", RX_STR(""));
        assert_int_equal(rx_http_response_header(response, "Location", "/ok"), 0);
    }
    rx_http_respond(request, response);
}

/* A peer that says `says` to whoever connects, then closes or keeps silent. */
struct script {
    int listener;
    uint16_t port;
    const char *says;
    bool hangs;
    pthread_t thread;
};

static void *script_main(void *arg)
{
    struct script *s = arg;
    const int fd = accept(s->listener, NULL, NULL);
    if (fd < 0) {
        return NULL;
    }
    char bytes[2048];
    (void)!recv(fd, bytes, sizeof(bytes), 0);
    (void)!send(fd, s->says, strlen(s->says), MSG_NOSIGNAL);
    if (s->hangs) {
        while (recv(fd, bytes, sizeof(bytes), 0) > 0) {
        }
    }
    close(fd);
    return NULL;
}

static void script_start(struct script *s, const char *says, bool hangs)
{
    *s = (struct script){.says = says, .hangs = hangs};
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof(at);
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(s->listener, (const struct sockaddr *)(const void *)&at, n), 0);
    assert_int_equal(listen(s->listener, 4), 0);
    assert_int_equal(getsockname(s->listener, (struct sockaddr *)(void *)&at, &n), 0);
    s->port = ntohs(at.sin_port);
    assert_int_equal(pthread_create(&s->thread, NULL, script_main, s), 0);
}

static void script_stop(struct script *s)
{
    pthread_join(s->thread, NULL);
    close(s->listener);
}

static char *url_of(uint16_t port, const char *path)
{
    static char url[200];
    snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", port, path);
    return url;
}

struct outcome {
    struct rx_loop *loop;
    bool done;
    int error, data_calls;
    unsigned status;
    int64_t retry_after_ms;
    size_t body_n, streamed;
    char text[200], message[256];
    int data_returns;
    struct rx_http_transfer *cancel_in_data;
};

static void on_done(struct rx_http_result *result, void *arg)
{
    struct outcome *o = arg;
    o->done = true;
    o->error = result->error;
    o->status = result->status;
    o->retry_after_ms = result->retry_after_ms;
    o->body_n = result->body.n;
    snprintf(o->text, sizeof(o->text), "%s", result->body.p ? result->body.p : "");
    snprintf(o->message, sizeof(o->message), "%s", result->error ? result->err.msg : "");
}

static int on_data(struct rx_str bytes, unsigned status, void *arg)
{
    struct outcome *o = arg;
    o->status = status;
    o->streamed += bytes.n;
    o->data_calls++;
    if (o->cancel_in_data) {
        rx_http_transfer_cancel(o->cancel_in_data);
    }
    return o->data_returns;
}

static struct outcome fetch(const struct rx_http_call *call, rx_http_data *data, int data_returns)
{
    struct outcome o = {.data_returns = data_returns};
    struct rx_http_client *client = NULL;
    struct rx_error err = {0};
    assert_int_equal(rx_loop_new(NULL, &o.loop, NULL), 0);
    assert_int_equal(rx_http_client_new(o.loop, 4, &client, NULL), 0);
    if (rx_http_client_start(client, call, data, on_done, &o, NULL, &err) < 0) {
        fail_msg("%s", err.msg);
    }
    assert_false(o.done);
    while (!o.done) {
        assert_int_equal(rx_loop_step(o.loop, 5000, NULL), 0);
    }
    rx_http_client_free(client);
    rx_loop_free(o.loop);
    return o;
}

static int setup(void **state)
{
    static struct served s;
    served_start(&s, (struct rx_http_server_options){0}, handler);
    *state = &s;
    return 0;
}

static int teardown(void **state)
{
    served_stop(*state);
    return 0;
}

static void gets_and_posts(void **state)
{
    const struct served *s = *state;
    struct outcome o =
        fetch(&(struct rx_http_call){.method = "GET", .url = url_of(s->port, "/ok")}, NULL, 0);
    assert_int_equal(o.error, 0);
    assert_int_equal(o.status, 200);
    assert_int_equal(o.retry_after_ms, -1);
    assert_string_equal(o.text, "GET [] [] radarx/" RX_VERSION);
    o = fetch(&(struct rx_http_call){.method = "PATCH",
                                     .url = url_of(s->port, "/ok"),
                                     .headers = (const char *const[]){"Content-Type: text/x", NULL},
                                     .body = RX_STR("abc")},
              NULL, 0);
    assert_string_equal(o.text, "PATCH [abc] [text/x] radarx/" RX_VERSION);
    o = fetch(&(struct rx_http_call){.method = "POST", .url = url_of(s->port, "/ok")}, NULL, 0);
    assert_string_equal(o.text, "POST [] [] radarx/" RX_VERSION);
    o = fetch(&(struct rx_http_call){.method = "HEAD", .url = url_of(s->port, "/big")}, NULL, 0);
    assert_int_equal(o.status, 200);
    assert_int_equal(o.body_n, 0);
}

static void reads_retry_after(void **state)
{
    const struct served *s = *state;
    struct outcome o =
        fetch(&(struct rx_http_call){.method = "GET", .url = url_of(s->port, "/busy")}, NULL, 0);
    assert_int_equal(o.status, 429);
    assert_int_equal(o.retry_after_ms, 12000);
    o = fetch(&(struct rx_http_call){.method = "GET", .url = url_of(s->port, "/date")}, NULL, 0);
    assert_int_equal(o.status, 503);
    assert_int_equal(o.retry_after_ms, 0); /* long past */
    const int64_t now_ms = 784111777000 - 5500;
    assert_int_equal(rx_http_retry_after_ms(RX_STR("Sun, 06 Nov 1994 08:49:37 GMT"), now_ms), 5500);
    assert_int_equal(rx_http_retry_after_ms(RX_STR("999999999999999999999"), 0), 86400000);
    assert_int_equal(rx_http_retry_after_ms(RX_STR("1.5"), 0), -1);
    assert_int_equal(rx_http_retry_after_ms(RX_STR("-1"), 0), -1);
    assert_int_equal(rx_http_retry_after_ms(RX_STR(""), 0), -1);
    assert_int_equal(rx_http_retry_after_ms(RX_STR("Sun, 06 Nox 1994 08:49:37 GMT"), 0), -1);
    assert_int_equal(rx_http_retry_after_ms(RX_STR("Sun, 06 Nov 1994 28:49:37 GMT"), 0), -1);
}

static void follows_no_redirect(void **state)
{
    const struct served *s = *state;
    const struct outcome o =
        fetch(&(struct rx_http_call){.method = "GET", .url = url_of(s->port, "/moved")}, NULL, 0);
    assert_int_equal(o.status, 302);
}

static void bounds_the_body(void **state)
{
    const struct served *s = *state;
    const struct outcome o = fetch(&(struct rx_http_call){.method = "GET",
                                                          .url = url_of(s->port, "/big"),
                                                          .max_body_bytes = 99999},
                                   NULL, 0);
    assert_int_equal(o.error, RX_ELIMIT);
    assert_int_equal(o.status, 0);
    assert_non_null(strstr(o.message, "answer: more than 99999 bytes"));
}

static void streams(void **state)
{
    const struct served *s = *state;
    struct outcome o =
        fetch(&(struct rx_http_call){.method = "GET", .url = url_of(s->port, "/big")}, on_data, 0);
    assert_int_equal(o.error, 0);
    assert_int_equal(o.streamed, 100000);
    assert_int_equal(o.body_n, 0);
    o = fetch(&(struct rx_http_call){.method = "GET", .url = url_of(s->port, "/big")}, on_data,
              RX_EPROTO);
    assert_int_equal(o.error, RX_EPROTO);
    assert_int_equal(o.data_calls, 1);
}

static void times_out(void **state)
{
    (void)state;
    struct script silent;
    script_start(&silent, "", true);
    struct outcome o = fetch(&(struct rx_http_call){.method = "GET",
                                                    .url = url_of(silent.port, "/?secret=1"),
                                                    .timeout_ms = 150},
                             NULL, 0);
    script_stop(&silent);
    assert_int_equal(o.error, -ETIMEDOUT);
    assert_null(strstr(o.message, "secret"));

    script_start(&silent, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart", true);
    o = fetch(&(struct rx_http_call){.method = "GET",
                                     .url = url_of(silent.port, "/"),
                                     .timeout_ms = -1,
                                     .idle_timeout_ms = 150},
              on_data, 0);
    script_stop(&silent);
    assert_int_equal(o.error, -ETIMEDOUT);
    assert_int_equal(o.streamed, 4);
}

static void names_failures(void **state)
{
    (void)state;
    struct script cut;
    script_start(&cut, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart", false);
    struct outcome o =
        fetch(&(struct rx_http_call){.method = "GET", .url = url_of(cut.port, "/")}, NULL, 0);
    script_stop(&cut);
    assert_int_equal(o.error, RX_EPROTO);
    assert_int_equal(o.status, 0);

    script_start(&cut, "", false);
    o = fetch(&(struct rx_http_call){.method = "GET", .url = url_of(cut.port, "/")}, NULL, 0);
    assert_int_equal(o.error, -ECONNRESET);
    script_stop(&cut);
    /* Nobody listens there any more. */
    o = fetch(&(struct rx_http_call){.method = "GET", .url = url_of(cut.port, "/")}, NULL, 0);
    assert_int_equal(o.error, -ECONNREFUSED);
    o = fetch(&(struct rx_http_call){.method = "GET", .url = "ftp://127.0.0.1/"}, NULL, 0);
    assert_int_equal(o.error, RX_EINVALID);
    assert_int_equal(strncmp(o.message, "127.0.0.1: ", 11), 0);
}

static void keeps_the_final_headers(void **state)
{
    (void)state;
    struct rx_http_result result;
    rx_http_result_init(&result, 0);
    static const char *const lines[] = {"HTTP/1.1 100 Continue\r\n", "X-Early: 1\r\n",  "\r\n",
                                        "HTTP/1.1 200 OK\r\n",       "X-Late:  2 \r\n", "\r\n"};
    for (size_t i = 0; i < RX_ARRAY_LEN(lines); i++) {
        assert_int_equal(rx_http_result_add_header(&result, rx_str_of(lines[i])), 0);
    }
    assert_null(rx_http_result_header(&result, "X-Early").p);
    assert_true(rx_str_is(rx_http_result_header(&result, "x-late"), "2"));
    static char longest[RX_HTTP_MAX_ANSWER_HEADERS];
    memset(longest, 'a', sizeof(longest));
    assert_int_equal(rx_http_result_add_header(&result, (struct rx_str){longest, sizeof(longest)}),
                     RX_ELIMIT);
    rx_http_result_free(&result);
}

static void cancels(void **state)
{
    const struct served *s = *state;
    struct outcome o = {0}, other = {0};
    struct rx_http_client *client = NULL;
    struct rx_http_transfer *transfer = NULL;
    assert_int_equal(rx_loop_new(NULL, &o.loop, NULL), 0);
    assert_int_equal(rx_http_client_new(o.loop, 4, &client, NULL), 0);
    const struct rx_http_call call = {.method = "GET", .url = url_of(s->port, "/big")};
    /* Before it ran at all, */
    assert_int_equal(rx_http_client_start(client, &call, NULL, on_done, &o, &transfer, NULL), 0);
    rx_http_transfer_cancel(transfer);
    /* and amid its own data, while another goes on. */
    assert_int_equal(rx_http_client_start(client, &call, on_data, on_done, &o, &transfer, NULL), 0);
    o.cancel_in_data = transfer;
    assert_int_equal(rx_http_client_start(client, &call, NULL, on_done, &other, NULL, NULL), 0);
    while (!other.done || o.data_calls == 0) {
        assert_int_equal(rx_loop_step(o.loop, 5000, NULL), 0);
    }
    assert_int_equal(other.body_n, 100000);
    assert_false(o.done);
    assert_int_equal(o.data_calls, 1);
    /* What is under way when the client goes has no callback either. */
    other.done = false;
    assert_int_equal(rx_http_client_start(client, &call, NULL, on_done, &other, NULL, NULL), 0);
    rx_http_client_free(client);
    assert_false(other.done);
    rx_loop_free(o.loop);
}

static void calls_in_a_session(void **state)
{
    const struct served *s = *state;
    struct rx_http_session *session = NULL;
    assert_int_equal(rx_http_session_new(&session, NULL), 0);
    for (int i = 0; i < 3; i++) {
        rx_auto(http_result) struct rx_http_result result;
        assert_int_equal(
            rx_http_session_call(session,
                                 &(struct rx_http_call){.method = i == 1 ? "POST" : "GET",
                                                        .url = url_of(s->port, "/ok"),
                                                        .body = i == 1 ? RX_STR("b") : RX_STR("")},
                                 &result),
            0);
        assert_int_equal(result.status, 200);
        assert_true(rx_str_starts(rx_buf_str(&result.body),
                                  i == 1 ? RX_STR("POST [b]") : RX_STR("GET []")));
        assert_true(rx_str_is(rx_http_result_header(&result, "content-type"), "text/plain"));
    }
    /* All three on one connection. */
    rx_auto(buf) struct rx_buf metrics = RX_BUF_INIT(1 << 20);
    assert_int_equal(rx_metrics_write(s->metrics, &metrics), 0);
    assert_non_null(strstr(metrics.p, "\nhttp_connections 1\n"));
    rx_http_session_reset(session);
    rx_auto(http_result) struct rx_http_result busy;
    assert_int_equal(rx_http_session_call(
                         session,
                         &(struct rx_http_call){.method = "GET", .url = url_of(s->port, "/busy")},
                         &busy),
                     0);
    assert_int_equal(busy.retry_after_ms, 12000);
    rx_http_session_free(session);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(gets_and_posts, setup, teardown),
        cmocka_unit_test_setup_teardown(reads_retry_after, setup, teardown),
        cmocka_unit_test_setup_teardown(follows_no_redirect, setup, teardown),
        cmocka_unit_test_setup_teardown(bounds_the_body, setup, teardown),
        cmocka_unit_test_setup_teardown(streams, setup, teardown),
        cmocka_unit_test(times_out),
        cmocka_unit_test(names_failures),
        cmocka_unit_test(keeps_the_final_headers),
        cmocka_unit_test_setup_teardown(cancels, setup, teardown),
        cmocka_unit_test_setup_teardown(calls_in_a_session, setup, teardown),
    };
    struct rx_error err;
    if (rx_http_client_global_init(&err) < 0) {
        return 1;
    }
    const int r = cmocka_run_group_tests(tests, NULL, NULL);
    rx_http_client_global_fini();
    return r;
}
