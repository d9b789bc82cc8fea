// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/features/upstream_core.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/base/parse.h"

double rx_up_number(const struct rx_json *value)
{
    switch (rx_json_type(value)) {
    case RX_JSON_INT:
    case RX_JSON_REAL:
        return rx_json_double(value, RX_NAN);
    case RX_JSON_STR: {
        double x = RX_NAN;
        return rx_parse_double(rx_json_str(value), &x) == 0 ? x : RX_NAN;
    }
    default:
        return RX_NAN;
    }
}

void rx_up_set(struct rx_upstream_answer *a, enum rx_feature feature, double value)
{
    if (!isfinite(value)) {
        return;
    }
    for (size_t i = 0; i < a->n; i++) {
        if (a->values[i].feature == feature) {
            a->values[i].value = value;
            return;
        }
    }
    if (a->n < RX_UPSTREAM_MAX_VALUES) {
        a->values[a->n++] = (struct rx_upstream_value){feature, value};
    }
}

int rx_up_bool(const struct rx_json *value)
{
    if (rx_json_type(value) == RX_JSON_BOOL) {
        return rx_json_bool(value, false);
    }
    const double x = rx_up_number(value);
    return x == 0 ? 0 : x == 1 ? 1 : -1;
}

void rx_up_flag(struct rx_upstream_answer *a, enum rx_feature feature, const struct rx_json *value)
{
    const int flag = rx_up_bool(value);
    if (flag >= 0) {
        rx_up_set(a, feature, flag);
    }
}

void rx_up_share(struct rx_upstream_answer *a, enum rx_feature feature, double value, double scale)
{
    const double share = value / scale;
    if (share >= -0.05 && share <= 10) {
        rx_up_set(a, feature, fmax(0, fmin(1, share)));
    }
}

void rx_up_amount(struct rx_upstream_answer *a, enum rx_feature feature, double value)
{
    if (value >= 0) {
        rx_up_set(a, feature, value);
    }
}

void rx_up_change(struct rx_upstream_answer *a, enum rx_feature feature, double value, double scale)
{
    if (value / scale >= -1) {
        rx_up_set(a, feature, value / scale);
    }
}

void rx_up_fail(struct rx_upstream_answer *a, enum rx_upstream_status status, const char *fmt, ...)
{
    a->status = status;
    va_list args;
    va_start(args, fmt);
    vsnprintf(a->message, sizeof(a->message), fmt, args);
    va_end(args);
    if (a->message[0] == 0) {
        snprintf(a->message, sizeof(a->message), "no message");
    }
    /* What a service wrote goes to logs and tables: one line of plain text. */
    for (char *c = a->message; *c; c++) {
        if ((unsigned char)*c < 0x20 || (unsigned char)*c > 0x7e) {
            *c = '?';
        }
    }
}

static bool contains(struct rx_str text, const char *word)
{
    const size_t n = strlen(word);
    for (size_t i = 0; i + n <= text.n; i++) {
        if (rx_str_eq_nocase((struct rx_str){text.p + i, n}, (struct rx_str){word, n})) {
            return true;
        }
    }
    return false;
}

enum rx_upstream_status rx_up_status_of_text(struct rx_str text)
{
    static const struct {
        const char *word;
        enum rx_upstream_status status;
    } words[] = {
        {"rate limit", RX_UPSTREAM_RATE_LIMITED},
        {"too many requests", RX_UPSTREAM_RATE_LIMITED},
        {"over limit", RX_UPSTREAM_RATE_LIMITED},
        {"throttl", RX_UPSTREAM_RATE_LIMITED},
        {"unauthorized", RX_UPSTREAM_AUTH},
        {"authenticated", RX_UPSTREAM_AUTH},
        {"forbidden", RX_UPSTREAM_AUTH},
        {"api key", RX_UPSTREAM_AUTH},
        {"not found", RX_UPSTREAM_NOT_FOUND},
        {"no pairs", RX_UPSTREAM_NOT_FOUND},
        {"unable to generate", RX_UPSTREAM_NOT_FOUND},
        {"invalid", RX_UPSTREAM_BAD_REQUEST},
        {"bad request", RX_UPSTREAM_BAD_REQUEST},
        {"unavailable", RX_UPSTREAM_UNAVAILABLE},
        {"internal", RX_UPSTREAM_UNAVAILABLE},
        {"timeout", RX_UPSTREAM_UNAVAILABLE},
        {"bad gateway", RX_UPSTREAM_UNAVAILABLE},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(words); i++) {
        if (contains(text, words[i].word)) {
            return words[i].status;
        }
    }
    return RX_UPSTREAM_MALFORMED;
}

void rx_up_token(struct rx_upstream_answer *a, struct rx_str token)
{
    snprintf(a->token, sizeof(a->token), RX_STR_FMT, RX_STR_ARG(token));
}

bool rx_up_same_address(struct rx_str a, struct rx_str b)
{
    const bool hex = rx_str_starts(a, RX_STR("0x")) || rx_str_starts(a, RX_STR("0X"));
    return hex ? rx_str_eq_nocase(a, b) : rx_str_eq(a, b);
}

bool rx_up_is_burn(struct rx_str address)
{
    static const char *const burns[] = {
        "0x0000000000000000000000000000000000000000", "0x000000000000000000000000000000000000dead",
        "0xdead000000000000000042069420694206942069", "1nc1nerator11111111111111111111111111111111",
        "11111111111111111111111111111111",
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(burns); i++) {
        if (rx_up_same_address(rx_str_of(burns[i]), address)) {
            return true;
        }
    }
    return false;
}

void rx_up_top_add(struct rx_up_top *top, double value)
{
    if (!(value >= 0) || !isfinite(value)) {
        return;
    }
    size_t k = top->n;
    if (k == RX_ARRAY_LEN(top->v)) {
        if (value <= top->v[k - 1]) {
            return;
        }
        k--;
    } else {
        top->n++;
    }
    for (; k > 0 && top->v[k - 1] < value; k--) {
        top->v[k] = top->v[k - 1];
    }
    top->v[k] = value;
}

double rx_up_top_sum(const struct rx_up_top *top)
{
    double sum = 0;
    for (size_t i = 0; i < top->n; i++) {
        sum += top->v[i];
    }
    return sum;
}
