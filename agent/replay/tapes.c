// SPDX-License-Identifier: Apache-2.0
#include "agent/replay/tapes.h"

#include <errno.h>
#include <string.h>

/* Rows of one pool behind those already copied; a repeated (block, log index) is left out. */
static void copy_events(const struct rx_pool_rows *rows, struct rx_sync *out, size_t *ret_n)
{
    size_t n = 0;
    for (size_t i = 0; i < rows->n_events; i++) {
        const struct rx_event_row *row = &rows->events[i];
        if (n > 0 && out[n - 1].block == row->block && out[n - 1].log_index == row->log_index) {
            continue;
        }
        out[n++] = (struct rx_sync){.block = row->block,
                                    .log_index = row->log_index,
                                    .time = (int64_t)row->block,
                                    .reserve = {row->reserve[0], row->reserve[1]}};
    }
    *ret_n = n;
}

static void copy_pool(const struct rx_pool_rows *rows, bool lp, struct rx_tapes *to, size_t *events,
                      size_t *lps)
{
    struct rx_tape *tape = &to->tapes[to->n++];
    tape->meta = (struct rx_pool_meta){
        .decimals = rows->decimals, .weth_pos = rows->weth_pos, .clock = RX_POOL_BLOCKS, .lp = lp};
    memcpy(tape->meta.address, rows->pool, sizeof(tape->meta.address));
    tape->events = to->events + *events;
    copy_events(rows, to->events + *events, &tape->n);
    *events += tape->n;
    tape->lps = to->lps + *lps;
    tape->n_lps = rows->n_lps;
    for (size_t i = 0; i < rows->n_lps; i++) {
        to->lps[(*lps)++] = rows->lps[i].transfer;
    }
}

int rx_tapes_make(const struct rx_tables *tables, bool lp, struct rx_tapes *ret,
                  struct rx_error *err)
{
    size_t pools = 0, n_events = 0, n_lps = 0;
    for (size_t i = 0; i < rx_tables_pools(tables); i++) {
        const struct rx_pool_rows *rows = rx_tables_pool(tables, i);
        pools += rows->n_events > 0;
        n_events += rows->n_events;
        n_lps += rows->n_lps;
    }
    rx_auto(tapes) struct rx_tapes tapes = {
        .tapes = calloc(pools + 1, sizeof(*tapes.tapes)),
        .events = calloc(n_events + 1, sizeof(*tapes.events)),
        .lps = calloc(n_lps + 1, sizeof(*tapes.lps)),
    };
    if (!tapes.tapes || !tapes.events || !tapes.lps) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    n_events = n_lps = 0;
    for (size_t i = 0; i < rx_tables_pools(tables); i++) {
        const struct rx_pool_rows *rows = rx_tables_pool(tables, i);
        if (rows->n_events > 0) {
            copy_pool(rows, lp, &tapes, &n_events, &n_lps);
        }
    }
    *ret = tapes;
    tapes = (struct rx_tapes){0};
    return 0;
}

void rx_tapes_free(struct rx_tapes *tapes)
{
    free(tapes->tapes);
    free(tapes->events);
    free(tapes->lps);
    *tapes = (struct rx_tapes){0};
}
