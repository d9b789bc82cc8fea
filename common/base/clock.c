// SPDX-License-Identifier: Apache-2.0
#include "common/base/clock.h"

#include <stdio.h>
#include <time.h>

static int64_t read_clock(clockid_t id)
{
    struct timespec now = {0};
    (void)clock_gettime(id, &now); /* cannot fail for these two clocks */
    return now.tv_sec * RX_NS_PER_S + now.tv_nsec;
}

static int64_t system_monotonic(void *arg)
{
    (void)arg;
    return read_clock(CLOCK_MONOTONIC);
}

static int64_t system_real(void *arg)
{
    (void)arg;
    return read_clock(CLOCK_REALTIME);
}

const struct rx_clock *rx_clock_system(void)
{
    static const struct rx_clock clock = {system_monotonic, system_real, NULL};
    return &clock;
}

int64_t rx_clock_monotonic_ms(const struct rx_clock *clock)
{
    return clock->monotonic_ns(clock->arg) / (RX_NS_PER_S / RX_MS_PER_S);
}

int64_t rx_clock_real_ms(const struct rx_clock *clock)
{
    return clock->real_ns(clock->arg) / (RX_NS_PER_S / RX_MS_PER_S);
}

static int64_t manual_monotonic(void *arg)
{
    return ((struct rx_clock_manual *)arg)->monotonic_ns;
}

static int64_t manual_real(void *arg)
{
    return ((struct rx_clock_manual *)arg)->real_ns;
}

void rx_clock_manual_init(struct rx_clock_manual *manual, int64_t real_ns)
{
    *manual = (struct rx_clock_manual){
        .clock = {manual_monotonic, manual_real, manual},
        .real_ns = real_ns,
    };
}

void rx_clock_manual_advance(struct rx_clock_manual *manual, int64_t ns)
{
    manual->monotonic_ns += ns;
    manual->real_ns += ns;
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static void format_civil(int64_t real_s, int ms, char out[RX_TIME_LEN])
{
    /* Years 0000 to 9999 fit the form. */
    const int64_t first = -62167219200;
    const int64_t last = 253402300799;
    time_t clamped = real_s < first ? first : real_s > last ? last : real_s;
    struct tm tm = {0};
    (void)gmtime_r(&clamped, &tm);
    /* Not strftime: its %Y has no leading zeros. */
    char text[96];
    int n = snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02d", tm.tm_year + 1900,
                     tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
    if (ms >= 0) {
        (void)snprintf(text + n, sizeof(text) - (size_t)n, ".%03dZ", ms);
    } else {
        (void)snprintf(text + n, sizeof(text) - (size_t)n, "Z");
    }
    memcpy(out, text, RX_TIME_LEN);
    out[RX_TIME_LEN - 1] = '\0';
}

char *rx_time_format_ms(int64_t real_ms, char out[RX_TIME_LEN])
{
    int64_t s = floor_div(real_ms, RX_MS_PER_S);
    format_civil(s, (int)(real_ms - s * RX_MS_PER_S), out);
    return out;
}

char *rx_time_format_s(int64_t real_s, char out[RX_TIME_LEN])
{
    format_civil(real_s, -1, out);
    return out;
}
