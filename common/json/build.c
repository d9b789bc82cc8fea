// SPDX-License-Identifier: Apache-2.0
#include "common/json/build.h"

#include <errno.h>

#include "common/base/sha256.h"
#include "common/json/write.h"

#define MAX_HASHED (16u << 20)
#define MAX_DEPTH  128u

static json_t *from_array(const struct rx_json *value)
{
    rx_auto(build) json_t *array = json_array();
    RX_JSON_FOREACH (it, value) {
        /* The setters take the reference over, also when they fail. */
        if (!array || json_array_append_new(array, rx_build_from(it.value)) < 0) {
            return NULL;
        }
    }
    return RX_TAKE(array);
}

static json_t *from_object(const struct rx_json *value)
{
    rx_auto(build) json_t *object = json_object();
    RX_JSON_FOREACH (it, value) {
        if (!object ||
            json_object_setn_new_nocheck(object, it.key.p, it.key.n, rx_build_from(it.value)) < 0) {
            return NULL;
        }
    }
    return RX_TAKE(object);
}

json_t *rx_build_from(const struct rx_json *value)
{
    struct rx_str text;
    switch (rx_json_type(value)) {
    case RX_JSON_MISSING:
    case RX_JSON_NULL:
        return json_null();
    case RX_JSON_BOOL:
        return json_boolean(rx_json_bool(value, false));
    case RX_JSON_INT:
        return json_integer(rx_json_i64(value, 0));
    case RX_JSON_REAL:
        return json_real(rx_json_double(value, 0));
    case RX_JSON_STR:
        text = rx_json_str(value);
        return json_stringn_nocheck(text.p, text.n);
    case RX_JSON_ARRAY:
        return from_array(value);
    case RX_JSON_OBJECT:
        return from_object(value);
    }
    return NULL;
}

int rx_build_parse(struct rx_str text, json_t **ret, struct rx_error *err)
{
    rx_auto(json_doc) struct rx_json_doc *doc = NULL;
    int r = rx_json_parse(text, NULL, &doc, err);
    if (r < 0) {
        return r;
    }
    json_t *tree = rx_build_from(rx_json_root(doc));
    if (!tree) {
        return rx_error_errno(err, ENOMEM, "JSON");
    }
    *ret = tree;
    return 0;
}

struct writer {
    struct rx_buf *out;
    bool pretty;
    unsigned depth;
};

struct member {
    struct rx_str key;
    const json_t *value;
};

static int write_any(struct writer *w, const json_t *value);

static void newline(const struct writer *w)
{
    if (w->pretty) {
        rx_buf_putc(w->out, '\n');
        for (unsigned i = 0; i < w->depth; i++) {
            rx_buf_puts(w->out, "  ");
        }
    }
}

static int by_key(const void *a, const void *b)
{
    struct rx_str x = ((const struct member *)a)->key;
    struct rx_str y = ((const struct member *)b)->key;
    int order = memcmp(x.p, y.p, x.n < y.n ? x.n : y.n);
    return order != 0 ? order : (x.n > y.n) - (x.n < y.n);
}

/* Members of an object in the order of their keys' bytes; NULL when out of memory. */
static struct member *sorted_members(json_t *object, size_t n)
{
    struct member *members = calloc(n, sizeof(*members));
    if (!members) {
        return NULL;
    }
    size_t i = 0;
    for (void *it = json_object_iter(object); it; it = json_object_iter_next(object, it)) {
        members[i].key.p = json_object_iter_key(it);
        members[i].key.n = json_object_iter_key_len(it);
        members[i++].value = json_object_iter_value(it);
    }
    qsort(members, n, sizeof(*members), by_key);
    return members;
}

static int write_object(struct writer *w, json_t *object)
{
    size_t n = json_object_size(object);
    rx_autofree struct member *members = n ? sorted_members(object, n) : NULL;
    if (n && !members) {
        return -ENOMEM;
    }
    rx_buf_putc(w->out, '{');
    w->depth++;
    for (size_t i = 0; i < n; i++) {
        if (i > 0) {
            rx_buf_putc(w->out, ',');
        }
        newline(w);
        rx_json_add_string(w->out, members[i].key);
        rx_buf_puts(w->out, w->pretty ? ": " : ":");
        int r = write_any(w, members[i].value);
        if (r < 0) {
            return r;
        }
    }
    w->depth--;
    if (n) {
        newline(w);
    }
    rx_buf_putc(w->out, '}');
    return 0;
}

