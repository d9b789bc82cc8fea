// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/features/holders.h"

#include <errno.h>
#include <string.h>

#include "agent/engine/features/holders_core.h"

static const unsigned char zero_address[20];

int rx_holders_new(const struct rx_holders_meta *meta, struct rx_holders **ret,
                   struct rx_error *err)
{
    if (meta->n_pools > RX_TOKEN_MAX_POOLS) {
        return rx_error_set(err, RX_EINVALID, "pools: at most %d expected", RX_TOKEN_MAX_POOLS);
    }
    rx_auto(holders) struct rx_holders *holders = calloc(1, sizeof(*holders));
    if (!holders) {
        return rx_error_set(err, -ENOMEM, "holders: out of memory");
    }
    memcpy(holders->token, meta->token, 20);
    holders->has_creator = meta->creator != NULL;
    if (meta->creator) {
        memcpy(holders->creator, meta->creator, 20);
    }
    holders->clock = meta->clock;
    holders->balances.max = RX_TOKEN_MAX_HOLDERS;
    if (meta->n_pools > 0) {
        holders->pools = malloc(meta->n_pools * sizeof(*holders->pools));
        if (!holders->pools) {
            return rx_error_set(err, -ENOMEM, "holders: out of memory");
        }
        memcpy(holders->pools, meta->pools, meta->n_pools * sizeof(*holders->pools));
        holders->n_pools = meta->n_pools;
    }
    *ret = RX_TAKE(holders);
    return 0;
}

void rx_holders_free(struct rx_holders *holders)
{
    if (holders) {
        rx_balances_fini(&holders->balances);
        rx_people_marks_fini(&holders->marks);
        free(holders->pools);
        free(holders);
    }
}

uint64_t rx_holders_count(const struct rx_holders *holders)
{
    return holders->marks.last.holders;
}

size_t rx_holders_memory(const struct rx_holders *holders)
{
    return sizeof(*holders) + holders->n_pools * sizeof(*holders->pools) +
           rx_balances_memory(&holders->balances) +
           holders->marks.cap * sizeof(*holders->marks.marks);
}

bool rx_holders_is_creator(const struct rx_holders *holders, const unsigned char address[20])
{
    return holders->has_creator && memcmp(address, holders->creator, 20) == 0;
}

static enum rx_holder_kind kind_of(const struct rx_holders *holders,
                                   const unsigned char address[20])
{
    for (size_t i = 0; i < holders->n_pools; i++) {
        if (memcmp(address, holders->pools[i], 20) == 0) {
            return RX_HOLDER_POOL;
        }
    }
    static const enum rx_holder_kind kinds[] = {
        [RX_CUSTODY_NONE] = RX_HOLDER_PERSON,    [RX_CUSTODY_BURN] = RX_HOLDER_BURN,
        [RX_CUSTODY_LOCK] = RX_HOLDER_CUSTODY,   [RX_CUSTODY_POOL] = RX_HOLDER_POOL,
        [RX_CUSTODY_BRIDGE] = RX_HOLDER_CUSTODY,
    };
    bool own = memcmp(address, holders->token, 20) == 0;
    return own ? RX_HOLDER_CUSTODY : kinds[rx_custody_of(address)];
}

static struct rx_balance *entry_of(struct rx_holders *holders, const unsigned char address[20])
{
    bool is_new;
    struct rx_balance *entry = rx_balances_entry(&holders->balances, address, &is_new);
    if (is_new) {
        entry->kind = (unsigned char)kind_of(holders, address);
    }
    return entry;
}

static bool counts(const struct rx_balance *entry)
{
    return entry->kind == RX_HOLDER_PERSON && rx_balance_is_positive(&entry->amount);
}

/* Moves the value and keeps the number of holders right. */
static bool move(struct rx_holders *holders, struct rx_balance *entry, const struct rx_u256 *value,
                 bool take)
{
    bool before = counts(entry);
    bool ok = rx_balance_move(&entry->amount, value, take);
    bool after = counts(entry);
    holders->marks.last.holders += (uint64_t)after - (uint64_t)before;
    return ok;
}

static bool apply(struct rx_holders *holders, const struct rx_token_transfer *event)
{
    bool ok = !rx_balance_is_negative(&event->value);
    unsigned char funding = RX_FUNDED_NOT;
    if (memcmp(event->from, zero_address, 20) != 0) { /* zero gives what never was */
        struct rx_balance *from = entry_of(holders, event->from);
        ok = move(holders, from, &event->value, true) && ok;
        funding = from->mark;
    }
    struct rx_balance *to = entry_of(holders, event->to);
    ok = move(holders, to, &event->value, false) && ok;
    rx_dev_transfer(holders, event, funding, to);
    return ok;
}

static double day_before(const struct rx_holders *holders, int64_t now)
{
    return (double)now - rx_pool_core_ticks(holders->clock, 86400);
}

