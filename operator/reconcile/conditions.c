// SPDX-License-Identifier: Apache-2.0
#include "operator/reconcile/conditions.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/base/clock.h"

#define MAX_DEPTH 16

static const char *const names[] = {NULL, "True", "False", "Unknown"};

void rx_condition_set(struct rx_condition *condition, enum rx_condition_status status,
                      const char *reason, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    condition->status = status;
    condition->reason = reason;
    vsnprintf(condition->message, sizeof(condition->message), fmt, args);
    va_end(args);
}

static const struct rx_json *find(const struct rx_json *live, const char *type)
{
    RX_JSON_FOREACH (iter, live) {
        if (rx_str_is(rx_json_str(rx_json_get(iter.value, "type")), type)) {
            return iter.value;
        }
    }
    return NULL;
}

enum rx_condition_status rx_condition_live(const struct rx_json *live, const char *type)
{
    struct rx_str status = rx_json_str(rx_json_get(find(live, type), "status"));
    for (size_t i = RX_COND_TRUE; i < RX_ARRAY_LEN(names); i++) {
        if (rx_str_is(status, names[i])) {
            return (enum rx_condition_status)i;
        }
    }
    return RX_COND_ABSENT;
}

/* Errors of others end up in messages: only valid UTF-8 may reach the API. */
static json_t *text(const char *message)
{
    json_t *value = json_string(message);
    if (value) {
        return value;
    }
    char clean[RX_COND_MESSAGE_MAX];
    size_t n = 0;
    for (; message[n] && n + 1 < sizeof(clean); n++) {
        clean[n] = (unsigned char)message[n] < 0x80 ? message[n] : '?';
    }
    return json_stringn(clean, n);
}

static json_t *build_one(const struct rx_condition *condition, const struct rx_json *live,
                         int64_t generation, int64_t now_s)
{
    char now[RX_TIME_LEN];
    const struct rx_json *before = find(live, condition->type);
    struct rx_str since = rx_json_str(rx_json_get(before, "lastTransitionTime"));
    bool flipped = rx_condition_live(live, condition->type) != condition->status;
    if (flipped || since.n == 0) {
        since = rx_str_of(rx_time_format_s(now_s, now));
    }
    return json_pack("{s:s, s:s, s:I, s:s%, s:s, s:o}", "type", condition->type, "status",
                     names[condition->status], "observedGeneration", (json_int_t)generation,
                     "lastTransitionTime", since.p, since.n, "reason", condition->reason, "message",
                     text(condition->message));
}

static bool is_ours(const struct rx_condition *list, size_t n, struct rx_str type)
{
    for (size_t i = 0; i < n; i++) {
        if (rx_str_is(type, list[i].type)) {
            return true;
        }
    }
    return false;
}

json_t *rx_conditions_build(const struct rx_condition *list, size_t n, const struct rx_json *live,
                            int64_t generation, int64_t now_s)
{
    rx_auto(build) json_t *array = json_array();
    for (size_t i = 0; i < n; i++) {
        if (list[i].status != RX_COND_ABSENT &&
            json_array_append_new(array, build_one(&list[i], live, generation, now_s)) < 0) {
            return NULL;
        }
    }
    RX_JSON_FOREACH (iter, live) {
        if (!is_ours(list, n, rx_json_str(rx_json_get(iter.value, "type"))) &&
            json_array_append_new(array, rx_build_from(iter.value)) < 0) {
            return NULL;
        }
    }
    return RX_TAKE(array);
}

/* Members of want that differ, and null for those that only live has; empty when equal. */
static json_t *diff(const json_t *want, json_t *live, unsigned depth)
{
    rx_auto(build) json_t *patch = json_object();
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)want, key, value)
    {
        json_t *have = json_object_get(live, key);
        if (json_equal(value, have)) {
            continue;
        }
        bool nested = json_is_object(value) && json_is_object(have) && depth < MAX_DEPTH;
        json_t *part = nested ? diff(value, have, depth + 1) : json_incref(value);
        if (json_object_set_new(patch, key, part) < 0) {
            return NULL;
        }
    }
    json_object_foreach(live, key, value)
    {
        if (!json_object_get(want, key) && json_object_set_new(patch, key, json_null()) < 0) {
            return NULL;
        }
    }
    return RX_TAKE(patch);
}

int rx_status_patch(const json_t *want, const struct rx_json *live, const char *rv,
                    struct rx_buf *out)
{
    rx_auto(build) json_t *have =
        rx_json_type(live) == RX_JSON_OBJECT ? rx_build_from(live) : json_object();
    rx_auto(build) json_t *changes = have ? diff(want, have, 0) : NULL;
    if (!changes) {
        return -ENOMEM;
    }
    if (json_object_size(changes) == 0) {
        return 0;
    }
    rx_auto(build) json_t *patch =
        json_pack("{s:{s:s}, s:O}", "metadata", "resourceVersion", rv, "status", changes);
    int rc = patch ? rx_build_write(patch, out) : -ENOMEM;
    return rc < 0 ? rc : 1;
}
