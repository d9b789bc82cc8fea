// SPDX-License-Identifier: Apache-2.0
/*
 * The only file that includes yyjson. A document and its values are yyjson's own, seen through
 * opaque names, so that an accessor costs no allocation and no indirection.
 */
#include "common/json/read.h"

#include <errno.h>
#include <stdio.h>
#include <yyjson.h>

#include "common/base/map.h"

#define DEFAULT_MAX_BYTES (16u << 20)
#define DEFAULT_MAX_DEPTH 64u
#define HIGHEST_DEPTH     512u
/* Up to this many members duplicates are found by comparing pairs. */
#define SMALL_OBJECT 16u

static void *alc_malloc(void *ctx, size_t size)
{
    (void)ctx;
    return malloc(size);
}

static void *alc_realloc(void *ctx, void *ptr, size_t old_size, size_t size)
{
    (void)ctx;
    (void)old_size;
    return realloc(ptr, size);
}

static void alc_free(void *ctx, void *ptr)
{
    (void)ctx;
    free(ptr);
}

static yyjson_val *val_of(const struct rx_json *value)
{
    return (yyjson_val *)value;
}

static const struct rx_json *json_of(const yyjson_val *val)
{
    return (const struct rx_json *)val;
}

static yyjson_doc *doc_of(const struct rx_json_doc *doc)
{
    return (yyjson_doc *)doc;
}

/* "line 3 column 7: ..."; columns count bytes. */
static int refuse_at(struct rx_str text, size_t at, int code, const char *what,
                     struct rx_error *err)
{
    size_t line = 1;
    size_t column = 1;
    for (size_t i = 0; i < at && i < text.n; i++) {
        column++;
        if (text.p[i] == '\n') {
            line++;
            column = 1;
        }
    }
    return rx_error_set(err, code, "line %zu column %zu: %s", line, column, what);
}

/* Offset behind the string that starts at `at` (its opening quote). */
static size_t skip_string(struct rx_str text, size_t at)
{
    size_t from = at + 1;
    while (from < text.n) {
        const char *quote = memchr(text.p + from, '"', text.n - from);
        if (!quote) {
            return text.n;
        }
        size_t end = (size_t)(quote - text.p);
        size_t slashes = 0;
        while (end - slashes > from && text.p[end - slashes - 1] == '\\') {
            slashes++;
        }
        if (slashes % 2 == 0) {
            return end + 1;
        }
        from = end + 1;
    }
    return text.n;
}

/* yyjson does not bound nesting, but recursive users of a document need a bound. */
static int check_depth(struct rx_str text, unsigned max_depth, struct rx_error *err)
{
    unsigned depth = 0;
    for (size_t i = 0; i < text.n;) {
        char c = text.p[i];
        if (c == '"') {
            i = skip_string(text, i);
            continue;
        }
        if ((c == '{' || c == '[') && ++depth > max_depth) {
            char what[64];
            (void)snprintf(what, sizeof(what), "nested deeper than %u levels", max_depth);
            return refuse_at(text, i, RX_ELIMIT, what, err);
        }
        if ((c == '}' || c == ']') && depth > 0) {
            depth--;
        }
        i++;
    }
    return 0;
}

static struct rx_str str_of(yyjson_val *val)
{
    return (struct rx_str){unsafe_yyjson_get_str(val), unsafe_yyjson_get_len(val)};
}

static yyjson_val *next_key(yyjson_val *key)
{
    return unsafe_yyjson_get_next(key + 1);
}

static yyjson_val *duplicate_by_pairs(yyjson_val *object, size_t n)
{
    yyjson_val *keys[SMALL_OBJECT];
    yyjson_val *key = unsafe_yyjson_get_first(object);
    for (size_t i = 0; i < n; i++, key = next_key(key)) {
        for (size_t j = 0; j < i; j++) {
            if (rx_str_eq(str_of(keys[j]), str_of(key))) {
                return key;
            }
        }
        keys[i] = key;
    }
    return NULL;
}

