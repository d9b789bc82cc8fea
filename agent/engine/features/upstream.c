// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/features/upstream.h"

#include <errno.h>
#include <string.h>

#include "agent/engine/features/upstream_core.h"

/* A token's report is up to 100 kB; a list of pairs of 30 tokens is larger. */
#define MAX_BYTES (8u << 20)
#define MAX_DEPTH 64

static const struct {
    const char *name;
    rx_up_reader *reader;
} sources[RX_UPSTREAM_MAX] = {
    [RX_UPSTREAM_GOPLUS_EVM] = {"goplus", rx_up_goplus},
    [RX_UPSTREAM_GOPLUS_SOLANA] = {"goplus_solana", rx_up_goplus_solana},
    [RX_UPSTREAM_RUGCHECK] = {"rugcheck", rx_up_rugcheck},
    [RX_UPSTREAM_RUGCHECK_SUMMARY] = {"rugcheck_summary", rx_up_rugcheck},
    [RX_UPSTREAM_HONEYPOT] = {"honeypot_is", rx_up_honeypot},
    [RX_UPSTREAM_HONEYPOT_PAIRS] = {"honeypot_is_pairs", rx_up_honeypot_pairs},
    [RX_UPSTREAM_DEXSCREENER] = {"dexscreener", rx_up_dexscreener},
};

const char *rx_upstream_name(enum rx_upstream source)
{
    return source >= 0 && source < RX_UPSTREAM_MAX ? sources[source].name : "unknown";
}

enum rx_upstream rx_upstream_find(struct rx_str name)
{
    for (int i = 0; i < RX_UPSTREAM_MAX; i++) {
        if (rx_str_is(name, sources[i].name)) {
            return (enum rx_upstream)i;
        }
    }
    return RX_UPSTREAM_UNKNOWN;
}

bool rx_upstream_is_solana(enum rx_upstream source, struct rx_str token)
{
    if (source == RX_UPSTREAM_DEXSCREENER) {
        return token.n > 0 && !rx_str_starts(token, RX_STR("0x"));
    }
    return source == RX_UPSTREAM_GOPLUS_SOLANA || source == RX_UPSTREAM_RUGCHECK ||
           source == RX_UPSTREAM_RUGCHECK_SUMMARY;
}

const char *rx_upstream_status_name(enum rx_upstream_status status)
{
    static const char *const names[RX_UPSTREAM_STATUS_MAX] = {
        [RX_UPSTREAM_OK] = "ok",
        [RX_UPSTREAM_PARTIAL] = "partial",
        [RX_UPSTREAM_EMPTY] = "empty",
        [RX_UPSTREAM_RATE_LIMITED] = "rate_limited",
        [RX_UPSTREAM_NOT_FOUND] = "not_found",
        [RX_UPSTREAM_BAD_REQUEST] = "bad_request",
        [RX_UPSTREAM_AUTH] = "auth",
        [RX_UPSTREAM_UNAVAILABLE] = "unavailable",
        [RX_UPSTREAM_MALFORMED] = "malformed",
    };
    return status >= 0 && status < RX_UPSTREAM_STATUS_MAX ? names[status] : "";
}

bool rx_upstream_retryable(enum rx_upstream_status status)
{
    return status == RX_UPSTREAM_PARTIAL || status == RX_UPSTREAM_RATE_LIMITED ||
           status == RX_UPSTREAM_UNAVAILABLE;
}

static bool has(const struct rx_json *value, const char *key)
{
    return rx_json_type(rx_json_get(value, key)) != RX_JSON_MISSING;
}

static const struct rx_json *first_member(const struct rx_json *object)
{
    RX_JSON_FOREACH (it, object) {
        return it.value;
    }
    return NULL;
}

/* One token of GoPlus, without the envelope. */
static enum rx_upstream detect_goplus(const struct rx_json *token)
{
    static const char *const evm[] = {"is_open_source", "is_honeypot", "is_in_dex", "sell_tax"};
    static const char *const solana[] = {"freezable", "closable", "metadata_mutable",
                                         "balance_mutable_authority"};
    for (size_t i = 0; i < RX_ARRAY_LEN(solana); i++) {
        if (has(token, solana[i])) {
            return RX_UPSTREAM_GOPLUS_SOLANA;
        }
    }
    for (size_t i = 0; i < RX_ARRAY_LEN(evm); i++) {
        if (has(token, evm[i])) {
            return RX_UPSTREAM_GOPLUS_EVM;
        }
    }
    return RX_UPSTREAM_UNKNOWN;
}

