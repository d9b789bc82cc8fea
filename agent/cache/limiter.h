// SPDX-License-Identifier: Apache-2.0
/*
 * Requests of an identity in the last minute and the last hour, by sliding windows: what the
 * previous window held counts by the share of it that still lies within the span. Refused requests
 * are not counted. The table is bounded; the identity idle longest leaves first. Thread-safe.
 */
#pragma once

#include <stdint.h>

#include "common/base/cleanup.h"
#include "common/base/str.h"

struct rx_limiter;

#define RX_LIMITER_IDENTITIES 65536

/* A limit of 0 is off. NULL when out of memory. */
struct rx_limiter *rx_limiter_new(int64_t per_minute, int64_t per_hour) RX_MUST_CHECK;
void rx_limiter_free(struct rx_limiter *limiter);

/* Counts one request at now_ms (monotonic). 0 = allowed, else the seconds (>= 1) after which the
 * next one will be. identity: at most 64 bytes. */
unsigned rx_limiter_take(struct rx_limiter *limiter, struct rx_str identity, int64_t now_ms);

RX_DEFINE_CLEANUP(limiter, struct rx_limiter *, rx_limiter_free);
