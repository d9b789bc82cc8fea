// SPDX-License-Identifier: Apache-2.0
/* YAML 1.2 core schema with the booleans of YAML 1.1 (yes, no, on, off, y, n): what a scalar means,
 * as JSON text. Thread-safe. */
#pragma once

#include <stdbool.h>

#include "common/base/buf.h"

/*
 * Appends the scalar as one JSON value. plain: not quoted, so that it may be a null, boolean or
 * number; tag: NULL or the node's tag. Integers keep their digits; hexadecimal and octal (0o) ones
 * become decimal. On failure *ret_why is static text. Errors: RX_EINVALID, RX_ELIMIT.
 */
int rx_yaml_add_scalar(struct rx_buf *out, struct rx_str text, bool plain, const char *tag,
                       const char **ret_why) RX_MUST_CHECK;

/* Whether the tag is "!" or !!str. */
bool rx_yaml_is_string_tag(const char *tag);
