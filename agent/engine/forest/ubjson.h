// SPDX-License-Identifier: Apache-2.0
/*
 * Reads UBJSON (ubjson.org, draft 12): any bytes from outside. Depth, bytes and values are bounded;
 * every length is checked against what is left. Typed containers ('$' and '#') stay as they lie in
 * the bytes, which must outlive the document. A document is immutable and thread-safe.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/str.h"
#include "common/json/read.h"

#define RX_UBJ_MAX_DEPTH 32u

struct rx_ubj_doc;
struct rx_ubj; /* one value */

/* Parses exactly one value. RX_EPARSE: "byte 17: ..."; RX_ELIMIT; -ENOMEM. */
int rx_ubj_parse(struct rx_str bytes, struct rx_ubj_doc **ret, struct rx_error *err) RX_MUST_CHECK;
void rx_ubj_doc_free(struct rx_ubj_doc *doc);
RX_DEFINE_CLEANUP(ubj_doc, struct rx_ubj_doc *, rx_ubj_doc_free);
const struct rx_ubj *rx_ubj_root(const struct rx_ubj_doc *doc);

/* Every accessor takes NULL and answers as for a missing value. */
enum rx_json_type rx_ubj_type(const struct rx_ubj *value);
const struct rx_ubj *rx_ubj_get(const struct rx_ubj *object, const char *key);
size_t rx_ubj_len(const struct rx_ubj *container);
struct rx_str rx_ubj_str(const struct rx_ubj *value); /* {NULL, 0}: no string */
/* Any number, or a boolean as 0 or 1. May be NaN or infinite: the bytes say so. */
double rx_ubj_double(const struct rx_ubj *value, double fallback);

struct rx_ubj {
    unsigned char type; /* UBJSON's marker; '[' and '{' for containers */
    unsigned char each; /* type of a typed array's numbers, 0 = children */
    size_t n;           /* length of a string, elements, members */
    union {
        double number;
        const unsigned char *bytes; /* string, or numbers of a typed array; borrowed */
        const struct rx_ubj *child; /* first element or member */
    };
    const struct rx_ubj *next; /* in the container */
    struct rx_str key;
};

struct rx_ubj_iter {
    const struct rx_ubj *container, *next;
    const struct rx_ubj *value; /* valid until the next step when the array is typed */
    size_t index;
    struct rx_ubj item;
};
void rx_ubj_iter_init(struct rx_ubj_iter *iter, const struct rx_ubj *container);
bool rx_ubj_iter_next(struct rx_ubj_iter *iter);
