// SPDX-License-Identifier: Apache-2.0
/* Numbers to text, without locale. Thread-safe. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define RX_FORMAT_LEN 32

/* Decimal digits and a NUL into out; returns the length. */
size_t rx_format_i64(int64_t value, char out[RX_FORMAT_LEN]);
size_t rx_format_u64(uint64_t value, char out[RX_FORMAT_LEN]);

/*
 * The shortest decimal that reads back as the same double: "0.1", "1e-7", "12", "-0.0". Not finite:
 * "nan", "inf", "-inf". Returns the length.
 */
size_t rx_format_double(double value, char out[RX_FORMAT_LEN]);
