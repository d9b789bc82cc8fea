// SPDX-License-Identifier: Apache-2.0
/* GET /score/token. */
#include <math.h>

#include "agent/routes/internal.h"
#include "agent/routes/score.h"
#include "agent/routes/token_query.h"

#define RETRY_SYNCING_S 5
#define LAG_CHECK_MS    1000 /* a cached lag_seconds is compared with the book's so often */
#define LAG_TOLERANCE_S 1.0

/* What was asked, and at the same time the cache's key: no padding, compared as bytes. */
struct question {
    uint8_t address[20];
    uint8_t horizons, flags;
    char chain[32];
};

#define FLAG_FEATURES  1
#define FLAG_TIMELINES 2

static bool required(struct rx_http_request *request, const char *name, struct rx_str *ret)
{
    if (!rx_http_query(request, name, ret)) {
        rx_respond_error(request, 422, "missing_parameter", "%s: required", name);
        return false;
    }
    return true;
}

/* A chain is known by name, or because a source follows it. */
static const char *find_chain(struct rx_book *book, struct rx_str text, char out[32])
{
    const char *name = rx_chain_find(text);
    if (name) {
        return name;
    }
    struct rx_source_status status;
    for (unsigned i = 0; i < rx_book_sources(book); i++) {
        rx_book_status(book, i, &status);
        if (rx_str_eq(text, rx_str_of(status.chain))) {
            memcpy(out, status.chain, 32);
            return out;
        }
    }
    return NULL;
}

static int parse_options(struct rx_http_request *request, const struct rx_api *api,
                         struct question *q, struct rx_error *err)
{
    struct rx_str text;
    unsigned horizons = api->horizon_mask;
    bool features = false, timelines = false;
    int r = 0;
    if (rx_http_query(request, "horizons", &text)) {
        r = rx_horizons_parse(text, api->horizon_mask, &horizons, err);
    }
    if (r == 0 && rx_http_query(request, "include_features", &text)) {
        r = rx_flag_parse(text, "include_features", &features, err);
    }
    if (r == 0 && rx_http_query(request, "include_timelines", &text)) {
        r = rx_flag_parse(text, "include_timelines", &timelines, err);
    }
    q->horizons = (uint8_t)horizons;
    q->flags = (uint8_t)((features ? FLAG_FEATURES : 0) | (timelines ? FLAG_TIMELINES : 0));
    return r;
}

/* Answers by itself and returns false when the request is not acceptable. */
static bool parse(struct rx_http_request *request, const struct rx_api *api, struct question *q)
{
    struct rx_str address, chain;
    struct rx_error err;
    char followed[32];
    memset(q, 0, sizeof(*q));
    if (!required(request, "address", &address) || !required(request, "chain", &chain)) {
        return false;
    }
    const char *name = find_chain(api->book, chain, followed);
    if (!name) {
        rx_respond_error(request, 400, "invalid_chain", "chain: expected %s", rx_chain_names);
        return false;
    }
    memcpy(q->chain, name, strlen(name));
    if (name != followed && !rx_chain_is_evm(name)) {
        if (rx_address_is_solana(address)) {
            rx_respond_error(request, 404, "chain_not_followed", "no source follows %s", name);
        } else {
            rx_respond_error(request, 400, "invalid_address",
                             "address: expected 32 to 44 base58 characters");
        }
        return false;
    }
    if (rx_address_evm(address, q->address, &err) < 0) {
        rx_respond_error(request, 400, "invalid_address", "%s", err.msg);
        return false;
    }
    if (parse_options(request, api, q, &err) < 0) {
        rx_respond_error(request, 400, "invalid_parameter", "%s", err.msg);
        return false;
    }
    return true;
}

/* False when there is no memory for it. */
static bool write_score(struct rx_api_loop *loop, const struct question *q,
                        const struct rx_snapshot *snapshot, const struct rx_as_of *as_of)
{
    const struct rx_score_request what = {
        .horizons = q->horizons,
        .multipliers = loop->api->multiplier_mask,
        .features = q->flags & FLAG_FEATURES,
        .timelines = q->flags & FLAG_TIMELINES,
        .now_ms = rx_clock_real_ms(loop->api->clock),
        .weights = loop->api->weights,
    };
    struct rx_jw w;
    rx_buf_clear(&loop->scratch);
    rx_jw_init(&w, &loop->scratch);
    const struct rx_model_set *models = rx_model_reader_enter(loop->models);
    const struct rx_model *model = models->active;
    bool done = rx_model_scratch_fit(loop->model_scratch, model, NULL) == 0;
    if (done) {
        rx_model_scratch_recalibrate(loop->model_scratch, models->recalibration);
        rx_score_json(&w, model, loop->model_scratch, snapshot, as_of, &what);
    }
    rx_model_scratch_recalibrate(loop->model_scratch, NULL);
    rx_model_reader_leave(loop->models);
    rx_buf_putc(&loop->scratch, '\n');
    return done && !loop->scratch.error;
}

