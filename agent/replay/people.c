// SPDX-License-Identifier: Apache-2.0
#include "agent/replay/people.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "agent/engine/features/locks.h"
#include "agent/replay/csv.h"

struct transfer_row {
    struct rx_token_transfer event;
    uint32_t row; /* order in the file: of repeated rows the first counts */
};

struct transfers {
    struct transfer_row *rows; /* owned */
    size_t n, cap;
    /* The last block up to the moment whose time is known; time < 0: none. */
    uint64_t timed_block;
    int64_t time;
};

static void transfers_fini(struct transfers *transfers)
{
    free(transfers->rows);
}
RX_DEFINE_CLEANUP_INPLACE(transfers, struct transfers, transfers_fini);

enum { T_TOKEN, T_BLOCK, T_LOGI, T_FROM, T_TO, T_VALUE, T_TIME, T_COLUMNS };
static const char *const transfer_names[] = {"token", "block", "logi", "from",
                                             "to",    "value", "time"};

static int out_of_memory(struct rx_error *err)
{
    return rx_error_set(err, -ENOMEM, "out of memory");
}

static int add_row(struct transfers *transfers, const struct rx_token_transfer *event,
                   struct rx_error *err)
{
    if (transfers->n == RX_PEOPLE_MAX_TRANSFERS) {
        return rx_error_set(err, RX_ELIMIT, "more than %u transfers of the token",
                            RX_PEOPLE_MAX_TRANSFERS);
    }
    if (transfers->n == transfers->cap) {
        size_t cap = transfers->cap ? transfers->cap * 2 : 64;
        struct transfer_row *bigger = realloc(transfers->rows, cap * sizeof(*bigger));
        if (!bigger) {
            return out_of_memory(err);
        }
        transfers->rows = bigger;
        transfers->cap = cap;
    }
    transfers->rows[transfers->n] = (struct transfer_row){*event, (uint32_t)transfers->n};
    transfers->n++;
    return 0;
}

static int parse_transfer(const struct rx_csv *csv, struct rx_token_transfer *event,
                          struct rx_error *err)
{
    int rc = rx_csv_u64(csv, T_BLOCK, INT64_MAX, &event->block, err);
    if (rc == 0) {
        rc = rx_csv_u64(csv, T_LOGI, UINT32_MAX, &event->log_index, err);
    }
    if (rc == 0) {
        rc = rx_csv_address(csv, T_FROM, event->from, err);
    }
    if (rc == 0) {
        rc = rx_csv_address(csv, T_TO, event->to, err);
    }
    if (rc == 0) {
        rc = rx_csv_u256(csv, T_VALUE, &event->value, err);
    }
    event->time = (int64_t)event->block;
    return rc;
}

/* Keeps the row when it is of the token and not after block `at`. */
static int take_transfer(const struct rx_csv *csv, const struct rx_pool_rows *of, uint64_t at,
                         struct transfers *transfers, struct rx_error *err)
{
    unsigned char token[20];
    struct rx_token_transfer event = {0};
    int64_t time = -1;
    int rc = rx_csv_address(csv, T_TOKEN, token, err);
    if (rc == 0) {
        rc = parse_transfer(csv, &event, err);
    }
    if (rc == 0 && rx_csv_has(csv, T_TIME)) {
        rc = rx_csv_i64(csv, T_TIME, 0, INT64_MAX / 2, &time, err);
    }
    if (rc < 0 || event.block > at) {
        return rc;
    }
    if (time >= 0 && (transfers->time < 0 || event.block >= transfers->timed_block)) {
        transfers->timed_block = event.block;
        transfers->time = time;
    }
    return memcmp(token, of->token, 20) == 0 ? add_row(transfers, &event, err) : 0;
}

