// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/features/balances.h"

#include <errno.h>
#include <string.h>

#include "common/base/error.h"
#include "common/base/map.h"

void rx_balances_fini(struct rx_balances *balances)
{
    free(balances->entries);
    free(balances->index);
    *balances = (struct rx_balances){.max = balances->max};
}

size_t rx_balances_memory(const struct rx_balances *balances)
{
    return balances->cap * sizeof(*balances->entries) + balances->slots * sizeof(*balances->index);
}

/* The slot of the address, or the free slot where it belongs. */
static size_t slot_of(const struct rx_balances *balances, const unsigned char address[20])
{
    size_t mask = balances->slots - 1;
    size_t slot = (size_t)rx_hash((struct rx_str){(const char *)address, 20}) & mask;
    while (balances->index[slot] != 0 &&
           memcmp(balances->entries[balances->index[slot] - 1].address, address, 20) != 0) {
        slot = (slot + 1) & mask;
    }
    return slot;
}

static void reindex(struct rx_balances *balances)
{
    memset(balances->index, 0, balances->slots * sizeof(*balances->index));
    for (size_t i = 0; i < balances->n; i++) {
        balances->index[slot_of(balances, balances->entries[i].address)] = (unsigned)i + 1;
    }
}

static size_t drop_empty(struct rx_balances *balances)
{
    size_t kept = 0;
    for (size_t i = 0; i < balances->n; i++) {
        if (!rx_u256_is_zero(&balances->entries[i].amount) || balances->entries[i].mark) {
            balances->entries[kept++] = balances->entries[i];
        }
    }
    return kept;
}

int rx_balances_reserve(struct rx_balances *balances)
{
    if (balances->n + 2 <= balances->cap) {
        return 0;
    }
    size_t kept = drop_empty(balances);
    if (kept != balances->n) {
        balances->n = kept;
        reindex(balances);
    }
    /* Growing unless half is free keeps the forgetting amortised. */
    if (balances->cap > 0 && balances->n + 2 <= balances->cap / 2) {
        return 0;
    }
    if (balances->n + 2 > balances->max) {
        return RX_ELIMIT;
    }
    size_t cap = balances->cap ? balances->cap * 2 : 8;
    struct rx_balance *entries = realloc(balances->entries, cap * sizeof(*entries));
    if (!entries) {
        return -ENOMEM;
    }
    balances->entries = entries;
    unsigned *index = malloc(cap * 2 * sizeof(*index));
    if (!index) {
        return -ENOMEM;
    }
    free(balances->index);
    balances->index = index;
    balances->slots = cap * 2;
    balances->cap = cap;
    reindex(balances);
    return 0;
}

struct rx_balance *rx_balances_entry(struct rx_balances *balances, const unsigned char address[20],
                                     bool *ret_new)
{
    size_t slot = slot_of(balances, address);
    *ret_new = balances->index[slot] == 0;
    if (*ret_new) {
        struct rx_balance *entry = &balances->entries[balances->n++];
        *entry = (struct rx_balance){0};
        memcpy(entry->address, address, 20);
        balances->index[slot] = (unsigned)balances->n;
    }
    return &balances->entries[balances->index[slot] - 1];
}

const struct rx_balance *rx_balances_find(const struct rx_balances *balances,
                                          const unsigned char address[20])
{
    if (balances->slots == 0) {
        return NULL;
    }
    unsigned entry = balances->index[slot_of(balances, address)];
    return entry ? &balances->entries[entry - 1] : NULL;
}

bool rx_balance_is_negative(const struct rx_u256 *amount)
{
    return amount->limb[3] >> 63;
}

bool rx_balance_is_positive(const struct rx_u256 *amount)
{
    return !rx_balance_is_negative(amount) && !rx_u256_is_zero(amount);
}

bool rx_balance_move(struct rx_u256 *amount, const struct rx_u256 *value, bool take)
{
    bool before = rx_balance_is_negative(amount);
    if (take) {
        (void)rx_u256_sub(amount, value, amount); /* wraps: two's complement */
        return !(before && !rx_balance_is_negative(amount));
    }
    (void)rx_u256_add(amount, value, amount);
    return !(!before && rx_balance_is_negative(amount));
}
