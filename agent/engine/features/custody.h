// SPDX-License-Identifier: Apache-2.0
/*
 * Addresses that hold tokens for nobody in particular: burned, locked for a term, or kept for the
 * users of a pool or a bridge. The same on every chain that has them. Constant data; thread-safe.
 */
#pragma once

#include <stddef.h>

enum rx_custody {
    RX_CUSTODY_NONE,
    RX_CUSTODY_BURN,
    RX_CUSTODY_LOCK,
    RX_CUSTODY_POOL,
    RX_CUSTODY_BRIDGE
};

struct rx_custodian {
    enum rx_custody kind;
    const char *name;
    unsigned char address[20];
};

/* The table; *ret_n rows. */
const struct rx_custodian *rx_custodians(size_t *ret_n);
/* RX_CUSTODY_NONE for an address that is not in the table. */
enum rx_custody rx_custody_of(const unsigned char address[20]);
