// SPDX-License-Identifier: Apache-2.0
/*
 * The whole operator against a scripted server: which requests a pass makes, with which
 * preconditions, and what it does when one is refused. Real apiservers are the integration tests'.
 * Covers operator.c, cache.c, controller.h and rxd.c, alert.c and children.c.
 */
#include "operator/reconcile/operator.h"

#include "common/base/log.h"
#include "tests/unit/common/http/served.h"
#include "tests/unit/operator/kube/files.h"

#define MAX_ASKED 200

/* A request that changes something. */
struct asked {
    char method[16], path[160];
    char body[6000];
};

struct fixture {
    struct served served; /* first: handed to the handler */
    struct files files;
    struct rx_loop *loop;
    struct rx_metrics *metrics;
    struct rx_kube_config *config;
    struct rx_operator *operator;
    /* Written by the server's thread, read after a request has been answered. */
    pthread_mutex_t lock;
    struct asked asked[MAX_ASKED];
    unsigned n_asked, version;
    struct rx_http_request *held[32]; /* watches that go on for ever */
    unsigned n_held;
    /* The script. */
    const char *cr;           /* what the first list of RadarXDeployments shows; NULL = none */
    const char *alert;        /* the same for AlertSubscriptions */
    const char *child;        /* an object of `child_path` that the first list shows */
    const char *child_plural; /* "services" */
    const char *refuse;       /* part of a path whose writes are refused... */
    unsigned refuse_status, refuse_times;
    const char *shown; /* ...and what a GET of it shows */
};

static void respond(struct rx_http_request *request, unsigned status, const char *text)
{
    rx_auto(http_response) struct rx_http_response *response =
        rx_http_response_new(status, "application/json", rx_str_of(text));
    rx_http_respond(request, response);
}

static void add_event(struct rx_buf *out, const char *object)
{
    if (object) {
        rx_buf_printf(out, "{\"type\":\"ADDED\",\"object\":%s}\n", object);
    }
}

static void answer_watch(struct fixture *f, struct rx_http_request *request, struct rx_str path)
{
    struct rx_str ignored;
    if (!rx_http_query(request, "sendInitialEvents", &ignored)) {
        f->held[f->n_held++] = request;
        return;
    }
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(65536);
    if (rx_str_ends(path, RX_STR("/radarxdeployments"))) {
        add_event(&text, f->cr);
    } else if (rx_str_ends(path, RX_STR("/alertsubscriptions"))) {
        add_event(&text, f->alert);
    } else if (f->child && rx_str_ends(path, rx_str_of(f->child_plural))) {
        add_event(&text, f->child);
    }
    rx_buf_puts(&text,
                "{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"50\","
                "\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}}}}\n");
    respond(request, 200, text.p);
}

/* The object as written, with what a server adds. */
static void answer_write(struct fixture *f, struct rx_http_request *request, struct rx_str path)
{
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(8192);
    const char *name = path.p + path.n;
    while (name > path.p && name[-1] != '/') {
        name--;
    }
    rx_buf_printf(&text,
                  "{\"metadata\":{\"namespace\":\"ns\",\"name\":\"" RX_STR_FMT
                  "\",\"uid\":\"new\",\"resourceVersion\":\"%u\",\"ownerReferences\":[{\"kind\":"
                  "\"RadarXDeployment\",\"name\":\"prod\",\"uid\":\"cr\",\"controller\":true}]}}",
                  (int)(path.p + path.n - name), name, 100 + f->version++);
    respond(request, 201, text.p);
}

static void keep(struct fixture *f, struct rx_http_request *request, struct rx_str path)
{
    if (f->n_asked < MAX_ASKED) {
        struct asked *asked = &f->asked[f->n_asked++];
        snprintf(asked->method, sizeof(asked->method), RX_STR_FMT,
                 RX_STR_ARG(rx_http_method(request)));
        snprintf(asked->path, sizeof(asked->path), RX_STR_FMT, RX_STR_ARG(path));
        snprintf(asked->body, sizeof(asked->body), RX_STR_FMT, RX_STR_ARG(rx_http_body(request)));
    }
}

