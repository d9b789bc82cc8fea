// SPDX-License-Identifier: Apache-2.0
/* SHA-256 (FIPS 180-4) for digests of configuration and secrets' fingerprints. Thread-safe: no
 * shared state. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct rx_sha256 {
    uint32_t state[8];
    uint64_t bytes;
    unsigned char block[64];
};
void rx_sha256_init(struct rx_sha256 *ctx);
void rx_sha256_update(struct rx_sha256 *ctx, const void *data, size_t n);
void rx_sha256_final(struct rx_sha256 *ctx, unsigned char out[32]);
/* One call; out gets 64 lower-case hex digits and a NUL. */
void rx_sha256_hex(const void *data, size_t n, char out[65]);
