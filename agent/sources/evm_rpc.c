// SPDX-License-Identifier: Apache-2.0
#include "agent/sources/evm_rpc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/sources/pace.h"
#include "common/http/client.h"

#define REQUEST_MAX_BYTES (4UL << 20)

struct call {
    const char *method; /* static */
    const struct rx_json *answer;
};

struct evm_rpc {
    char *source, *url;      /* owned */
    const atomic_bool *stop; /* borrowed */
    struct rx_loop *loop;    /* borrowed */
    struct rx_http_client *client;
    int64_t timeout_ms;
    struct rx_bucket bucket;
    struct rx_family *requests;

    uint64_t next_id; /* of the first call of the next batch */
    struct rx_buf body;
    struct rx_jw writer;
    struct call calls[EVM_BATCH_MAX];
    size_t n;
    struct rx_json_doc *doc; /* owned: what results point into */

    /* the request under way */
    bool done;
    struct evm_fault *fault;
    struct rx_buf answer;
};

int evm_rpc_new(const struct evm_rpc_options *options, struct evm_rpc **ret, struct rx_error *err)
{
    static const struct rx_metric_desc requests = {
        .name = "radarx_source_rpc_requests_total",
        .help = "Calls sent to the node, by method and outcome.",
        .type = RX_COUNTER,
        .labels = {"source", "method", "outcome"}};
    rx_auto(evm_rpc) struct evm_rpc *rpc = calloc(1, sizeof *rpc);
    if (!rpc) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    rpc->source = strdup(options->source);
    rpc->url = strdup(options->url);
    if (!rpc->source || !rpc->url) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    rpc->stop = options->stop;
    rpc->loop = options->loop;
    rpc->timeout_ms = options->timeout_ms;
    rpc->next_id = 1;
    rx_buf_init(&rpc->body, REQUEST_MAX_BYTES);
    rx_buf_init(&rpc->answer, EVM_BODY_MAX_BYTES);
    rx_bucket_init(&rpc->bucket, options->calls_per_second, options->calls_per_second,
                   rx_loop_now_ms(rpc->loop));
    rpc->requests = rx_family(options->metrics, &requests);
    int r = rx_http_client_new(rpc->loop, 2, &rpc->client, err);
    if (r < 0) {
        return r;
    }
    *ret = RX_TAKE(rpc);
    return 0;
}

void evm_rpc_free(struct evm_rpc *rpc)
{
    if (!rpc) {
        return;
    }
    rx_http_client_free(rpc->client);
    rx_json_doc_free(rpc->doc);
    rx_buf_free(&rpc->body);
    rx_buf_free(&rpc->answer);
    free(rpc->source);
    free(rpc->url);
    free(rpc);
}

void evm_rpc_begin(struct evm_rpc *rpc)
{
    rx_json_doc_free(RX_TAKE(rpc->doc));
    rx_buf_clear(&rpc->body);
    rx_jw_init(&rpc->writer, &rpc->body);
    rx_jw_begin_array(&rpc->writer);
    rpc->n = 0;
}

struct rx_jw *evm_rpc_add(struct evm_rpc *rpc, const char *method)
{
    struct rx_jw *w = &rpc->writer;
    rpc->calls[rpc->n] = (struct call){.method = method};
    rx_jw_begin_object(w);
    rx_jw_kv_cstr(w, "jsonrpc", "2.0");
    rx_jw_kv_i64(w, "id", (int64_t)(rpc->next_id + rpc->n));
    rx_jw_kv_cstr(w, "method", method);
    rx_jw_key(w, "params");
    rx_jw_begin_array(w);
    rpc->n++;
    return w;
}

void evm_rpc_end(struct evm_rpc *rpc)
{
    rx_jw_end_array(&rpc->writer);
    rx_jw_end_object(&rpc->writer);
}

static void on_wake(struct rx_loop *loop, void *arg)
{
    (void)loop;
    *(bool *)arg = true;
}

/* Steps the loop until *flag; -1 when the source is being stopped. */
static int pump(struct evm_rpc *rpc, const bool *flag)
{
    while (!*flag) {
        if (atomic_load(rpc->stop) || rx_loop_step(rpc->loop, -1, NULL) < 0) {
            return -1;
        }
    }
    return atomic_load(rpc->stop) ? -1 : 0;
}

int evm_wait(struct evm_rpc *rpc, int64_t ms)
{
    bool due = false;
    struct rx_timer timer = {0};
    if (rx_timer_start(rpc->loop, &timer, ms, on_wake, &due) < 0) {
        return -1;
    }
    int r = pump(rpc, &due);
    rx_timer_stop(rpc->loop, &timer);
    return r;
}

