// SPDX-License-Identifier: Apache-2.0
/* When locked LP tokens become free again. Pure functions; thread-safe. */
#pragma once

#include "agent/engine/features/features.h"

#include <stdint.h>

#define RX_LOCKS_MAX 10000

struct rx_lp_lock {
    double share;    /* of the LP supply, 0..1 */
    double unlock_h; /* hours until it ends; 0 or less: it has ended */
};

/*
 * Fills lp_lock_expiry_h, lp_unlock_24h and lp_unlock_7d from all locks of a pair (n may be 0: then
 * nothing is locked). Sorts `locks`. n <= RX_LOCKS_MAX.
 */
void rx_locks_features(struct rx_lp_lock *locks, size_t n, double out[RX_F_MAX]);
