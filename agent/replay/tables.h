// SPDX-License-Identifier: Apache-2.0
/*
 * The recorded events of many pools in memory, each pool sorted by (block, log index). Memory: 48
 * bytes an event and 96 an LP transfer, doubled while an array grows; all counts are bounded. One
 * thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agent/engine/features/pool.h"
#include "common/base/error.h"

#define RX_TABLES_MAX_POOLS  1000000u
#define RX_TABLES_MAX_EVENTS 50000000u

struct rx_event_row {
    uint64_t block;
    uint32_t log_index;
    uint32_t row; /* order in the file: of repeated rows the first counts */
    rx_u128 reserve[2];
};

struct rx_lp_row {
    struct rx_lp_transfer transfer;
    uint32_t row;
};

struct rx_pool_rows {
    unsigned char pool[20], token[20];
    int decimals, weth_pos;
    struct rx_event_row *events; /* owned */
    size_t n_events, cap_events;
    struct rx_lp_row *lps; /* owned */
    size_t n_lps, cap_lps;
    bool events_unsorted, lps_unsorted;
};

struct rx_tables_counts {
    uint64_t rows;         /* Sync rows read */
    uint64_t lp_rows;      /* LP rows read */
    uint64_t other_events; /* rows whose `event` is not the expected one: left out */
    uint64_t out_of_order; /* rows before their predecessor of the same pool */
    uint64_t repeated;     /* rows with a (pool, block, logi) that was there already */
    uint64_t unknown_rows; /* rows of pools that the pairs file does not have */
    uint64_t unknown_pools;
};

struct rx_tables;

struct rx_tables *rx_tables_new(void) RX_MUST_CHECK;
void rx_tables_free(struct rx_tables *tables);
RX_DEFINE_CLEANUP(tables, struct rx_tables *, rx_tables_free);

/* pool,token,decimals,weth_pos. First of the three. */
int rx_tables_read_pairs(struct rx_tables *tables, const char *path, struct rx_error *err)
    RX_MUST_CHECK;
/* pool,block,logi,reserve0,reserve1 and, when present, event = Sync. */
int rx_tables_read_events(struct rx_tables *tables, const char *path, struct rx_error *err)
    RX_MUST_CHECK;
/* pool,block,logi,from,to,value and, when present, event = Transfer. */
int rx_tables_read_lp(struct rx_tables *tables, const char *path, struct rx_error *err)
    RX_MUST_CHECK;
/* Sorts every pool's rows and counts the repeated ones; pools are then in order of address. */
void rx_tables_sort(struct rx_tables *tables);

size_t rx_tables_pools(const struct rx_tables *tables);
/* Borrowed; index below rx_tables_pools(). */
const struct rx_pool_rows *rx_tables_pool(const struct rx_tables *tables, size_t index);
/* NULL when the pairs file does not have it. */
const struct rx_pool_rows *rx_tables_find(const struct rx_tables *tables,
                                          const unsigned char pool[20]);
const struct rx_tables_counts *rx_tables_counts(const struct rx_tables *tables);
