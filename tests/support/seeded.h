// SPDX-License-Identifier: Apache-2.0
/* Repeatable random numbers for property tests: SplitMix64 (G. Steele, D. Lea, C. Flood 2014). */
#pragma once

#include <math.h>
#include <stddef.h>
#include <stdint.h>

struct seeded {
    uint64_t state;
};

static inline uint64_t seeded_u64(struct seeded *s)
{
    uint64_t z = s->state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* Uniform in [0, 1). */
static inline double seeded_unit(struct seeded *s)
{
    return (double)(seeded_u64(s) >> 11) * 0x1p-53;
}

/* Uniform in 0..n-1. */
static inline size_t seeded_below(struct seeded *s, size_t n)
{
    return (size_t)(seeded_unit(s) * (double)n);
}

/* Standard normal (G. Box, M. Muller 1958). */
static inline double seeded_normal(struct seeded *s)
{
    double radius = sqrt(-2 * log(1 - seeded_unit(s)));
    return radius * cos(2 * M_PI * seeded_unit(s));
}