/* 1 = new, 0 = the same log again, or RX_EINVALID. */
static int check(const struct rx_holders *holders, const struct rx_token_transfer *event,
                 struct rx_error *err)
{
    const struct rx_position *last = &holders->position;
    bool same = last->any && event->block == last->block && event->log_index == last->log_index;
    bool earlier =
        last->any && (event->block < last->block ||
                      (event->block == last->block && event->log_index < last->log_index));
    if (same) {
        return 0;
    }
    if (earlier) {
        return rx_error_set(err, RX_EINVALID, "log %llu of block %llu comes after a later one",
                            (unsigned long long)event->log_index, (unsigned long long)event->block);
    }
    if (event->time < 0 || (last->any && event->time < holders->marks.last.time)) {
        return rx_error_set(err, RX_EINVALID, "time of block %llu: before that of an earlier one",
                            (unsigned long long)event->block);
    }
    return 1;
}

int rx_holders_transfer(struct rx_holders *holders, const struct rx_token_transfer *event,
                        struct rx_error *err)
{
    int rc = check(holders, event, err);
    if (rc <= 0) {
        return rc;
    }
    if (!holders->broken) {
        rc = rx_balances_reserve(&holders->balances);
        if (rc != -ENOMEM &&
            rx_people_marks_reserve(&holders->marks,
                                    day_before(holders, holders->marks.last.time)) < 0) {
            rc = -ENOMEM;
        }
        if (rc == -ENOMEM) {
            return rx_error_set(err, rc, "holders: out of memory");
        }
        holders->marks.last.time = event->time;
        holders->broken = rc < 0 || !apply(holders, event);
        if (holders->broken) {
            rx_balances_fini(&holders->balances);
            rx_people_marks_fini(&holders->marks);
        } else {
            rx_people_marks_add(&holders->marks);
        }
    }
    holders->marks.last.time = event->time;
    holders->position = (struct rx_position){true, event->block, event->log_index};
    holders->fresh = false;
    return 1;
}

/* Adds up exactly. False when a sum leaves 256 bits. */
static bool add_up(const struct rx_holders *holders, struct rx_holder_sums *sums, double *values,
                   size_t *ret_n)
{
    struct rx_u256 outstanding = {{0}};
    struct rx_u256 held = {{0}};
    struct rx_u256 funded = {{0}};
    bool ok = true;
    *ret_n = 0;
    for (size_t i = 0; i < holders->balances.n; i++) {
        const struct rx_balance *entry = &holders->balances.entries[i];
        if (!rx_balance_is_positive(&entry->amount)) {
            continue;
        }
        if (entry->kind != RX_HOLDER_BURN) {
            ok = rx_u256_add(&outstanding, &entry->amount, &outstanding) && ok;
        }
        if (entry->kind != RX_HOLDER_PERSON) {
            continue;
        }
        ok = rx_u256_add(&held, &entry->amount, &held) && ok;
        values[(*ret_n)++] = rx_u256_to_double(&entry->amount);
        if (rx_holders_is_creator(holders, entry->address)) {
            sums->by_creator = rx_u256_to_double(&entry->amount);
        } else if (entry->mark != RX_FUNDED_NOT) {
            ok = rx_u256_add(&funded, &entry->amount, &funded) && ok;
        }
    }
    sums->outstanding = rx_u256_to_double(&outstanding);
    sums->held = rx_u256_to_double(&held);
    sums->by_funded = rx_u256_to_double(&funded);
    return ok;
}

static int refresh(struct rx_holders *holders)
{
    if (holders->fresh) {
        return 0;
    }
    struct rx_holder_sums sums = {.known = !holders->broken && holders->position.any};
    if (sums.known) {
        rx_autofree double *values = malloc((holders->balances.n + 1) * sizeof(*values));
        if (!values) {
            return -ENOMEM;
        }
        size_t n = 0;
        sums.known = add_up(holders, &sums, values, &n);
        sums.concentrated = sums.known && rx_concentration(values, n, &sums.spread);
    }
    holders->sums = sums;
    holders->fresh = true;
    return 0;
}

int rx_holders_features(struct rx_holders *holders, int64_t now,
                        const struct rx_creator_history *history, double out[RX_F_MAX],
                        struct rx_error *err)
{
    if (refresh(holders) < 0) {
        return rx_error_set(err, -ENOMEM, "holders: out of memory");
    }
    const struct rx_holder_sums *sums = &holders->sums;
    int64_t last = holders->marks.last.time;
    const struct rx_people_mark *before =
        sums->known
            ? rx_people_marks_at(&holders->marks, day_before(holders, now > last ? now : last))
            : NULL;
    for (int i = RX_F_HOLDERS; i <= RX_F_CREATOR_PRIOR_RUGS; i++) {
        out[i] = RX_NAN;
    }
    rx_dev_features(holders, before, history, out);
    if (!sums->known) {
        return 0;
    }
    double count = (double)holders->marks.last.holders;
    out[RX_F_HOLDERS] = count;
    if (before && before->holders > 0) {
        out[RX_F_HOLDER_GROWTH_24H] = count / (double)before->holders - 1;
    }
    if (sums->outstanding > 0) {
        out[RX_F_HOLDER_COVERAGE] = sums->held / sums->outstanding;
    }
    if (sums->concentrated) {
        out[RX_F_TOP1] = sums->spread.top1;
        out[RX_F_TOP10] = sums->spread.top10;
        out[RX_F_TOP50] = sums->spread.top50;
        out[RX_F_HOLDER_GINI] = sums->spread.gini;
        out[RX_F_HOLDER_HHI] = sums->spread.hhi;
        out[RX_F_NAKAMOTO] = (double)sums->spread.nakamoto;
    }
    return 0;
}