static int duplicate_by_hash(yyjson_val *object, size_t n, yyjson_val **ret)
{
    size_t cap = 64;
    while (cap < 2 * n) {
        cap *= 2;
    }
    rx_autofree yyjson_val **slots = calloc(cap, sizeof(*slots));
    if (!slots) {
        return -ENOMEM;
    }
    yyjson_val *key = unsafe_yyjson_get_first(object);
    for (size_t i = 0; i < n; i++, key = next_key(key)) {
        struct rx_str text = str_of(key);
        size_t at = rx_hash(text) & (cap - 1);
        for (; slots[at]; at = (at + 1) & (cap - 1)) {
            if (rx_str_eq(str_of(slots[at]), text)) {
                *ret = key;
                return 0;
            }
        }
        slots[at] = key;
    }
    return 0;
}

static int check_duplicates(yyjson_doc *doc, struct rx_error *err)
{
    /* Values lie one after the other in document order. */
    yyjson_val *root = yyjson_doc_get_root(doc);
    size_t count = yyjson_doc_get_val_count(doc);
    for (size_t i = 0; i < count; i++) {
        if (!unsafe_yyjson_is_obj(root + i)) {
            continue;
        }
        size_t n = unsafe_yyjson_get_len(root + i);
        yyjson_val *found = NULL;
        if (n <= SMALL_OBJECT) {
            found = duplicate_by_pairs(root + i, n);
        } else if (duplicate_by_hash(root + i, n, &found) < 0) {
            return rx_error_errno(err, ENOMEM, "JSON");
        }
        if (found) {
            struct rx_str key = str_of(found);
            key.n = key.n > 64 ? 64 : key.n;
            return rx_error_set(err, RX_EPARSE, "duplicate key \"" RX_STR_FMT "\"",
                                RX_STR_ARG(key));
        }
    }
    return 0;
}

int rx_json_parse(struct rx_str text, const struct rx_json_limits *limits, struct rx_json_doc **ret,
                  struct rx_error *err)
{
    static const yyjson_alc allocator = {alc_malloc, alc_realloc, alc_free, NULL};
    struct rx_json_limits bound = limits ? *limits : (struct rx_json_limits){0};
    size_t max_bytes = bound.max_bytes ? bound.max_bytes : DEFAULT_MAX_BYTES;
    unsigned max_depth = bound.max_depth ? bound.max_depth : DEFAULT_MAX_DEPTH;
    if (text.n > max_bytes) {
        return rx_error_set(err, RX_ELIMIT, "JSON of %zu bytes: at most %zu are accepted", text.n,
                            max_bytes);
    }
    if (text.n == 0) {
        return rx_error_set(err, RX_EPARSE, "line 1 column 1: empty text, expected a JSON value");
    }
    int r = check_depth(text, max_depth < HIGHEST_DEPTH ? max_depth : HIGHEST_DEPTH, err);
    if (r < 0) {
        return r;
    }
    yyjson_read_err why = {0};
    yyjson_read_flag flags = bound.allow_nonfinite ? YYJSON_READ_ALLOW_INF_AND_NAN : 0;
    yyjson_doc *doc = yyjson_read_opts((char *)text.p, text.n, flags, &allocator, &why);
    if (!doc && why.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION) {
        return rx_error_errno(err, ENOMEM, "JSON");
    }
    if (!doc) {
        return refuse_at(text, why.pos, RX_EPARSE, why.msg, err);
    }
    r = bound.allow_duplicate_keys ? 0 : check_duplicates(doc, err);
    if (r < 0) {
        yyjson_doc_free(doc);
        return r;
    }
    *ret = (struct rx_json_doc *)doc;
    return 0;
}

void rx_json_doc_free(struct rx_json_doc *doc)
{
    yyjson_doc_free(doc_of(doc));
}

const struct rx_json *rx_json_root(const struct rx_json_doc *doc)
{
    return json_of(yyjson_doc_get_root(doc_of(doc)));
}