static bool is_refused(struct fixture *f, struct rx_str path)
{
    char text[256];
    snprintf(text, sizeof(text), RX_STR_FMT, RX_STR_ARG(path));
    if (!f->refuse || f->refuse_times == 0 || !strstr(text, f->refuse)) {
        return false;
    }
    f->refuse_times--;
    return true;
}

static void handle(struct rx_http_request *request, void *arg)
{
    struct fixture *f = arg;
    struct rx_str path = rx_http_path(request);
    bool is_get = rx_str_is(rx_http_method(request), "GET");
    struct rx_str ignored;
    pthread_mutex_lock(&f->lock);
    if (is_get && rx_http_query(request, "watch", &ignored)) {
        answer_watch(f, request, path);
    } else {
        keep(f, request, path);
        if (is_get) {
            respond(request, f->shown ? 200 : 404, f->shown ? f->shown : "{\"message\":\"none\"}");
        } else if (is_refused(f, path)) {
            respond(request, f->refuse_status, "{\"kind\":\"Status\",\"message\":\"refused\"}");
        } else {
            answer_write(f, request, path);
        }
    }
    pthread_mutex_unlock(&f->lock);
}

static const char cr[] =
    "{\"apiVersion\":\"radarx.io/"
    "v1\",\"kind\":\"RadarXDeployment\",\"metadata\":{\"namespace\":\"ns\","
    "\"name\":\"prod\",\"uid\":\"cr\",\"resourceVersion\":\"7\",\"generation\":1},\"spec\":{},"
    "\"status\":{\"observedGeneration\":-1}}";
static const char deleting_cr[] =
    "{\"apiVersion\":\"radarx.io/"
    "v1\",\"kind\":\"RadarXDeployment\",\"metadata\":{\"namespace\":\"ns\","
    "\"name\":\"prod\",\"uid\":\"cr\",\"resourceVersion\":\"7\",\"generation\":2,"
    "\"deletionTimestamp\":\"2026-01-01T00:00:00Z\"},\"spec\":{}}";
static const char foreign_service[] =
    "{\"metadata\":{\"namespace\":\"ns\",\"name\":\"prod\",\"uid\":\"theirs\",\"resourceVersion\":"
    "\"9\"},\"spec\":{}}";
static const char former_service[] =
    "{\"metadata\":{\"namespace\":\"ns\",\"name\":\"prod\",\"uid\":\"old\",\"resourceVersion\":"
    "\"9\","
    "\"ownerReferences\":[{\"kind\":\"RadarXDeployment\",\"name\":\"prod\",\"uid\":\"former\","
    "\"controller\":true}]},\"spec\":{}}";
static const char own_service[] =
    "{\"metadata\":{\"namespace\":\"ns\",\"name\":\"prod\",\"uid\":\"mine\",\"resourceVersion\":"
    "\"9\","
    "\"ownerReferences\":[{\"kind\":\"RadarXDeployment\",\"name\":\"prod\",\"uid\":\"cr\","
    "\"controller\":true}]},\"spec\":{}}";

static int set_up(void **state)
{
    static struct fixture fixture;
    struct fixture *f = &fixture;
    struct rx_error err = {0};
    char text[512];
    *f = (struct fixture){.cr = cr};
    rx_log_set_level(RX_LOG_LEVEL_MAX);
    pthread_mutex_init(&f->lock, NULL);
    served_start(&f->served, (struct rx_http_server_options){0}, handle);
    files_init(&f->files);
    snprintf(text, sizeof(text),
             "current-context: c\ncontexts: [{name: c, context: {cluster: k, user: u}}]\n"
             "clusters: [{name: k, cluster: {server: 'http://127.0.0.1:%u'}}]\nusers: []\n",
             f->served.port);
    assert_ok(rx_kube_config_load(files_put(&f->files, "config", text), NULL, &f->config, &err),
              &err);
    assert_ok(rx_loop_new(NULL, &f->loop, &err), &err);
    f->metrics = rx_metrics_new();
    *state = f;
    return 0;
}