static enum rx_upstream detect_array(const struct rx_json *root)
{
    const struct rx_json *first = rx_json_item(root, 0);
    if (has(first, "Pair") && has(first, "ChainID")) {
        return RX_UPSTREAM_HONEYPOT_PAIRS;
    }
    /* An empty array is DexScreener's answer about a token without pairs. */
    return !first || has(first, "pairAddress") ? RX_UPSTREAM_DEXSCREENER : RX_UPSTREAM_UNKNOWN;
}

enum rx_upstream rx_upstream_detect(const struct rx_json *root)
{
    if (rx_json_type(root) == RX_JSON_ARRAY) {
        return detect_array(root);
    }
    if (rx_json_type(root) != RX_JSON_OBJECT) {
        return RX_UPSTREAM_UNKNOWN;
    }
    if (has(root, "simulationSuccess") || has(root, "honeypotResult") ||
        (has(root, "code") && has(root, "error"))) {
        return RX_UPSTREAM_HONEYPOT;
    }
    if (has(root, "code") && (has(root, "result") || has(root, "message"))) {
        const enum rx_upstream inside = detect_goplus(first_member(rx_json_get(root, "result")));
        return inside == RX_UPSTREAM_UNKNOWN ? RX_UPSTREAM_GOPLUS_EVM : inside;
    }
    if (has(root, "risks") && has(root, "score")) {
        return has(root, "token") ? RX_UPSTREAM_RUGCHECK : RX_UPSTREAM_RUGCHECK_SUMMARY;
    }
    if (has(root, "pairs") || has(root, "pair")) {
        return RX_UPSTREAM_DEXSCREENER;
    }
    if (has(root, "error")) {
        return RX_UPSTREAM_RUGCHECK;
    }
    return detect_goplus(root);
}

static enum rx_upstream_status status_of_http(unsigned http)
{
    if (http == 429) {
        return RX_UPSTREAM_RATE_LIMITED;
    }
    if (http == 401 || http == 403) {
        return RX_UPSTREAM_AUTH;
    }
    if (http == 404) {
        return RX_UPSTREAM_NOT_FOUND;
    }
    if (http >= 500) {
        return RX_UPSTREAM_UNAVAILABLE;
    }
    return http >= 400 ? RX_UPSTREAM_BAD_REQUEST : RX_UPSTREAM_OK;
}

/* A body that is no answer: the HTTP status speaks, then the text. */
static void read_plain(struct rx_str text, unsigned http, const char *why,
                       struct rx_upstream_answer *a)
{
    enum rx_upstream_status status = status_of_http(http);
    if (status == RX_UPSTREAM_OK) {
        status = text.n <= 256 ? rx_up_status_of_text(text) : RX_UPSTREAM_MALFORMED;
    }
    if (status == RX_UPSTREAM_MALFORMED) {
        rx_up_fail(a, status, "%s", why);
    } else {
        rx_up_fail(a, status, "HTTP %u", http);
        a->code = http;
    }
}

int rx_upstream_parse(struct rx_str text, const struct rx_upstream_query *query,
                      struct rx_upstream_answer *ret)
{
    static const struct rx_json_limits limits = {.max_bytes = MAX_BYTES, .max_depth = MAX_DEPTH};
    *ret = (struct rx_upstream_answer){.source = query->source, .observed_at = query->observed_at};
    rx_auto(json_doc) struct rx_json_doc *doc = NULL;
    struct rx_error err = {0};
    const int rc = rx_json_parse(text, &limits, &doc, &err);
    if (rc == -ENOMEM) {
        return rc;
    }
    if (rc != 0) {
        read_plain(text, query->http_status, err.msg, ret);
        return 0;
    }
    const struct rx_json *root = rx_json_root(doc);
    if (ret->source == RX_UPSTREAM_UNKNOWN) {
        ret->source = rx_upstream_detect(root);
    }
    if (ret->source < 0 || ret->source >= RX_UPSTREAM_MAX) {
        read_plain((struct rx_str){0}, query->http_status, "no known form of answer", ret);
        return 0;
    }
    sources[ret->source].reader(root, query, ret);
    const enum rx_upstream_status http = status_of_http(query->http_status);
    if (http != RX_UPSTREAM_OK &&
        (ret->status == RX_UPSTREAM_OK || ret->status == RX_UPSTREAM_MALFORMED)) {
        rx_up_fail(ret, http, "HTTP %u", query->http_status);
        ret->code = query->http_status;
    }
    if (ret->status != RX_UPSTREAM_OK && ret->status != RX_UPSTREAM_PARTIAL) {
        ret->n = 0;
    }
    return 0;
}

double rx_upstream_get(const struct rx_upstream_answer *answer, enum rx_feature feature)
{
    for (size_t i = 0; i < answer->n; i++) {
        if (answer->values[i].feature == feature) {
            return answer->values[i].value;
        }
    }
    return RX_NAN;
}