enum rx_json_type rx_json_type(const struct rx_json *value)
{
    yyjson_val *val = val_of(value);
    switch (yyjson_get_type(val)) {
    case YYJSON_TYPE_NULL:
        return RX_JSON_NULL;
    case YYJSON_TYPE_BOOL:
        return RX_JSON_BOOL;
    case YYJSON_TYPE_NUM:
        if (unsafe_yyjson_is_real(val) ||
            (unsafe_yyjson_is_uint(val) && unsafe_yyjson_get_uint(val) > INT64_MAX)) {
            return RX_JSON_REAL;
        }
        return RX_JSON_INT;
    case YYJSON_TYPE_STR:
        return RX_JSON_STR;
    case YYJSON_TYPE_ARR:
        return RX_JSON_ARRAY;
    case YYJSON_TYPE_OBJ:
        return RX_JSON_OBJECT;
    default:
        return RX_JSON_MISSING;
    }
}

const char *rx_json_type_name(const struct rx_json *value)
{
    static const char *const names[] = {
        [RX_JSON_MISSING] = "missing", [RX_JSON_NULL] = "null",    [RX_JSON_BOOL] = "boolean",
        [RX_JSON_INT] = "integer",     [RX_JSON_REAL] = "number",  [RX_JSON_STR] = "string",
        [RX_JSON_ARRAY] = "array",     [RX_JSON_OBJECT] = "object"};
    return names[rx_json_type(value)];
}

const struct rx_json *rx_json_get_n(const struct rx_json *object, struct rx_str key)
{
    return json_of(yyjson_obj_getn(val_of(object), key.p ? key.p : "", key.n));
}

const struct rx_json *rx_json_get(const struct rx_json *object, const char *key)
{
    return rx_json_get_n(object, rx_str_of(key));
}

const struct rx_json *rx_json_at(const struct rx_json *object, const char *path)
{
    struct rx_str rest = rx_str_of(path);
    struct rx_str key;
    while (object && rx_str_cut(&rest, '.', &key)) {
        object = rx_json_get_n(object, key);
    }
    return object;
}

size_t rx_json_len(const struct rx_json *container)
{
    yyjson_val *val = val_of(container);
    return yyjson_is_ctn(val) ? unsafe_yyjson_get_len(val) : 0;
}

const struct rx_json *rx_json_item(const struct rx_json *array, size_t index)
{
    return json_of(yyjson_arr_get(val_of(array), index));
}

void rx_json_iter_init(struct rx_json_iter *iter, const struct rx_json *container)
{
    *iter = (struct rx_json_iter){.state = {container}, .index = SIZE_MAX};
}

bool rx_json_iter_next(struct rx_json_iter *iter)
{
    yyjson_val *container = val_of(iter->state[0]);
    size_t index = iter->index + 1;
    if (index >= rx_json_len(iter->state[0])) {
        return false;
    }
    yyjson_val *at = index ? (yyjson_val *)iter->state[1] : unsafe_yyjson_get_first(container);
    iter->index = index;
    if (unsafe_yyjson_is_obj(container)) {
        iter->key = str_of(at);
        at++;
    }
    iter->value = json_of(at);
    iter->state[1] = unsafe_yyjson_get_next(at);
    return true;
}

struct rx_str rx_json_str(const struct rx_json *value)
{
    yyjson_val *val = val_of(value);
    return yyjson_is_str(val) ? str_of(val) : (struct rx_str){NULL, 0};
}

const char *rx_json_cstr(const struct rx_json *value, const char *fallback)
{
    struct rx_str text = rx_json_str(value);
    return text.p && rx_str_find(text, '\0') < 0 ? text.p : fallback;
}

int64_t rx_json_i64(const struct rx_json *value, int64_t fallback)
{
    return rx_json_type(value) == RX_JSON_INT ? unsafe_yyjson_get_sint(val_of(value)) : fallback;
}

uint64_t rx_json_u64(const struct rx_json *value, uint64_t fallback)
{
    yyjson_val *val = val_of(value);
    bool fits = yyjson_is_uint(val) || (yyjson_is_sint(val) && unsafe_yyjson_get_sint(val) >= 0);
    return fits ? unsafe_yyjson_get_uint(val) : fallback;
}

double rx_json_double(const struct rx_json *value, double fallback)
{
    yyjson_val *val = val_of(value);
    return yyjson_is_num(val) ? unsafe_yyjson_get_num(val) : fallback;
}

bool rx_json_bool(const struct rx_json *value, bool fallback)
{
    yyjson_val *val = val_of(value);
    return yyjson_is_bool(val) ? unsafe_yyjson_get_bool(val) : fallback;
}