/* The calls' own results are counted with the answer; this counts a batch that has none. */
static void count(struct evm_rpc *rpc, size_t i, const char *outcome)
{
    const char *values[] = {rpc->source, rpc->calls[i].method, outcome};
    rx_metric_inc(rx_metric(rpc->requests, values));
}

static void classify_transport(const struct rx_http_result *result, const char *method,
                               struct evm_fault *fault)
{
    enum evm_kind kind = EVM_TRANSPORT;
    if (result->error == RX_ELIMIT) {
        kind = EVM_TOO_LARGE;
    } else if (result->error == -ETIMEDOUT) {
        kind = EVM_TIMEOUT;
    } else if (result->error == -ENOMEM) {
        kind = EVM_MEMORY;
    }
    evm_fail(fault, kind, "%s: %s", method, result->err.msg);
}

static void on_done(struct rx_http_result *result, void *arg)
{
    struct evm_rpc *rpc = arg;
    struct evm_fault *fault = rpc->fault;
    const char *method = rpc->calls[0].method;
    rpc->done = true;
    fault->retry_after_ms = result->retry_after_ms;
    if (result->error) {
        classify_transport(result, method, fault);
    } else if (result->status == 413) {
        evm_fail(fault, EVM_TOO_MANY, "%s: HTTP 413: the request or its answer is too large",
                 method);
    } else if (result->status != 200) {
        evm_fail(fault, result->status == 429 ? EVM_RATE_LIMITED : EVM_STATUS, "%s: HTTP %u",
                 method, result->status);
    } else {
        struct rx_buf body = rpc->answer;
        rpc->answer = result->body; /* swapped: the old memory goes with the result */
        result->body = body;
    }
}

static int exchange(struct evm_rpc *rpc, struct evm_fault *fault)
{
    static const char *const headers[] = {"Content-Type: application/json",
                                          "Accept: application/json", NULL};
    const struct rx_http_call call = {.method = "POST",
                                      .url = rpc->url,
                                      .headers = headers,
                                      .body = rx_buf_str(&rpc->body),
                                      .connect_timeout_ms = 5000,
                                      .timeout_ms = rpc->timeout_ms,
                                      .max_body_bytes = EVM_BODY_MAX_BYTES};
    struct rx_http_transfer *transfer = NULL;
    struct rx_error err = {0};
    rpc->done = false;
    rpc->fault = fault;
    if (rx_http_client_start(rpc->client, &call, NULL, on_done, rpc, &transfer, &err) < 0) {
        return evm_fail(fault, EVM_TRANSPORT, "%s: %s", rpc->calls[0].method, err.msg);
    }
    if (pump(rpc, &rpc->done) < 0 && !rpc->done) {
        rx_http_transfer_cancel(transfer);
        return evm_fail(fault, EVM_STOPPED, "stopped");
    }
    return fault->kind == EVM_OK ? 0 : -1;
}

static bool has_word(const char *text, const char *const *words)
{
    for (; *words; words++) {
        if (strcasestr(text, *words)) {
            return true;
        }
    }
    return false;
}

/* Nodes have no common error codes for these two; the words are what they write. */
static enum evm_kind classify_error(const struct call *call, int64_t code, const char *message)
{
    static const char *const rate[] = {
        "rate", "per second", "too many requests", "capacity", "quota", "throttl", "daily", NULL};
    static const char *const size[] = {"range",     "results", "limit",     "size", "too many",
                                       "too large", "timeout", "timed out", NULL};
    if (code == 429 || has_word(message, rate)) {
        return EVM_RATE_LIMITED;
    }
    if (strcmp(call->method, "eth_getLogs") == 0 && has_word(message, size)) {
        return EVM_TOO_MANY;
    }
    return code == -32005 ? EVM_RATE_LIMITED : EVM_RPC_ERROR;
}

static void explain(const struct call *call, const struct rx_json *error, struct evm_fault *fault)
{
    int64_t code = rx_json_i64(rx_json_get(error, "code"), 0);
    const char *message = rx_json_cstr(rx_json_get(error, "message"), "no message");
    evm_fail(fault, classify_error(call, code, message), "%s: the node says: %.150s (%lld)",
             call->method, message, (long long)code);
}

