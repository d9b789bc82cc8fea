// SPDX-License-Identifier: Apache-2.0
/*
 * How fast and whether to ask a peer: a token bucket that slows down when told to, and an
 * exponential back-off that honours Retry-After. Plain values driven by the caller's clock; they
 * never wait themselves. Not thread-safe.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct rx_bucket {
    double rate, burst, max_rate; /* tokens a second; tokens; what rate may grow back to */
    double tokens;
    int64_t at_ms; /* when `tokens` was true */
};

void rx_bucket_init(struct rx_bucket *bucket, double rate, double burst, int64_t now_ms);
/* Takes n tokens and returns how many ms to wait before going on (0 = at once). */
int64_t rx_bucket_take(struct rx_bucket *bucket, double n, int64_t now_ms);
/* The peer said it is too fast: half the rate, at least one token a second. */
void rx_bucket_slower(struct rx_bucket *bucket);
/* The peer answered well: the rate grows back by 2 %. */
void rx_bucket_faster(struct rx_bucket *bucket);

struct rx_backoff {
    int64_t min_ms, max_ms;
    unsigned failures; /* in a row */
};

void rx_backoff_init(struct rx_backoff *backoff, int64_t min_ms, int64_t max_ms);
/* Counts a failure and returns how many ms to wait: doubling with jitter in [half, whole]; a
 * Retry-After (ms, negative = none) is a floor, itself cut at 10 minutes. */
int64_t rx_backoff_next(struct rx_backoff *backoff, int64_t retry_after_ms);
void rx_backoff_reset(struct rx_backoff *backoff);
