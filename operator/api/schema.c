// SPDX-License-Identifier: Apache-2.0
/* Structural schemas as in apiextensions.k8s.io/v1. */
#include <regex.h>

#include "operator/api/check.h"

#define PATTERN_MAX 1024

const struct rx_json *rx_schema_member(const struct rx_json *schema, struct rx_str key)
{
    const struct rx_json *member = rx_json_get_n(rx_json_get(schema, "properties"), key);
    if (member) {
        return member;
    }
    const struct rx_json *others = rx_json_get(schema, "additionalProperties");
    return rx_json_type(others) == RX_JSON_OBJECT ? others : NULL;
}

static bool is_integral(const struct rx_json *value)
{
    double number = rx_json_double(value, 0.5);
    return rx_json_type(value) == RX_JSON_INT || number == __builtin_trunc(number);
}

static bool type_fits(const struct rx_json *schema, const struct rx_json *value)
{
    struct rx_str type = rx_json_str(rx_json_get(schema, "type"));

    switch (rx_json_type(value)) {
    case RX_JSON_OBJECT:
        return rx_str_is(type, "object");
    case RX_JSON_ARRAY:
        return rx_str_is(type, "array");
    case RX_JSON_STR:
        return rx_str_is(type, "string");
    case RX_JSON_BOOL:
        return rx_str_is(type, "boolean");
    case RX_JSON_INT:
        return rx_str_is(type, "integer") || rx_str_is(type, "number");
    case RX_JSON_REAL:
        return rx_str_is(type, "number") || (rx_str_is(type, "integer") && is_integral(value));
    default:
        return false;
    }
}

static bool check_type(struct rx_check *check, const struct rx_json *schema,
                       const struct rx_json *value)
{
    if (rx_json_bool(rx_json_get(schema, "x-kubernetes-int-or-string"), false)) {
        if (rx_json_type(value) == RX_JSON_STR ||
            (rx_json_type(value) == RX_JSON_INT || rx_json_type(value) == RX_JSON_REAL)) {
            return rx_json_type(value) == RX_JSON_STR || is_integral(value) ||
                   (rx_check_report(check, "must be an integer or a string"), false);
        }
        rx_check_report(check, "must be an integer or a string, not %s", rx_json_type_name(value));
        return false;
    }
    if (type_fits(schema, value)) {
        return true;
    }
    rx_check_report(check, "must be of type %s, not %s",
                    rx_json_cstr(rx_json_get(schema, "type"), "object"), rx_json_type_name(value));
    return false;
}

static size_t characters(struct rx_str text)
{
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        n += ((unsigned char)text.p[i] & 0xc0) != 0x80;
    }
    return n;
}

/* Patterns of the CRDs mean the same in POSIX extended syntax and in RE2. */
static bool matches(const char *pattern, struct rx_str text)
{
    regex_t regex;

    if (regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) != 0) {
        return false;
    }
    bool found = !memchr(text.p, '\0', text.n) && regexec(&regex, text.p, 0, NULL, 0) == 0;
    regfree(&regex);
    return found;
}

static void check_string(struct rx_check *check, const struct rx_json *schema,
                         const struct rx_json *value)
{
    struct rx_str text = rx_json_str(value);
    int64_t min = rx_json_i64(rx_json_get(schema, "minLength"), 0);
    int64_t max = rx_json_i64(rx_json_get(schema, "maxLength"), INT64_MAX);
    const char *pattern = rx_json_cstr(rx_json_get(schema, "pattern"), NULL);
    int64_t n = (int64_t)characters(text);

    if (n > max) {
        check->blocking = true;
        rx_check_report(check, "may not be longer than %lld characters", (long long)max);
    }
    if (n < min) {
        rx_check_report(check, "must have at least %lld characters", (long long)min);
    }
    if (n <= max && pattern && !matches(pattern, text)) {
        rx_check_report(check, "must match %s", pattern);
    }
}

static void check_number(struct rx_check *check, const struct rx_json *schema,
                         const struct rx_json *value)
{
    const struct rx_json *min = rx_json_get(schema, "minimum");
    const struct rx_json *max = rx_json_get(schema, "maximum");
    double number = rx_json_double(value, 0);

    if (min && number < rx_json_double(min, 0)) {
        rx_check_report(check, "must be at least %.17g", rx_json_double(min, 0));
    }
    if (max && number > rx_json_double(max, 0)) {
        rx_check_report(check, "must be at most %.17g", rx_json_double(max, 0));
    }
}