static int place(struct evm_rpc *rpc, const struct rx_json *answer, struct evm_fault *fault)
{
    int64_t id = rx_json_i64(rx_json_get(answer, "id"), -1);
    if (id < (int64_t)rpc->next_id || id >= (int64_t)(rpc->next_id + rpc->n)) {
        return evm_fail(fault, EVM_PROTOCOL, "%s: an answer has an id that was not asked for",
                        rpc->calls[0].method);
    }
    struct call *call = &rpc->calls[(size_t)id - rpc->next_id];
    const struct rx_json *error = rx_json_get(answer, "error");
    bool has_error = rx_json_type(error) == RX_JSON_OBJECT;
    if (call->answer || (!has_error && !rx_json_get(answer, "result"))) {
        return evm_fail(fault, EVM_PROTOCOL, "%s: %s", call->method,
                        call->answer ? "answered twice" : "neither result nor error");
    }
    call->answer = answer;
    return 0;
}

/* A batch is answered by an array in any order, or by one error for the whole. */
static int match(struct evm_rpc *rpc, struct evm_fault *fault)
{
    const struct rx_json *root = rx_json_root(rpc->doc);
    if (rx_json_type(root) == RX_JSON_OBJECT &&
        rx_json_type(rx_json_get(root, "error")) == RX_JSON_OBJECT) {
        explain(&rpc->calls[0], rx_json_get(root, "error"), fault);
        return -1;
    }
    if (rx_json_type(root) != RX_JSON_ARRAY) {
        return evm_fail(fault, EVM_PROTOCOL, "%s: the answer to a batch is a JSON %s, not an array",
                        rpc->calls[0].method, rx_json_type_name(root));
    }
    RX_JSON_FOREACH (it, root) {
        if (place(rpc, it.value, fault) < 0) {
            return -1;
        }
    }
    for (size_t i = 0; i < rpc->n; i++) {
        if (!rpc->calls[i].answer) {
            return evm_fail(fault, EVM_PROTOCOL, "%s: answer %zu of %zu is missing",
                            rpc->calls[i].method, i + 1, rpc->n);
        }
    }
    return 0;
}

static int parse_answer(struct evm_rpc *rpc, struct evm_fault *fault)
{
    const struct rx_json_limits limits = {.max_bytes = EVM_BODY_MAX_BYTES, .max_depth = 16};
    struct rx_error err = {0};
    int r = rx_json_parse(rx_buf_str(&rpc->answer), &limits, &rpc->doc, &err);
    if (r < 0) {
        enum evm_kind kind = r == -ENOMEM ? EVM_MEMORY : EVM_JSON;
        return evm_fail(fault, kind, "%s: the answer is not JSON: %s", rpc->calls[0].method,
                        err.msg);
    }
    return match(rpc, fault);
}

static void count_all(struct evm_rpc *rpc, const struct evm_fault *fault, int r)
{
    for (size_t i = 0; i < rpc->n; i++) {
        bool own_error = r == 0 && rx_json_get(rpc->calls[i].answer, "error") != NULL;
        count(rpc, i, r < 0 ? evm_kind_name(fault->kind) : own_error ? "rpc_error" : "ok");
    }
}

int evm_rpc_run(struct evm_rpc *rpc, struct evm_fault *fault)
{
    struct rx_error err = {0};
    rx_jw_end_array(&rpc->writer);
    fault->kind = EVM_OK;
    fault->retry_after_ms = -1;
    if (rx_buf_error(&rpc->body, &err) < 0) {
        return evm_fail(fault, EVM_MEMORY, "%s: request: %s", rpc->calls[0].method, err.msg);
    }
    int64_t pause = rx_bucket_take(&rpc->bucket, (double)rpc->n, rx_loop_now_ms(rpc->loop));
    if (pause > 0 && evm_wait(rpc, pause) < 0) {
        return evm_fail(fault, EVM_STOPPED, "stopped");
    }
    int r = exchange(rpc, fault);
    if (r == 0) {
        r = parse_answer(rpc, fault);
    }
    count_all(rpc, fault, r);
    rpc->next_id += rpc->n;
    if (r == 0) {
        rx_bucket_faster(&rpc->bucket);
    } else if (fault->kind == EVM_RATE_LIMITED) {
        rx_bucket_slower(&rpc->bucket);
    }
    return r;
}

const struct rx_json *evm_rpc_result(struct evm_rpc *rpc, size_t i, struct evm_fault *fault)
{
    const struct call *call = &rpc->calls[i];
    const struct rx_json *error = rx_json_get(call->answer, "error");
    if (rx_json_type(error) != RX_JSON_OBJECT) {
        return rx_json_get(call->answer, "result");
    }
    explain(call, error, fault);
    if (fault->kind == EVM_RATE_LIMITED) {
        rx_bucket_slower(&rpc->bucket);
    }
    return NULL;
}