static void respond_score(struct rx_http_request *request, struct rx_api_loop *loop,
                          const struct question *q, const struct rx_snapshot *snapshot,
                          const struct rx_as_of *as_of, uint64_t generation, int64_t now_ms)
{
    rx_auto(http_response) struct rx_http_response *response =
        write_score(loop, q, snapshot, as_of)
            ? rx_http_response_new(200, "application/json", rx_buf_str(&loop->scratch))
            : NULL;
    if (!response) {
        rx_respond_error(request, 503, "out_of_memory", "memory: the answer could not be made");
        return;
    }
    const struct rx_answer answer = {.response = response,
                                     .generation = generation,
                                     .made_ms = now_ms,
                                     .checked_ms = now_ms,
                                     .lag_seconds = as_of->lag_seconds};
    rx_answers_put(loop->answers, (struct rx_str){(const char *)q, sizeof(*q)}, &answer);
    rx_http_respond(request, response);
}

/*
 * Time passes without a new block too: the answer's lag_seconds must not stay behind. True when the
 * cached answer still says about the same as the book.
 */
static bool lag_is_right(struct rx_api_loop *loop, const struct question *q,
                         struct rx_answer *answer, int64_t now_ms)
{
    if (now_ms - answer->checked_ms < LAG_CHECK_MS) {
        return true;
    }
    rx_auto(snapshot) struct rx_snapshot *snapshot = NULL;
    struct rx_as_of as_of;
    if (rx_book_lookup(loop->api->book, q->chain, q->address, &snapshot, &as_of) !=
            RX_LOOKUP_FOUND ||
        fabs(as_of.lag_seconds - answer->lag_seconds) > LAG_TOLERANCE_S) {
        return false;
    }
    answer->checked_ms = now_ms;
    return true;
}

/* Of the book and the model together: a new model makes the kept answers stale too. */
static uint64_t state_of(struct rx_api_loop *loop)
{
    const uint64_t model = rx_model_reader_enter(loop->models)->generation;
    rx_model_reader_leave(loop->models);
    return rx_book_generation(loop->api->book) ^ model << 48;
}

void rx_route_score(struct rx_http_request *request, void *arg)
{
    struct rx_api_loop *loop = arg;
    struct rx_api *api = loop->api;
    struct question q;
    if (!parse(request, api, &q)) {
        return;
    }
    /* The number is read first: what changes after it makes the kept answer stale at once. */
    const uint64_t generation = state_of(loop);
    const int64_t now_ms = rx_clock_monotonic_ms(api->clock);
    struct rx_answer *answer = rx_answers_get(
        loop->answers, (struct rx_str){(const char *)&q, sizeof(q)}, generation, now_ms);
    if (answer && lag_is_right(loop, &q, answer, now_ms)) {
        rx_http_respond(request, answer->response);
        return;
    }
    rx_auto(snapshot) struct rx_snapshot *snapshot = NULL;
    struct rx_as_of as_of;
    switch (rx_book_lookup(api->book, q.chain, q.address, &snapshot, &as_of)) {
    case RX_LOOKUP_FOUND:
        respond_score(request, loop, &q, snapshot, &as_of, generation, now_ms);
        return;
    case RX_LOOKUP_SYNCING:
        rx_respond_retry(request, 503, RETRY_SYNCING_S, "syncing",
                         "%s: its source still reads the past, and has not seen this token yet",
                         q.chain);
        return;
    case RX_LOOKUP_NO_CHAIN:
        rx_respond_error(request, 404, "chain_not_followed", "no source follows %s", q.chain);
        return;
    case RX_LOOKUP_UNKNOWN:
        break;
    }
    rx_respond_error(request, 404, "unknown_token", "no pool of this token is known on %s",
                     q.chain);
}
