// SPDX-License-Identifier: Apache-2.0
/*
 * One view on a value of a JSON or a UBJSON document, so that one walker reads both. Values are
 * borrowed from their document. A missing value answers as RX_JSON_MISSING. Thread-safe.
 */
#pragma once

#include "agent/engine/forest/ubjson.h"
#include "common/json/read.h"

struct rx_doc {
    const struct rx_json *json; /* at most one of the two is set */
    const struct rx_ubj *ubj;
};

struct rx_doc rx_doc_json(const struct rx_json *value);
struct rx_doc rx_doc_ubj(const struct rx_ubj *value);

enum rx_json_type rx_doc_type(struct rx_doc value);
const char *rx_doc_type_name(struct rx_doc value);
struct rx_doc rx_doc_get(struct rx_doc object, const char *key);
size_t rx_doc_len(struct rx_doc container);
struct rx_str rx_doc_str(struct rx_doc value); /* {NULL, 0}: no string */
/* A number, or a boolean as 0 or 1; else the fallback. */
double rx_doc_double(struct rx_doc value, double fallback);

struct rx_doc_iter {
    bool is_ubj;
    struct rx_json_iter json;
    struct rx_ubj_iter ubj;
    size_t index;
    struct rx_doc value;
};
/* Elements of an array (or member values of an object), in order. */
struct rx_doc_iter rx_doc_iter_of(struct rx_doc container);
bool rx_doc_next(struct rx_doc_iter *iter);
