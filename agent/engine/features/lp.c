// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/features/lp.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "agent/engine/features/custody.h"

static const unsigned char zero_address[20];

void rx_lp_init(struct rx_lp *lp, const unsigned char pair[20])
{
    *lp = (struct rx_lp){.balances = {.max = RX_POOL_MAX_HOLDERS}};
    memcpy(lp->pair, pair, 20);
}

void rx_lp_fini(struct rx_lp *lp)
{
    rx_balances_fini(&lp->balances);
}

size_t rx_lp_memory(const struct rx_lp *lp)
{
    return rx_balances_memory(&lp->balances);
}

static enum rx_lp_kind kind_of(const struct rx_lp *lp, const unsigned char address[20])
{
    enum rx_custody custody = rx_custody_of(address);
    if (custody == RX_CUSTODY_BURN) {
        return RX_LP_BURN;
    }
    if (memcmp(address, lp->pair, 20) == 0) {
        return RX_LP_PAIR;
    }
    return custody == RX_CUSTODY_LOCK ? RX_LP_LOCK : RX_LP_HOLDER;
}

static struct rx_balance *entry_of(struct rx_lp *lp, const unsigned char address[20])
{
    bool is_new;
    struct rx_balance *entry = rx_balances_entry(&lp->balances, address, &is_new);
    if (is_new) {
        entry->kind = (unsigned char)kind_of(lp, address);
    }
    return entry;
}

static void transfer(struct rx_lp *lp, const struct rx_lp_transfer *event)
{
    bool from_zero = memcmp(event->from, zero_address, 20) == 0;
    bool to_zero = memcmp(event->to, zero_address, 20) == 0;
    bool ok = !rx_balance_is_negative(&event->value);
    if (!from_zero) {
        ok = rx_balance_move(&entry_of(lp, event->from)->amount, &event->value, true) && ok;
    }
    /* From the pair to zero liquidity is removed: nobody holds it afterwards. */
    bool removal = to_zero && memcmp(event->from, lp->pair, 20) == 0;
    if (!removal) {
        ok = rx_balance_move(&entry_of(lp, event->to)->amount, &event->value, false) && ok;
    }
    lp->broken = !ok;
}

int rx_lp_apply(struct rx_lp *lp, const struct rx_lp_transfer *event)
{
    if (!lp->broken) {
        int rc = rx_balances_reserve(&lp->balances);
        if (rc == -ENOMEM) {
            return rc;
        }
        if (rc == 0) {
            transfer(lp, event);
        } else {
            lp->broken = true;
        }
        if (lp->broken) {
            rx_balances_fini(&lp->balances);
        }
    }
    lp->transfers++;
    lp->fresh = false;
    return 0;
}

#define STAT(feature) lp->stats[(feature)-RX_F_LP_FIRST]

static void add_entry(struct rx_lp *lp, const struct rx_balance *entry, double total)
{
    double share = rx_u256_to_double(&entry->amount) / total;
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

const double *rx_lp_stats(struct rx_lp *lp)
{
    if (lp->fresh) {
        return lp->stats;
    }
    struct rx_u256 total = {{0}};
    for (size_t i = 0; i < lp->balances.n; i++) {
        if (rx_balance_is_positive(&lp->balances.entries[i].amount) &&
            !rx_u256_add(&total, &lp->balances.entries[i].amount, &total)) {
            lp->broken = true;
        }
    }
    bool known = !lp->broken && !rx_u256_is_zero(&total);
    for (size_t i = 0; i < RX_ARRAY_LEN(lp->stats); i++) {
        lp->stats[i] = known ? 0 : RX_NAN;
    }
    lp->supply = RX_NAN;
    STAT(RX_F_LP_N) = (double)lp->transfers;
    if (known) {
        double whole = rx_u256_to_double(&total);
        lp->supply = whole;
        for (size_t i = 0; i < lp->balances.n; i++) {
            if (rx_balance_is_positive(&lp->balances.entries[i].amount)) {
                add_entry(lp, &lp->balances.entries[i], whole);
            }
        }
        STAT(RX_F_LP_SAFE) = STAT(RX_F_LP_BURN) + STAT(RX_F_LP_LOCK);
    }
    lp->fresh = true;
    return lp->stats;
}

double rx_lp_supply(struct rx_lp *lp)
{
    (void)rx_lp_stats(lp);
    return lp->supply;
}
