// SPDX-License-Identifier: Apache-2.0
/*
 * YAML to JSON text. Plain scalars are read by the YAML 1.2 core schema, with the booleans of
 * YAML 1.1 (yes, no, on, off, y, n) as kubectl and the API server take them. Bounded in bytes,
 * depth, nodes and documents; anchors and aliases, merge keys, tags beyond the core schema and
 * duplicate keys, and integers with leading zeros (octal in YAML 1.1) are refused with line and
 * column. JSON input is YAML too. Thread-safe: no shared state.
 */
#pragma once

#include "common/base/buf.h"
#include "common/base/error.h"

struct rx_yaml_limits {
    size_t max_bytes;     /* 0 = 4 MiB */
    unsigned max_depth;   /* 0 = 64 */
    size_t max_nodes;     /* 0 = 200,000 */
    size_t max_documents; /* 0 = 100 */
};

/* Appends a JSON array with one element a document (empty documents are left out). limits may be
 * NULL. */
int rx_yaml_to_json(struct rx_str text, const struct rx_yaml_limits *limits,
                    struct rx_buf *ret_json, struct rx_error *err) RX_MUST_CHECK;
