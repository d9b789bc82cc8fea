// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/features/locks.h"

#include <math.h>
#include <stdlib.h>

/* The share of the LP supply whose release lets somebody move the price at will. */
#define ENOUGH 0.10

static int sooner(const void *a, const void *b)
{
    const struct rx_lp_lock *x = a;
    const struct rx_lp_lock *y = b;
    return (x->unlock_h > y->unlock_h) - (x->unlock_h < y->unlock_h);
}

/* Share whose lock ends within (0, hours]. */
static double ending(const struct rx_lp_lock *locks, size_t n, double hours)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        if (locks[i].unlock_h > 0 && locks[i].unlock_h <= hours) {
            sum += locks[i].share;
        }
    }
    return fmin(1, sum);
}

void rx_locks_features(struct rx_lp_lock *locks, size_t n, double out[RX_F_MAX])
{
    out[RX_F_LP_LOCK_EXPIRY_H] = RX_NAN;
    out[RX_F_LP_UNLOCK_24H] = ending(locks, n, 24);
    out[RX_F_LP_UNLOCK_7D] = ending(locks, n, 7 * 24);
    if (n > 1) {
        qsort(locks, n, sizeof(*locks), sooner);
    }
    double freed = 0;
    for (size_t i = 0; i < n && freed < ENOUGH; i++) {
        if (locks[i].unlock_h > 0 && locks[i].share > 0) {
            freed += locks[i].share;
            out[RX_F_LP_LOCK_EXPIRY_H] = locks[i].unlock_h;
        }
    }
}
