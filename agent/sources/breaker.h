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

enum rx_breaker_state { RX_BREAKER_CLOSED, RX_BREAKER_OPEN, RX_BREAKER_HALF_OPEN };

/* Opens after `threshold` failures in a row; after reset_ms one probe is let through. */
struct rx_breaker {
    unsigned threshold, failures;
    int64_t reset_ms, opened_ms;
    enum rx_breaker_state state;
};

void rx_breaker_init(struct rx_breaker *breaker, unsigned threshold, int64_t reset_ms);
/* Whether a call may be made now; an open breaker turns half-open when its time has come, and then
 * allows one call until that call's result is told. */
bool rx_breaker_allow(struct rx_breaker *breaker, int64_t now_ms);
void rx_breaker_result(struct rx_breaker *breaker, bool ok, int64_t now_ms);
