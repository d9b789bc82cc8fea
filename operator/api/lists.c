// SPDX-License-Identifier: Apache-2.0
#include "operator/api/check.h"

#define COMPARED_MAX 1000

static bool same_scalar(const struct rx_json *a, const struct rx_json *b)
{
    enum rx_json_type type = rx_json_type(a);

    if (type != rx_json_type(b)) {
        return false;
    }
    switch (type) {
    case RX_JSON_STR:
        return rx_str_eq(rx_json_str(a), rx_json_str(b));
    case RX_JSON_INT:
        return rx_json_i64(a, 0) == rx_json_i64(b, 0);
    case RX_JSON_REAL:
        return rx_json_double(a, 0) == rx_json_double(b, 0);
    case RX_JSON_BOOL:
        return rx_json_bool(a, false) == rx_json_bool(b, false);
    default:
        return type == RX_JSON_MISSING || type == RX_JSON_NULL;
    }
}

static bool same_keys(const struct rx_json *keys, const struct rx_json *a, const struct rx_json *b)
{
    RX_JSON_FOREACH (key, keys) {
        struct rx_str name = rx_json_str(key.value);
        if (!same_scalar(rx_json_get_n(a, name), rx_json_get_n(b, name))) {
            return false;
        }
    }
    return true;
}

/* As the apiserver, names the second appearance only. */
static void check_unique(struct rx_check *check, const struct rx_json *list,
                         const struct rx_json *keys)
{
    RX_JSON_FOREACH (item, list) {
        size_t earlier = 0;
        RX_JSON_FOREACH (other, list) {
            if (other.index >= item.index) {
                break;
            }
            earlier += keys ? same_keys(keys, other.value, item.value)
                            : same_scalar(other.value, item.value);
        }
        if (earlier == 1) {
            size_t before = rx_path_push_index(&check->path, item.index);
            rx_check_report(check, "is listed twice");
            rx_path_pop(&check->path, before);
        }
    }
}

static void check_list(struct rx_check *check, const struct rx_json *schema,
                       const struct rx_json *list)
{
    struct rx_str type = rx_json_str(rx_json_get(schema, "x-kubernetes-list-type"));
    const struct rx_json *keys = rx_json_get(schema, "x-kubernetes-list-map-keys");

    /* A longer list is reported already, and too long to be compared pair by pair. */
    if (rx_json_len(list) <= COMPARED_MAX) {
        if (rx_str_is(type, "set")) {
            check_unique(check, list, NULL);
        } else if (rx_str_is(type, "map")) {
            check_unique(check, list, keys);
        }
    }
    RX_JSON_FOREACH (item, list) {
        size_t before = rx_path_push_index(&check->path, item.index);
        rx_check_lists(check, rx_json_get(schema, "items"), item.value);
        rx_path_pop(&check->path, before);
    }
}

void rx_check_lists(struct rx_check *check, const struct rx_json *schema,
                    const struct rx_json *value)
{
    if (rx_json_type(value) == RX_JSON_ARRAY) {
        check_list(check, schema, value);
        return;
    }
    if (rx_json_type(value) != RX_JSON_OBJECT) {
        return;
    }
    RX_JSON_FOREACH (member, value) {
        const struct rx_json *inner = rx_schema_member(schema, member.key);
        if (inner) {
            size_t before = rx_path_push_key(&check->path, member.key);
            rx_check_lists(check, inner, member.value);
            rx_path_pop(&check->path, before);
        }
    }
}
