// SPDX-License-Identifier: Apache-2.0
/* Time that tests can set. Monotonic for durations, real for what is shown. Thread-safe. */
#pragma once

#include <stdint.h>

#include "common/base/str.h"

#define RX_MS_PER_S 1000
#define RX_NS_PER_S 1000000000LL

struct rx_clock {
    int64_t (*monotonic_ns)(void *arg);
    int64_t (*real_ns)(void *arg); /* since 1970-01-01T00:00:00Z */
    void *arg;
};

/* The system's clocks; static storage. */
const struct rx_clock *rx_clock_system(void);

int64_t rx_clock_monotonic_ms(const struct rx_clock *clock);
int64_t rx_clock_real_ms(const struct rx_clock *clock);

/* A clock that stands still until told otherwise. Its fields may be written between calls. */
struct rx_clock_manual {
    struct rx_clock clock; /* pass &manual.clock */
    int64_t monotonic_ns, real_ns;
};
void rx_clock_manual_init(struct rx_clock_manual *manual, int64_t real_ns);
void rx_clock_manual_advance(struct rx_clock_manual *manual, int64_t ns);

/* "2026-01-02T03:04:05.678Z" (RFC 3339, milliseconds) into out; returns out. */
#define RX_TIME_LEN 25
char *rx_time_format_ms(int64_t real_ms, char out[RX_TIME_LEN]);
/* "2026-01-02T03:04:05Z" as Kubernetes writes it. */
char *rx_time_format_s(int64_t real_s, char out[RX_TIME_LEN]);
