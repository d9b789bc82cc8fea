// SPDX-License-Identifier: Apache-2.0
/*
 * Strict parsers: the whole text must match, no white space, no locale. On failure *ret is
 * untouched and the result is RX_EPARSE (form) or RX_ELIMIT (range). Thread-safe.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/cleanup.h"
#include "common/base/str.h"

int rx_parse_i64(struct rx_str text, int64_t min, int64_t max, int64_t *ret) RX_MUST_CHECK;
int rx_parse_u64(struct rx_str text, uint64_t max, uint64_t *ret) RX_MUST_CHECK;
/* "0x" and 1 to 16 hex digits (an Ethereum quantity; leading zeros are accepted). */
int rx_parse_hex_u64(struct rx_str text, uint64_t *ret) RX_MUST_CHECK;
/* Exactly n bytes as 2n hex digits, with or without "0x". */
int rx_parse_hex_bytes(struct rx_str text, void *ret, size_t n) RX_MUST_CHECK;
/* Finite decimal or exponent form, correctly rounded. */
int rx_parse_double(struct rx_str text, double *ret) RX_MUST_CHECK;
/* "true" or "false". */
int rx_parse_bool(struct rx_str text, bool *ret) RX_MUST_CHECK;
/* ^([0-9]+(ms|s|m|h|d))+$ in milliseconds: "1h30m", "300s". */
int rx_parse_duration_ms(struct rx_str text, int64_t min, int64_t max, int64_t *ret) RX_MUST_CHECK;
/* RFC 3339 with zone and up to nine fraction digits, in nanoseconds since 1970. */
int rx_parse_rfc3339_ns(struct rx_str text, int64_t *ret) RX_MUST_CHECK;
