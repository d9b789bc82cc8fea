// SPDX-License-Identifier: Apache-2.0
/* Every allocation of a request, a server and a client fails once, in turn. With what the other
 * tests here ask of them this covers request.c, respond.c, response.c, loopback.c and listen.c. */
#include "tests/support/test.h"

#include <errno.h>
#include <stdlib.h>

#include "common/http/client.h"
#include "common/http/router.h"
#include "tests/support/torture.h"

static int make_response(void *arg)
{
    (void)arg;
    rx_auto(http_response) struct rx_http_response *response =
        rx_http_response_new(200, "text/plain", RX_STR("body"));
    return response ? rx_http_response_header(response, "X-One", "1") : -ENOMEM;
}

static void makes_a_response_or_none(void **state)
{
    (void)state;
    assert_int_equal(rx_torture_alloc(make_response, NULL), 3);
}

static void bounds_and_checks_headers(void **state)
{
    (void)state;
    rx_auto(http_response) struct rx_http_response *response =
        rx_http_response_new(200, "text/plain", RX_STR(""));
    char name[8] = "X-A";
    assert_int_equal(rx_http_response_header(response, "X-Bad", "a\r\nSet-Cookie: b"), RX_EINVALID);
    assert_int_equal(rx_http_response_header(response, "", "a"), RX_EINVALID);
    int r = 0;
    for (int i = 0; r == 0 && i < 26; i++) {
        name[2] = (char)('A' + i);
        r = rx_http_response_header(response, name, "1");
    }
    assert_int_equal(r, RX_ELIMIT);
    /* One that is there already is replaced. */
    assert_int_equal(rx_http_response_header(response, "cache-control", "max-age=1"), 0);
}

static void envelope(struct rx_http_request *request, void *arg)
{
    (void)arg;
    rx_respond_retry(request, 503, 3, "busy", "try again");
}

static const struct rx_route routes[] = {
    {.method = "GET", .path = "/busy", .handle = envelope, .open = true}};

/* Whatever fails, the request is answered: by the envelope or by a bare 500. */
static int serve_request(void *arg)
{
    (void)arg;
    struct rx_http_loopback io = {.method = "GET", .target = "/busy?a=b"};
    struct rx_router *router = rx_router_new(NULL, NULL, NULL);
    int r = router ? rx_router_add(router, routes, 1, NULL) : -ENOMEM;
    if (r == 0) {
        r = rx_http_loopback(NULL, rx_router_handle, router, &io, NULL);
    }
    if (r == 0) {
        assert_true(io.ret_status == 503 || io.ret_status == 500);
        r = io.ret_status == 503 && io.ret_body.n > 0 ? 0 : -ENOMEM;
    }
    rx_buf_free(&io.ret_body);
    rx_buf_free(&io.ret_headers);
    rx_router_free(router);
    return r;
}

static void answers_without_memory(void **state)
{
    (void)state;
    assert_true(rx_torture_tolerant(serve_request, NULL) >= 6);
}

static int start_server(void *arg)
{
    (void)arg;
    rx_auto(loop) struct rx_loop *loop = NULL;
    struct rx_http_server *server = NULL;
    const struct rx_http_server_options options = {.host = "::1"};
    int r = rx_loop_new(NULL, &loop, NULL);
    if (r == 0) {
        r = rx_http_server_new(loop, &options, envelope, NULL, &server, NULL);
    }
    rx_http_server_free(server);
    return r;
}

static void starts_a_server_or_says_why(void **state)
{
    (void)state;
    if (start_server(NULL) == -EADDRNOTAVAIL || start_server(NULL) == -EAFNOSUPPORT) {
        print_message("no IPv6 here\n");
        skip();
    }
    assert_true(rx_torture_alloc(start_server, NULL) >= 2);
}

static void on_done(struct rx_http_result *result, void *arg)
{
    (void)result, (void)arg;
}

static int start_transfer(void *arg)
{
    (void)arg;
    rx_auto(loop) struct rx_loop *loop = NULL;
    struct rx_http_client *client = NULL;
    const struct rx_http_call call = {
        .method = "GET", .url = "http://127.0.0.1:9/", .idle_timeout_ms = 1000};
    int r = rx_loop_new(NULL, &loop, NULL);
    if (r == 0) {
        r = rx_http_client_new(loop, 1, &client, NULL);
    }
    if (r == 0) {
        r = rx_http_client_start(client, &call, NULL, on_done, NULL, NULL, NULL);
    }
    rx_http_client_free(client);
    return r;
}

static void starts_a_transfer_or_says_why(void **state)
{
    (void)state;
    assert_true(rx_torture_tolerant(start_transfer, NULL) >= 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(makes_a_response_or_none),
        cmocka_unit_test(bounds_and_checks_headers),
        cmocka_unit_test(answers_without_memory),
        cmocka_unit_test(starts_a_server_or_says_why),
        cmocka_unit_test(starts_a_transfer_or_says_why),
    };
    struct rx_error err;
    if (rx_http_client_global_init(&err) < 0) {
        return 1;
    }
    const int r = cmocka_run_group_tests(tests, NULL, NULL);
    rx_http_client_global_fini();
    return r;
}
