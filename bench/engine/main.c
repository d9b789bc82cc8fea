// SPDX-License-Identifier: Apache-2.0
/* radarx-bench: times parts of the engine. bench/engine.py runs it beside its peers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/engine/bench.h"
#include "common/base/parse.h"

static const struct part {
    const char *name, *arguments;
    int (*run)(int argc, char **argv, struct rx_error *err);
} parts[] = {
    {"forest", "MODEL ROWS: one row, a batch, contributions; ROWS are float64", bench_forest},
    {"dump", "MODEL ROWS OUT: margins, predictions, contributions of each row as float64",
     bench_dump},
    {"events", "[COUNT]: one event of a pool", bench_events},
    {"memory", "[EVENTS]: bytes of a pool without an event for a day", bench_memory},
    {"score", "[EVENTS]: a whole score of a token", bench_score},
    {"finder", "[WALLETS] [TRADES]: the smart-wallet finder", bench_finder},
};

double bench_now_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec * 1e-3;
}

static int by_value(const void *a, const void *b)
{
    double left = *(const double *)a;
    double right = *(const double *)b;
    return (left > right) - (left < right);
}

double bench_median(double *values, size_t n)
{
    qsort(values, n, sizeof(*values), by_value);
    return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

uint64_t bench_random(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

double bench_unit(uint64_t *state)
{
    return (double)(bench_random(state) >> 11) * 0x1p-53;
}

int bench_count(int argc, char **argv, int at, size_t otherwise, size_t max, size_t *ret,
                struct rx_error *err)
{
    int64_t value = (int64_t)otherwise;
    if (at < argc && rx_parse_i64(rx_str_of(argv[at]), 1, (int64_t)max, &value) < 0) {
        return rx_error_set(err, RX_EINVALID, "\"%s\": expected a whole number 1..%zu", argv[at],
                            max);
    }
    *ret = (size_t)value;
    return 0;
}

int main(int argc, char **argv)
{
    for (size_t i = 0; argc > 1 && i < RX_ARRAY_LEN(parts); i++) {
        if (strcmp(argv[1], parts[i].name) != 0) {
            continue;
        }
        struct rx_error err = {0};
        if (parts[i].run(argc - 2, argv + 2, &err) < 0) {
            (void)fprintf(stderr, "radarx-bench: %s: %s\n", argv[1], err.msg);
            return 1;
        }
        return 0;
    }
    for (size_t i = 0; i < RX_ARRAY_LEN(parts); i++) {
        (void)fprintf(stderr, "radarx-bench %s %s\n", parts[i].name, parts[i].arguments);
    }
    return 2;
}
