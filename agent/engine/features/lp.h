// SPDX-License-Identifier: Apache-2.0
/*
 * Balances of one pool's LP token, exact, from its Transfer logs. Balances are signed: a log that
 * misses transfers can take more from an address than it was given. Holders are kept in order of
 * appearance, so that sums do not depend on the hash. One thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "agent/engine/features/pool.h"

enum rx_lp_kind { RX_LP_HOLDER, RX_LP_BURN, RX_LP_LOCK, RX_LP_PAIR };

struct rx_lp_entry {
    unsigned char address[20];
    unsigned char kind;     /* enum rx_lp_kind */
    struct rx_u256 balance; /* two's complement */
};

struct rx_lp {
    unsigned char pair[20];
    struct rx_lp_entry *entries; /* owned */
    size_t n, cap;
    unsigned *index; /* owned; open addressing, entry number + 1, 0 = free */
    size_t slots;    /* a power of two, or 0 */
    uint64_t transfers;
    bool broken; /* a balance left 255 bits, or too many holders */
    bool fresh;  /* stats are of the present balances */
    double stats[RX_F_LP_END - RX_F_LP_FIRST];
};

void rx_lp_init(struct rx_lp *lp, const unsigned char pair[20]);
void rx_lp_fini(struct rx_lp *lp);
/* 0 or -ENOMEM (nothing changed). */
int rx_lp_apply(struct rx_lp *lp, const struct rx_lp_transfer *event) RX_MUST_CHECK;
/* The LP columns in registry order. O(holders) after a transfer, O(1) otherwise. */
const double *rx_lp_stats(struct rx_lp *lp);
size_t rx_lp_memory(const struct rx_lp *lp);