static void start(struct fixture *f)
{
    struct rx_error err = {0};
    const struct rx_operator_options options = {.loop = f->loop,
                                                .config = f->config,
                                                .metrics = f->metrics,
                                                .workers = 2,
                                                .instance = "test"};
    assert_ok(rx_operator_new(&options, &f->operator, & err), &err);
    rx_operator_start(f->operator);
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    rx_operator_free(f->operator);
    pthread_mutex_lock(&f->lock);
    rx_loop_stop(f->served.loop);
    pthread_mutex_unlock(&f->lock);
    pthread_join(f->served.thread, NULL);
    for (unsigned i = 0; i < f->n_held; i++) {
        respond(f->held[i], 200, "");
    }
    rx_http_server_free(f->served.server);
    rx_loop_free(f->served.loop);
    rx_metrics_free(f->served.metrics);
    rx_kube_config_free(f->config);
    rx_loop_free(f->loop);
    rx_metrics_free(f->metrics);
    files_fini(&f->files);
    pthread_mutex_destroy(&f->lock);
    return 0;
}

/* How many requests have come; those do not change any more. */
static unsigned n_asked(struct fixture *f)
{
    pthread_mutex_lock(&f->lock);
    unsigned n = f->n_asked;
    pthread_mutex_unlock(&f->lock);
    return n;
}

/* The first request whose path ends so, with that method; NULL when there is none. */
static const struct asked *find(struct fixture *f, const char *method, const char *end)
{
    for (unsigned i = 0, n = n_asked(f); i < n; i++) {
        if (strcmp(f->asked[i].method, method) == 0 &&
            rx_str_ends(rx_str_of(f->asked[i].path), rx_str_of(end))) {
            return &f->asked[i];
        }
    }
    return NULL;
}

/* Runs the loop until that request has come. */
static const struct asked *await(struct fixture *f, const char *method, const char *end)
{
    struct rx_error err = {0};
    const struct asked *found = NULL;
    for (int i = 0; i < 2000 && !found; i++) {
        assert_ok(rx_loop_step(f->loop, 5, &err), &err);
        found = find(f, method, end);
    }
    if (!found) {
        fail_msg("no %s of ...%s", method, end);
    }
    return found;
}

static void a_new_cr_takes_one_write_a_child_and_one_status(void **state)
{
    struct fixture *f = *state;
    start(f);
    const struct asked *status = await(f, "PATCH", "/radarxdeployments/prod/status");
    assert_true(rx_operator_ready(f->operator));
    assert_int_equal(n_asked(f), 8); /* 6 applies, 1 create, 1 status */
    assert_non_null(strstr(status->body, "\"resourceVersion\":\"7\""));
    assert_non_null(strstr(status->body, "\"observedGeneration\":1"));
    assert_non_null(strstr(status->body, "\"AllApplied\""));
    const struct asked *deployment = find(f, "PATCH", "/deployments/prod");
    /* No object has this version: the apply can only create. */
    assert_non_null(strstr(deployment->body, "\"resourceVersion\":\"1\""));
    assert_non_null(strstr(deployment->body, "\"radarx.io/applied-hash\""));
    const struct asked *secret = find(f, "POST", "/namespaces/ns/secrets");
    assert_non_null(strstr(secret->body, "\"key-1\":\""));
    assert_null(strstr(secret->body, "applied-hash\":\"\""));
}

static void a_child_that_is_there_is_applied_with_its_uid(void **state)
{
    struct fixture *f = *state;
    f->child = own_service;
    f->child_plural = "/services";
    start(f);
    await(f, "PATCH", "/radarxdeployments/prod/status");
    const struct asked *service = find(f, "PATCH", "/services/prod");
    assert_non_null(strstr(service->body, "\"uid\":\"mine\""));
    assert_null(strstr(service->body, "\"resourceVersion\""));
}

static void a_foreign_child_is_told_and_not_touched(void **state)
{
    struct fixture *f = *state;
    f->child = foreign_service;
    f->child_plural = "/services";
    start(f);
    const struct asked *status = await(f, "PATCH", "/radarxdeployments/prod/status");
    assert_null(find(f, "PATCH", "/services/prod"));
    assert_non_null(find(f, "PATCH", "/deployments/prod"));
    assert_non_null(strstr(status->body, "Service prod exists and is not controlled by"));
    assert_non_null(strstr(status->body, "\"type\":\"Stalled\""));
    await(f, "POST", "/namespaces/ns/events");
}

