// SPDX-License-Identifier: Apache-2.0
/*
 * Balances of one token by address, exact, from its Transfer logs. They are signed (two's
 * complement): a log that misses transfers can take more from an address than it was given. Kept in
 * order of appearance, so that sums do not depend on the hash. One thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "agent/engine/math/u256.h"

struct rx_balance {
    unsigned char address[20];
    unsigned char kind; /* the owner's; given by the caller */
    unsigned char mark; /* the owner's; a marked entry is kept when it is empty */
    struct rx_u256 amount;
};

struct rx_balances {
    struct rx_balance *entries; /* owned */
    size_t n, cap;
    size_t max;      /* entries that may be kept; set by the caller */
    unsigned *index; /* owned; open addressing, entry number + 1, 0 = free */
    size_t slots;    /* a power of two, or 0 */
};

/* Frees what is inside; `max` stays. */
void rx_balances_fini(struct rx_balances *balances);
size_t rx_balances_memory(const struct rx_balances *balances);
/* Room for two more entries: 0, -ENOMEM (nothing changed) or RX_ELIMIT. Entries may move. */
int rx_balances_reserve(struct rx_balances *balances) RX_MUST_CHECK;
/* The entry of the address, a new one (kind 0, amount 0, *ret_new = true) if there was none. Needs
 * room. */
struct rx_balance *rx_balances_entry(struct rx_balances *balances, const unsigned char address[20],
                                     bool *ret_new);
/* NULL when there is none. */
const struct rx_balance *rx_balances_find(const struct rx_balances *balances,
                                          const unsigned char address[20]);

bool rx_balance_is_negative(const struct rx_u256 *amount);
bool rx_balance_is_positive(const struct rx_u256 *amount);
/* Adds (or takes) a value below 2^255; false when the signed amount overflows. */
bool rx_balance_move(struct rx_u256 *amount, const struct rx_u256 *value, bool take);