static int write_array(struct writer *w, const json_t *array)
{
    size_t n = json_array_size(array);
    rx_buf_putc(w->out, '[');
    w->depth++;
    for (size_t i = 0; i < n; i++) {
        if (i > 0) {
            rx_buf_putc(w->out, ',');
        }
        newline(w);
        int r = write_any(w, json_array_get(array, i));
        if (r < 0) {
            return r;
        }
    }
    w->depth--;
    if (n) {
        newline(w);
    }
    rx_buf_putc(w->out, ']');
    return 0;
}

static int write_any(struct writer *w, const json_t *value)
{
    if (w->depth >= MAX_DEPTH) {
        return RX_ELIMIT;
    }
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        /* jansson iterates over non-const objects only; nothing is changed. */
        return write_object(w, (json_t *)value);
    case JSON_ARRAY:
        return write_array(w, value);
    case JSON_STRING:
        rx_json_add_string(w->out,
                           (struct rx_str){json_string_value(value), json_string_length(value)});
        return 0;
    case JSON_INTEGER:
        rx_buf_add_i64(w->out, json_integer_value(value));
        return 0;
    case JSON_REAL:
        rx_json_add_double(w->out, json_real_value(value));
        return 0;
    case JSON_TRUE:
    case JSON_FALSE:
        rx_buf_puts(w->out, json_is_true(value) ? "true" : "false");
        return 0;
    case JSON_NULL:
        rx_buf_puts(w->out, "null");
        return 0;
    }
    return RX_EINVALID;
}

static int write_tree(const json_t *tree, bool pretty, struct rx_buf *out)
{
    if (!tree) {
        return RX_EINVALID;
    }
    struct writer w = {.out = out, .pretty = pretty};
    int r = write_any(&w, tree);
    return r < 0 ? r : rx_buf_error(out, NULL);
}

int rx_build_write(const json_t *tree, struct rx_buf *out)
{
    return write_tree(tree, false, out);
}

int rx_build_write_pretty(const json_t *tree, struct rx_buf *out)
{
    return write_tree(tree, true, out);
}

int rx_build_hash(const json_t *tree, char out[RX_BUILD_HASH_LEN])
{
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(MAX_HASHED);
    int r = rx_build_write(tree, &text);
    if (r == 0) {
        rx_sha256_hex(text.p, text.n, out);
    }
    return r;
}

static bool equal_number(const json_t *want, const struct rx_json *live)
{
    if (json_is_integer(want) && rx_json_type(live) == RX_JSON_INT) {
        return json_integer_value(want) == rx_json_i64(live, 0);
    }
    if (rx_json_type(live) != RX_JSON_INT && rx_json_type(live) != RX_JSON_REAL) {
        return false;
    }
    double a = json_number_value(want);
    double b = rx_json_double(live, 0);
    return a >= b && a <= b;
}

static bool subset_array(const json_t *want, const struct rx_json *live)
{
    if (rx_json_type(live) != RX_JSON_ARRAY || rx_json_len(live) != json_array_size(want)) {
        return false;
    }
    RX_JSON_FOREACH (it, live) {
        if (!rx_build_subset(json_array_get(want, it.index), it.value)) {
            return false;
        }
    }
    return true;
}

static bool subset_object(json_t *want, const struct rx_json *live)
{
    if (rx_json_type(live) != RX_JSON_OBJECT) {
        return false;
    }
    for (void *it = json_object_iter(want); it; it = json_object_iter_next(want, it)) {
        struct rx_str key = {json_object_iter_key(it), json_object_iter_key_len(it)};
        if (!rx_build_subset(json_object_iter_value(it), rx_json_get_n(live, key))) {
            return false;
        }
    }
    return true;
}

bool rx_build_subset(const json_t *want, const struct rx_json *live)
{
    if (!want) {
        return false;
    }
    switch (json_typeof(want)) {
    case JSON_OBJECT:
        return subset_object((json_t *)want, live);
    case JSON_ARRAY:
        return subset_array(want, live);
    case JSON_STRING:
        return rx_json_type(live) == RX_JSON_STR &&
               rx_str_eq(rx_json_str(live),
                         (struct rx_str){json_string_value(want), json_string_length(want)});
    case JSON_INTEGER:
    case JSON_REAL:
        return equal_number(want, live);
    case JSON_TRUE:
    case JSON_FALSE:
        return rx_json_type(live) == RX_JSON_BOOL &&
               rx_json_bool(live, false) == json_is_true(want);
    case JSON_NULL:
        /* The API server drops null members. */
        return rx_json_type(live) == RX_JSON_NULL || rx_json_type(live) == RX_JSON_MISSING;
    }
    return false;
}
