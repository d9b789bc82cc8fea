// SPDX-License-Identifier: Apache-2.0
/*
 * JSON objects that the operator builds and compares: jansson's trees, short-lived, never kept as a
 * cache. The only file that includes jansson.h. Builders use json_pack and json_object_set_new
 * directly. Not thread-safe per tree.
 */
#pragma once

#include <jansson.h>

#include "common/base/buf.h"
#include "common/base/error.h"
#include "common/json/read.h"

/* Deep copy of a parsed value as a tree, owned by the caller; NULL when out of memory. */
json_t *rx_build_from(const struct rx_json *value) RX_MUST_CHECK;
/* Parses text strictly (rx_json_parse's bounds) into a tree. */
int rx_build_parse(struct rx_str text, json_t **ret, struct rx_error *err) RX_MUST_CHECK;
/* Appends compact JSON, keys sorted, raw UTF-8, no escaped slashes: byte-stable. */
int rx_build_write(const json_t *tree, struct rx_buf *out) RX_MUST_CHECK;
/* The same, indented by two spaces. */
int rx_build_write_pretty(const json_t *tree, struct rx_buf *out) RX_MUST_CHECK;
/* Lower-case hex SHA-256 of the compact form. */
#define RX_BUILD_HASH_LEN 65
int rx_build_hash(const json_t *tree, char out[RX_BUILD_HASH_LEN]) RX_MUST_CHECK;
/* Whether every member of `want` is in `live` with an equal value, arrays by position and of equal
 * length. */
bool rx_build_subset(const json_t *want, const struct rx_json *live);

static inline void rx_build_free(json_t *tree)
{
    json_decref(tree);
}
RX_DEFINE_CLEANUP(build, json_t *, rx_build_free);
