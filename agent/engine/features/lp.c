// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/features/lp.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "common/base/map.h"

static const unsigned char zero_address[20];
static const unsigned char dead_address[20] = {[18] = 0xde, [19] = 0xad};

/* Contracts that hold LP tokens for a term: UNCX, Team Finance (two), TrustSwap, PinkLock, and the
 * first UNCX locker. */
static const unsigned char lockers[][20] = {
    {0x66, 0x3a, 0x5c, 0x22, 0x9c, 0x09, 0xb0, 0x49, 0xe3, 0x6d,
     0xcc, 0x11, 0xa9, 0xb0, 0xd4, 0xa8, 0xeb, 0x9d, 0xb2, 0x14},
    {0xe2, 0xfe, 0x53, 0x0c, 0x04, 0x7f, 0x2d, 0x85, 0x29, 0x8b,
     0x07, 0xd9, 0x33, 0x3c, 0x05, 0x73, 0x7f, 0x14, 0x35, 0xfb},
    {0xc7, 0x7a, 0xab, 0x3c, 0x6d, 0x7d, 0xab, 0x46, 0x24, 0x8f,
     0x3c, 0xc3, 0x03, 0x3c, 0x85, 0x61, 0x71, 0x87, 0x8b, 0xd5},
    {0xdb, 0xa6, 0x8f, 0x07, 0xd1, 0xb7, 0xca, 0x21, 0x9f, 0x78,
     0xae, 0x85, 0x82, 0xc2, 0x13, 0xd9, 0x75, 0xc2, 0x5c, 0xaf},
    {0x71, 0xb5, 0x75, 0x9d, 0x73, 0x26, 0x2f, 0xbb, 0x22, 0x39,
     0x56, 0x91, 0x3e, 0xcc, 0x54, 0xec, 0x41, 0x05, 0x76, 0x61},
    {0x17, 0xe0, 0x03, 0x83, 0xa8, 0x43, 0xa9, 0x92, 0x2b, 0xca,
     0x3b, 0x28, 0x0c, 0xad, 0xe9, 0xf8, 0xba, 0x48, 0x44, 0x99},
};

void rx_lp_init(struct rx_lp *lp, const unsigned char pair[20])
{
    *lp = (struct rx_lp){0};
    memcpy(lp->pair, pair, 20);
}

void rx_lp_fini(struct rx_lp *lp)
{
    free(lp->entries);
    free(lp->index);
    lp->entries = NULL;
    lp->index = NULL;
    lp->n = lp->cap = lp->slots = 0;
}

size_t rx_lp_memory(const struct rx_lp *lp)
{
    return lp->cap * sizeof(*lp->entries) + lp->slots * sizeof(*lp->index);
}

static enum rx_lp_kind kind_of(const struct rx_lp *lp, const unsigned char address[20])
{
    if (memcmp(address, zero_address, 20) == 0 || memcmp(address, dead_address, 20) == 0) {
        return RX_LP_BURN;
    }
    if (memcmp(address, lp->pair, 20) == 0) {
        return RX_LP_PAIR;
    }
    for (size_t i = 0; i < RX_ARRAY_LEN(lockers); i++) {
        if (memcmp(address, lockers[i], 20) == 0) {
            return RX_LP_LOCK;
        }
    }
    return RX_LP_HOLDER;
}

/* The slot of the address, or the free slot where it belongs. */
static size_t slot_of(const struct rx_lp *lp, const unsigned char address[20])
{
    size_t mask = lp->slots - 1;
    size_t slot = (size_t)rx_hash((struct rx_str){(const char *)address, 20}) & mask;
    while (lp->index[slot] != 0 &&
           memcmp(lp->entries[lp->index[slot] - 1].address, address, 20) != 0) {
        slot = (slot + 1) & mask;
    }
    return slot;
}

static void reindex(struct rx_lp *lp)
{
    memset(lp->index, 0, lp->slots * sizeof(*lp->index));
    for (size_t i = 0; i < lp->n; i++) {
        lp->index[slot_of(lp, lp->entries[i].address)] = (unsigned)i + 1;
    }
}

static size_t drop_empty(struct rx_lp *lp)
{
    size_t kept = 0;
    for (size_t i = 0; i < lp->n; i++) {
        if (!rx_u256_is_zero(&lp->entries[i].balance)) {
            lp->entries[kept++] = lp->entries[i];
        }
    }
    return kept;
}

/* Room for two more entries: forgets empty balances first, then doubles. 0, -ENOMEM or RX_ELIMIT.
 */
