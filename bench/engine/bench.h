// SPDX-License-Identifier: Apache-2.0
/*
 * Parts of radarx-bench, which times the engine from inside. Each part prints lines "name value".
 * Times are processor time of this process: other work on the machine does not count.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"

#define BENCH_ROUNDS 7

/* Arguments behind the part's name. 0 or a negative code with a message. */
int bench_forest(int argc, char **argv, struct rx_error *err) RX_MUST_CHECK;
int bench_dump(int argc, char **argv, struct rx_error *err) RX_MUST_CHECK;
int bench_events(int argc, char **argv, struct rx_error *err) RX_MUST_CHECK;
int bench_memory(int argc, char **argv, struct rx_error *err) RX_MUST_CHECK;
int bench_score(int argc, char **argv, struct rx_error *err) RX_MUST_CHECK;
int bench_finder(int argc, char **argv, struct rx_error *err) RX_MUST_CHECK;

/* Processor time in microseconds. */
double bench_now_us(void);
/* Sorts values[n]. */
double bench_median(double *values, size_t n);
/* SplitMix64 (G. Steele, D. Lea, C. Flood 2014). */
uint64_t bench_random(uint64_t *state);
double bench_unit(uint64_t *state); /* in [0, 1) */
/* argv[at] as a whole number in 1..max, or `otherwise` when there is none. */
int bench_count(int argc, char **argv, int at, size_t otherwise, size_t max, size_t *ret,
                struct rx_error *err) RX_MUST_CHECK;
