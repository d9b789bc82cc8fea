// SPDX-License-Identifier: Apache-2.0
#include "common/http/internal.h"

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return -1;
}

/* Decodes text to *out and moves it on. `what` names the part in errors. */
static int decode(struct rx_str text, bool plus_is_space, char **out, const char *what,
                  struct rx_str *ret, struct rx_error *err)
{
    char *const start = *out;
    char *p = start;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c == '%') {
            const int high = i + 2 < text.n ? hex_digit(text.p[i + 1]) : -1;
            const int low = i + 2 < text.n ? hex_digit(text.p[i + 2]) : -1;
            if (high < 0 || low < 0) {
                return rx_error_set(err, RX_EINVALID,
                                    "%s: expected two hex digits after %% at byte %zu", what, i);
            }
            c = (char)(high * 16 + low);
            i += 2;
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        }
        if (c == '\0') {
            return rx_error_set(err, RX_EINVALID, "%s: NUL is not allowed", what);
        }
        *p++ = c;
    }
    const struct rx_str view = {start, (size_t)(p - start)};
    if (!rx_str_is_utf8(view)) {
        return rx_error_set(err, RX_EINVALID, "%s: expected UTF-8", what);
    }
    *p++ = '\0';
    *out = p;
    *ret = view;
    return 0;
}

static int add_param(struct rx_http_target *target, struct rx_str part, char **out,
                     struct rx_error *err)
{
    if (target->n_params == RX_HTTP_PARAMS_MAX) {
        return rx_error_set(err, RX_ELIMIT, "query: more than %d parameters", RX_HTTP_PARAMS_MAX);
    }
    const ptrdiff_t equals = rx_str_find(part, '=');
    const size_t key_n = equals < 0 ? part.n : (size_t)equals;
    const struct rx_str raw_key = {part.p, key_n};
    const struct rx_str raw_value =
        equals < 0 ? RX_STR("") : (struct rx_str){part.p + key_n + 1, part.n - key_n - 1};
    struct rx_http_param param = {0};
    int r = decode(raw_key, true, out, "query", &param.key, err);
    if (r == 0) {
        r = decode(raw_value, true, out, "query", &param.value, err);
    }
    if (r < 0) {
        return r;
    }
    for (size_t i = 0; i < target->n_params; i++) {
        if (rx_str_eq(target->params[i].key, param.key)) {
            return rx_error_set(err, RX_EINVALID,
                                "query: expected each parameter once, got \"%.40s\" twice",
                                param.key.p);
        }
    }
    target->params[target->n_params++] = param;
    return 0;
}

int rx_http_target_parse(struct rx_http_target *target, struct rx_str text, struct rx_error *err)
{
    target->n_params = 0;
    target->path = target->raw_query = (struct rx_str){NULL, 0};
    if (text.n > RX_HTTP_TARGET_MAX) {
        return rx_error_set(err, RX_ELIMIT, "request target: more than %d bytes",
                            RX_HTTP_TARGET_MAX);
    }
    if (text.n == 0 || text.p[0] != '/') {
        return rx_error_set(err, RX_EINVALID, "request target: expected a path starting with /");
    }
    const ptrdiff_t mark = rx_str_find(text, '?');
    const struct rx_str raw_path = {text.p, mark < 0 ? text.n : (size_t)mark};
    char *out = target->decoded;
    int r = decode(raw_path, false, &out, "path", &target->path, err);
    if (r < 0) {
        return r;
    }
    if (mark < 0) {
        return 0;
    }
    target->raw_query = (struct rx_str){text.p + mark + 1, text.n - (size_t)mark - 1};
    struct rx_str rest = target->raw_query, part;
    while (rx_str_cut(&rest, '&', &part)) {
        if (part.n > 0) {
            r = add_param(target, part, &out, err);
            if (r < 0) {
                return r;
            }
        }
    }
    return 0;
}