static int make_room(struct rx_lp *lp)
{
    if (lp->n + 2 <= lp->cap) {
        return 0;
    }
    size_t kept = drop_empty(lp);
    if (kept != lp->n) {
        lp->n = kept;
        reindex(lp);
    }
    /* Growing unless half is free keeps the forgetting amortised. */
    if (lp->cap > 0 && lp->n + 2 <= lp->cap / 2) {
        return 0;
    }
    if (lp->n + 2 > RX_POOL_MAX_HOLDERS) {
        return RX_ELIMIT;
    }
    size_t cap = lp->cap ? lp->cap * 2 : 8;
    struct rx_lp_entry *entries = realloc(lp->entries, cap * sizeof(*entries));
    if (!entries) {
        return -ENOMEM;
    }
    lp->entries = entries;
    unsigned *index = malloc(cap * 2 * sizeof(*index));
    if (!index) {
        return -ENOMEM;
    }
    free(lp->index);
    lp->index = index;
    lp->slots = cap * 2;
    lp->cap = cap;
    reindex(lp);
    return 0;
}

static struct rx_lp_entry *entry_of(struct rx_lp *lp, const unsigned char address[20])
{
    size_t slot = slot_of(lp, address);
    if (lp->index[slot] == 0) {
        struct rx_lp_entry *entry = &lp->entries[lp->n++];
        *entry = (struct rx_lp_entry){.kind = (unsigned char)kind_of(lp, address)};
        memcpy(entry->address, address, 20);
        lp->index[slot] = (unsigned)lp->n;
    }
    return &lp->entries[lp->index[slot] - 1];
}

static bool is_negative(const struct rx_u256 *value)
{
    return value->limb[3] >> 63;
}

/* Adds (or takes) a value below 2^255; false when the signed balance overflows. */
static bool move(struct rx_u256 *balance, const struct rx_u256 *value, bool take)
{
    bool before = is_negative(balance);
    if (take) {
        (void)rx_u256_sub(balance, value, balance); /* wraps: two's complement */
        return !(before && !is_negative(balance));
    }
    (void)rx_u256_add(balance, value, balance);
    return !(!before && is_negative(balance));
}

static void transfer(struct rx_lp *lp, const struct rx_lp_transfer *event)
{
    bool from_zero = memcmp(event->from, zero_address, 20) == 0;
    bool to_zero = memcmp(event->to, zero_address, 20) == 0;
    bool ok = !is_negative(&event->value);
    if (!from_zero) {
        ok = move(&entry_of(lp, event->from)->balance, &event->value, true) && ok;
    }
    /* From the pair to zero liquidity is removed: nobody holds it afterwards. */
    bool removal = to_zero && memcmp(event->from, lp->pair, 20) == 0;
    if (!removal) {
        ok = move(&entry_of(lp, event->to)->balance, &event->value, false) && ok;
    }
    lp->broken = !ok;
}

int rx_lp_apply(struct rx_lp *lp, const struct rx_lp_transfer *event)
{
    if (!lp->broken) {
        int rc = make_room(lp);
        if (rc == -ENOMEM) {
            return rc;
        }
        if (rc == 0) {
            transfer(lp, event);
        } else {
            lp->broken = true;
        }
        if (lp->broken) {
            rx_lp_fini(lp);
        }
    }
    lp->transfers++;
    lp->fresh = false;
    return 0;
}

#define STAT(feature) lp->stats[(feature)-RX_F_LP_FIRST]

static void add_entry(struct rx_lp *lp, const struct rx_lp_entry *entry, double total)
{
    double share = rx_u256_to_double(&entry->balance) / total;
    switch ((enum rx_lp_kind)entry->kind) {
    case RX_LP_BURN:
        STAT(RX_F_LP_BURN) += share;
        break;
    case RX_LP_LOCK:
        STAT(RX_F_LP_LOCK) += share;
        break;
    case RX_LP_PAIR:
        STAT(RX_F_LP_POOL) += share;
        break;
    case RX_LP_HOLDER:
        STAT(RX_F_LP_HOLDERS) += 1;
        STAT(RX_F_LP_TOP) = fmax(STAT(RX_F_LP_TOP), share);
        STAT(RX_F_LP_HHI) += share * share;
        break;
    }
}

static bool is_positive(const struct rx_u256 *value)
{
    return !is_negative(value) && !rx_u256_is_zero(value);
}

const double *rx_lp_stats(struct rx_lp *lp)
{
    if (lp->fresh) {
        return lp->stats;
    }
    struct rx_u256 total = {{0}};
    for (size_t i = 0; i < lp->n; i++) {
        if (is_positive(&lp->entries[i].balance) &&
            !rx_u256_add(&total, &lp->entries[i].balance, &total)) {
            lp->broken = true;
        }
    }
    bool known = !lp->broken && !rx_u256_is_zero(&total);
    for (size_t i = 0; i < RX_ARRAY_LEN(lp->stats); i++) {
        lp->stats[i] = known ? 0 : RX_NAN;
    }
    STAT(RX_F_LP_N) = (double)lp->transfers;
    if (known) {
        double whole = rx_u256_to_double(&total);
        for (size_t i = 0; i < lp->n; i++) {
            if (is_positive(&lp->entries[i].balance)) {
                add_entry(lp, &lp->entries[i], whole);
            }
        }
        STAT(RX_F_LP_SAFE) = STAT(RX_F_LP_BURN) + STAT(RX_F_LP_LOCK);
    }
    lp->fresh = true;
    return lp->stats;
}
