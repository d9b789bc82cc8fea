// SPDX-License-Identifier: Apache-2.0
/* Who holds one pool's LP token, from its Transfer logs. One thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "agent/engine/features/balances.h"
#include "agent/engine/features/pool.h"

enum rx_lp_kind { RX_LP_HOLDER, RX_LP_BURN, RX_LP_LOCK, RX_LP_PAIR };

struct rx_lp {
    unsigned char pair[20];
    struct rx_balances balances; /* kind: enum rx_lp_kind */
    uint64_t transfers;
    bool broken;   /* a balance left 255 bits, or too many holders */
    bool fresh;    /* stats are of the present balances */
    double supply; /* the sum of the positive balances; NaN: not known */
    double stats[RX_F_LP_END - RX_F_LP_FIRST];
};

void rx_lp_init(struct rx_lp *lp, const unsigned char pair[20]);
void rx_lp_fini(struct rx_lp *lp);
/* 0 or -ENOMEM (nothing changed). */
int rx_lp_apply(struct rx_lp *lp, const struct rx_lp_transfer *event) RX_MUST_CHECK;
/* The LP columns in registry order. O(holders) after a transfer, O(1) otherwise. */
const double *rx_lp_stats(struct rx_lp *lp);
/* What is outstanding, in base units; NaN when the shares are missing too. */
double rx_lp_supply(struct rx_lp *lp);
size_t rx_lp_memory(const struct rx_lp *lp);