static bool equal_scalars(const struct rx_json *a, const struct rx_json *b)
{
    bool text = rx_json_type(a) == RX_JSON_STR;

    if (text != (rx_json_type(b) == RX_JSON_STR)) {
        return false;
    }
    return text ? rx_str_eq(rx_json_str(a), rx_json_str(b))
                : rx_json_double(a, 0) == rx_json_double(b, 1);
}

static void check_enum(struct rx_check *check, const struct rx_json *schema,
                       const struct rx_json *value)
{
    const struct rx_json *list = rx_json_get(schema, "enum");
    char known[160] = "";
    size_t n = 0;

    if (!list) {
        return;
    }
    RX_JSON_FOREACH (item, list) {
        if (equal_scalars(item.value, value)) {
            return;
        }
        struct rx_str text = rx_json_str(item.value);
        int r = text.p ? snprintf(known + n, sizeof(known) - n, "%s" RX_STR_FMT, n ? ", " : "",
                                  RX_STR_ARG(text))
                       : snprintf(known + n, sizeof(known) - n, "%s%lld", n ? ", " : "",
                                  (long long)rx_json_i64(item.value, 0));
        n = r > 0 && n + (size_t)r < sizeof(known) ? n + (size_t)r : n;
    }
    check->blocking = true;
    rx_check_report(check, "must be one of %s", known);
}

static void check_array(struct rx_check *check, const struct rx_json *schema,
                        const struct rx_json *value)
{
    int64_t n = (int64_t)rx_json_len(value);
    int64_t min = rx_json_i64(rx_json_get(schema, "minItems"), 0);
    int64_t max = rx_json_i64(rx_json_get(schema, "maxItems"), INT64_MAX);

    RX_JSON_FOREACH (item, value) {
        size_t before = rx_path_push_index(&check->path, item.index);
        rx_check_schema(check, rx_json_get(schema, "items"), item.value);
        rx_path_pop(&check->path, before);
    }
    if (n < min) {
        rx_check_report(check, "must have at least %lld items", (long long)min);
    }
    if (n > max) {
        check->blocking = true;
        rx_check_report(check, "must have at most %lld items", (long long)max);
    }
}

static void check_required(struct rx_check *check, const struct rx_json *schema,
                           const struct rx_json *value)
{
    RX_JSON_FOREACH (item, rx_json_get(schema, "required")) {
        struct rx_str key = rx_json_str(item.value);
        if (rx_json_get_n(value, key)) {
            continue;
        }
        size_t before = rx_path_push_key(&check->path, key);
        check->blocking = true;
        rx_check_report(check, "is required");
        rx_path_pop(&check->path, before);
    }
}

static void check_object(struct rx_check *check, const struct rx_json *schema,
                         const struct rx_json *value)
{
    int64_t max = rx_json_i64(rx_json_get(schema, "maxProperties"), INT64_MAX);

    if ((int64_t)rx_json_len(value) > max) {
        check->blocking = true;
        rx_check_report(check, "must have at most %lld entries", (long long)max);
    }
    RX_JSON_FOREACH (member, value) {
        const struct rx_json *inner = rx_schema_member(schema, member.key);
        if (inner) {
            size_t before = rx_path_push_key(&check->path, member.key);
            rx_check_schema(check, inner, member.value);
            rx_path_pop(&check->path, before);
        }
    }
    check_required(check, schema, value);
}

void rx_check_schema(struct rx_check *check, const struct rx_json *schema,
                     const struct rx_json *value)
{
    bool null = rx_json_type(value) == RX_JSON_NULL;

    if (null && rx_json_bool(rx_json_get(schema, "nullable"), false)) {
        return;
    }
    if (!check_type(check, schema, value)) {
        check->blocking = true;
        return;
    }
    switch (rx_json_type(value)) {
    case RX_JSON_STR:
        check_string(check, schema, value);
        break;
    case RX_JSON_INT:
    case RX_JSON_REAL:
        check_number(check, schema, value);
        break;
    case RX_JSON_ARRAY:
        check_array(check, schema, value);
        break;
    case RX_JSON_OBJECT:
        check_object(check, schema, value);
        break;
    default:
        break;
    }
    check_enum(check, schema, value);
}
