// SPDX-License-Identifier: Apache-2.0
/* Random bytes from the kernel. Thread-safe. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Fills out; aborts when the kernel refuses (it does not, once booted). */
void rx_random_bytes(void *out, size_t n);
/* Uniform in [0, bound); bound > 0. */
uint64_t rx_random_below(uint64_t bound);
/* A version-4 UUID as 36 characters and a NUL. */
void rx_random_uuid(char out[37]);
/* n bytes as unpadded base64url; out holds 4 * ((n + 2) / 3) + 1. */
void rx_random_base64url(char *out, size_t n);
