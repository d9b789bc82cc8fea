// SPDX-License-Identifier: Apache-2.0
/*
 * JSON reading: any text from outside. A document is immutable; values are borrowed from it and die
 * with it. Depth is bounded, duplicate keys and invalid UTF-8 are refused, numbers that fit int64
 * stay exact. Every accessor takes NULL and answers as for a missing value. A document may be read
 * by several threads.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/str.h"

struct rx_json_doc;
struct rx_json; /* one value */

struct rx_json_limits {
    size_t max_bytes;          /* 0 = 16 MiB */
    unsigned max_depth;        /* 0 = 64; at most 512 */
    bool allow_duplicate_keys; /* skips the check: the first one wins */
    bool allow_nonfinite;      /* also reads NaN, Infinity and -Infinity, which JSON has not */
};

/* Parses exactly one value. limits may be NULL. Errors: RX_EPARSE with "line L column C: ...",
 * RX_ELIMIT, -ENOMEM. */
int rx_json_parse(struct rx_str text, const struct rx_json_limits *limits, struct rx_json_doc **ret,
                  struct rx_error *err) RX_MUST_CHECK;
void rx_json_doc_free(struct rx_json_doc *doc);
const struct rx_json *rx_json_root(const struct rx_json_doc *doc);

enum rx_json_type {
    RX_JSON_MISSING,
    RX_JSON_NULL,
    RX_JSON_BOOL,
    RX_JSON_INT,
    RX_JSON_REAL,
    RX_JSON_STR,
    RX_JSON_ARRAY,
    RX_JSON_OBJECT
};
enum rx_json_type rx_json_type(const struct rx_json *value);
const char *
rx_json_type_name(const struct rx_json *value); /* "missing", "null", "boolean", "integer",
                                                   "number", "string", "array", "object" */

/* Member of an object, or NULL. */
const struct rx_json *rx_json_get(const struct rx_json *object, const char *key);
const struct rx_json *rx_json_get_n(const struct rx_json *object, struct rx_str key);
/* Nested members: rx_json_at(v, "metadata.name") with '.' between keys (keys must not hold dots).
 */
const struct rx_json *rx_json_at(const struct rx_json *object, const char *path);

size_t rx_json_len(const struct rx_json *container); /* elements or members; 0 for others */
const struct rx_json *rx_json_item(const struct rx_json *array, size_t index); /* O(index) */

struct rx_json_iter {
    const void *state[4];
    size_t index;
    struct rx_str key; /* object members */
    const struct rx_json *value;
};
void rx_json_iter_init(struct rx_json_iter *iter, const struct rx_json *container);
bool rx_json_iter_next(struct rx_json_iter *iter);
static inline struct rx_json_iter rx_json_iter_of(const struct rx_json *container)
{
    struct rx_json_iter iter;
    rx_json_iter_init(&iter, container);
    return iter;
}
#define RX_JSON_FOREACH(iter, container)                                                           \
    for (struct rx_json_iter iter = rx_json_iter_of(container); rx_json_iter_next(&iter);)

/* Views and values with a fallback for a value of another type. */
struct rx_str rx_json_str(
    const struct rx_json *value); /* NUL-terminated inside the document; {NULL, 0} if no string */
/* A string without U+0000, else the fallback. */
const char *rx_json_cstr(const struct rx_json *value, const char *fallback);
int64_t rx_json_i64(const struct rx_json *value, int64_t fallback);   /* integers within int64 */
uint64_t rx_json_u64(const struct rx_json *value, uint64_t fallback); /* integers within uint64 */
double rx_json_double(const struct rx_json *value, double fallback);  /* any number */
bool rx_json_bool(const struct rx_json *value, bool fallback);

RX_DEFINE_CLEANUP(json_doc, struct rx_json_doc *, rx_json_doc_free);