static void a_child_of_a_deleted_namesake_is_waited_for(void **state)
{
    struct fixture *f = *state;
    f->child = former_service;
    f->child_plural = "/services";
    start(f);
    const struct asked *status = await(f, "PATCH", "/radarxdeployments/prod/status");
    assert_null(find(f, "PATCH", "/services/prod"));
    assert_non_null(strstr(status->body, "WaitingForDeletion"));
    assert_null(strstr(status->body, "Stalled\",\"status"));
}

static void a_refused_creation_is_looked_into(void **state)
{
    struct fixture *f = *state;
    f->refuse = "/services/prod";
    f->refuse_status = 409;
    f->refuse_times = 1;
    f->shown = own_service; /* ours after all: the cache was behind */
    start(f);
    const struct asked *status = await(f, "PATCH", "/radarxdeployments/prod/status");
    assert_non_null(find(f, "GET", "/services/prod"));
    assert_non_null(strstr(status->body, "\"AllApplied\""));
    unsigned applies = 0;
    for (unsigned i = 0, n = n_asked(f); i < n; i++) {
        bool is_apply = strcmp(f->asked[i].method, "PATCH") == 0 &&
                        strstr(f->asked[i].path, "/services/prod") != NULL;
        applies += is_apply;
        if (is_apply && applies == 2) {
            assert_non_null(strstr(f->asked[i].body, "\"uid\":\"mine\""));
        }
    }
    assert_int_equal(applies, 2);
}

static void a_refusal_that_needs_a_human_stalls(void **state)
{
    struct fixture *f = *state;
    f->refuse = "/deployments/prod";
    f->refuse_status = 422;
    f->refuse_times = 100;
    start(f);
    const struct asked *status = await(f, "PATCH", "/radarxdeployments/prod/status");
    assert_non_null(strstr(status->body, "ApplyFailed"));
    assert_non_null(strstr(status->body, "Deployment ns/prod"));
    assert_non_null(strstr(status->body, "refused"));
    assert_non_null(find(f, "PATCH", "/services/prod")); /* the others are not held back */
}

static void a_server_error_is_tried_again_before_anybody_is_told(void **state)
{
    struct fixture *f = *state;
    f->refuse = "/serviceaccounts/prod";
    f->refuse_status = 500;
    f->refuse_times = 2;
    start(f);
    const struct asked *status = await(f, "PATCH", "/radarxdeployments/prod/status");
    assert_non_null(strstr(status->body, "\"AllApplied\""));
    assert_int_equal(f->refuse_times, 0);
}

static void a_cr_that_is_being_deleted_is_left_alone(void **state)
{
    struct fixture *f = *state;
    struct rx_error err = {0};
    f->cr = deleting_cr;
    f->alert =
        "{\"metadata\":{\"namespace\":\"ns\",\"name\":\"a\",\"uid\":\"a\",\"resourceVersion\":"
        "\"8\",\"generation\":3},\"spec\":{}}";
    start(f);
    const struct asked *status = await(f, "PATCH", "/alertsubscriptions/a/status");
    assert_non_null(strstr(status->body, "NotYetDelivered"));
    assert_non_null(strstr(status->body, "\"observedGeneration\":3"));
    for (int i = 0; i < 20; i++) {
        assert_ok(rx_loop_step(f->loop, 5, &err), &err);
    }
    assert_int_equal(n_asked(f), 1);
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_new_cr_takes_one_write_a_child_and_one_status),
        TEST(a_child_that_is_there_is_applied_with_its_uid),
        TEST(a_foreign_child_is_told_and_not_touched),
        TEST(a_child_of_a_deleted_namesake_is_waited_for),
        TEST(a_refused_creation_is_looked_into),
        TEST(a_refusal_that_needs_a_human_stalls),
        TEST(a_server_error_is_tried_again_before_anybody_is_told),
        TEST(a_cr_that_is_being_deleted_is_left_alone),
    };
    struct rx_error err = {0};
    if (rx_http_client_global_init(&err) < 0) {
        return 1;
    }
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    rx_http_client_global_fini();
    return rc;
}