static int compare(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int in_order(const void *a, const void *b)
{
    const struct transfer_row *x = a;
    const struct transfer_row *y = b;
    int order = compare(x->event.block, y->event.block);
    order = order ? order : compare(x->event.log_index, y->event.log_index);
    return order ? order : compare(x->row, y->row);
}

static int read_transfers(const char *path, const struct rx_pool_rows *of, uint64_t at,
                          struct transfers *transfers, struct rx_error *err)
{
    rx_auto(csv) struct rx_csv *csv = NULL;
    int rc = rx_csv_open(path, transfer_names, T_COLUMNS, 1, &csv, err);
    while (rc == 0 && (rc = rx_csv_next(csv, err)) == 1) {
        rc = take_transfer(csv, of, at, transfers, err);
    }
    if (rc == 0 && transfers->n > 1) {
        qsort(transfers->rows, transfers->n, sizeof(*transfers->rows), in_order);
    }
    return rc;
}

/* The pool's next Sync in the same block shows both reserves grown: liquidity was added. */
static bool is_liquidity(const struct rx_pool_rows *of, const struct rx_token_transfer *event)
{
    size_t low = 0;
    size_t high = of->n_events;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        const struct rx_event_row *row = &of->events[mid];
        if (row->block < event->block ||
            (row->block == event->block && row->log_index < event->log_index)) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    if (low == of->n_events || of->events[low].block != event->block) {
        return false;
    }
    const rx_u128 *after = of->events[low].reserve;
    const rx_u128 none[2] = {0, 0};
    const rx_u128 *before = low > 0 ? of->events[low - 1].reserve : none;
    return after[0] > before[0] && after[1] > before[1];
}

static int fill_holders(const struct rx_pool_rows *of, uint64_t at,
                        const struct transfers *transfers, const struct rx_people_options *options,
                        double features[RX_F_MAX], struct rx_error *err)
{
    struct rx_holders_meta meta = {
        .pools = &of->pool, .n_pools = 1, .creator = options->creator, .clock = RX_POOL_BLOCKS};
    memcpy(meta.token, of->token, 20);
    rx_auto(holders) struct rx_holders *holders = NULL;
    int rc = rx_holders_new(&meta, &holders, err);
    for (size_t i = 0; rc >= 0 && i < transfers->n; i++) {
        struct rx_token_transfer event = transfers->rows[i].event;
        event.liquidity = memcmp(event.to, of->pool, 20) == 0 && is_liquidity(of, &event);
        rc = rx_holders_transfer(holders, &event, err);
    }
    return rc < 0 ? rc
                  : rx_holders_features(holders, (int64_t)at, &options->history, features, err);
}

enum { L_POOL, L_UNLOCK_BLOCK, L_UNLOCK_TIME, L_SHARE, L_AMOUNT, L_COLUMNS };
static const char *const lock_names[] = {"pool", "unlock_block", "unlock_time", "share", "amount"};

/* The moment of the locks' features. */
struct moment {
    uint64_t block;
    double time;      /* Unix seconds; NaN: not known */
    double lp_supply; /* base units; NaN: not known */
};

static int parse_share(const struct rx_csv *csv, const struct moment *at, double *ret,
                       struct rx_error *err)
{
    if (rx_csv_has(csv, L_SHARE)) {
        int rc = rx_csv_double(csv, L_SHARE, ret, err);
        bool good = *ret >= 0 && *ret <= 1;
        return rc < 0 || good ? rc
                              : rx_csv_error(csv, L_SHARE, RX_ELIMIT, err,
                                             "a share of the LP supply, 0 to 1,");
    }
    struct rx_u256 amount;
    int rc = rx_csv_u256(csv, L_AMOUNT, &amount, err);
    if (rc == 0 && isnan(at->lp_supply)) {
        return rx_csv_error(csv, L_AMOUNT, RX_EINVALID, err,
                            "column share, or LP transfers that tell the supply,");
    }
    if (rc == 0) {
        *ret = fmin(1, rx_u256_to_double(&amount) / at->lp_supply);
    }
    return rc;
}

static int parse_end(const struct rx_csv *csv, const struct moment *at, double *ret,
                     struct rx_error *err)
{
    uint64_t end = 0;
    bool blocks = rx_csv_has(csv, L_UNLOCK_BLOCK);
    int rc = rx_csv_u64(csv, blocks ? L_UNLOCK_BLOCK : L_UNLOCK_TIME, INT64_MAX, &end, err);
    if (rc == 0 && !blocks && isnan(at->time)) {
        return rx_csv_error(csv, L_UNLOCK_TIME, RX_EINVALID, err,
                            "column unlock_block, or a column time in the transfers,");
    }
    *ret = blocks ? ((double)end - (double)at->block) * RX_SECONDS_PER_BLOCK / 3600
                  : ((double)end - at->time) / 3600;
    return rc;
}

static int check_lock_columns(const struct rx_csv *csv, struct rx_error *err)
{
    if (!rx_csv_has(csv, L_UNLOCK_BLOCK) && !rx_csv_has(csv, L_UNLOCK_TIME)) {
        return rx_csv_error(csv, L_UNLOCK_BLOCK, RX_EINVALID, err,
                            "column unlock_block or unlock_time");
    }
    if (!rx_csv_has(csv, L_SHARE) && !rx_csv_has(csv, L_AMOUNT)) {
        return rx_csv_error(csv, L_SHARE, RX_EINVALID, err, "column share or amount");
    }
    return 0;
}

static int fill_locks(const char *path, const struct rx_pool_rows *of, const struct moment *at,
                      double features[RX_F_MAX], struct rx_error *err)
{
    rx_autofree struct rx_lp_lock *locks = calloc(RX_LOCKS_MAX, sizeof(*locks));
    rx_auto(csv) struct rx_csv *csv = NULL;
    size_t n = 0;
    if (!locks) {
        return out_of_memory(err);
    }
    int rc = rx_csv_open(path, lock_names, L_COLUMNS, 4, &csv, err);
    while (rc == 0 && (rc = rx_csv_next(csv, err)) == 1) {
        unsigned char pool[20];
        struct rx_lp_lock lock = {0};
        rc = check_lock_columns(csv, err);
        if (rc == 0) {
            rc = rx_csv_address(csv, L_POOL, pool, err);
        }
        if (rc == 0) {
            rc = parse_share(csv, at, &lock.share, err);
        }
        if (rc == 0) {
            rc = parse_end(csv, at, &lock.unlock_h, err);
        }
        if (rc < 0 || memcmp(pool, of->pool, 20) != 0) {
            continue;
        }
        if (n == RX_LOCKS_MAX) {
            return rx_error_set(err, RX_ELIMIT, "%s: more than %d locks of the pool", path,
                                RX_LOCKS_MAX);
        }
        locks[n++] = lock;
    }
    if (rc == 0) {
        rx_locks_features(locks, n, features);
    }
    return rc;
}

int rx_replay_people(const struct rx_pool_rows *rows, struct rx_pool *pool, uint64_t at,
                     const struct rx_people_options *options, double features[RX_F_MAX],
                     struct rx_error *err)
{
    rx_auto(transfers) struct transfers transfers = {.time = -1};
    int rc = 0;
    if (options->transfers) {
        rc = read_transfers(options->transfers, rows, at, &transfers, err);
        if (rc == 0) {
            rc = fill_holders(rows, at, &transfers, options, features, err);
        }
    } else {
        features[RX_F_CREATOR_PRIOR_TOKENS] = options->history.prior_tokens;
        features[RX_F_CREATOR_PRIOR_RUGS] = options->history.prior_rugs;
    }
    if (rc == 0 && options->locks) {
        struct moment moment = {.block = at,
                                .time = transfers.time < 0
                                            ? RX_NAN
                                            : (double)transfers.time +
                                                  (double)(at - transfers.timed_block) *
                                                      RX_SECONDS_PER_BLOCK,
                                .lp_supply = rx_pool_lp_supply(pool)};
        rc = fill_locks(options->locks, rows, &moment, features, err);
    }
    return rc;
}
