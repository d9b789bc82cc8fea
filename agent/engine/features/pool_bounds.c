// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <string.h>

#include "agent/engine/features/pool_state.h"

/* Times before the last quarter of the life so far are never asked for again, because snapshots do
 * not go back. */
void rx_pool_drop_late(struct rx_pool *pool)
{
    const struct rx_time_sums *time = &pool->core.time;
    double from = rx_pool_core_late_from(time->v0, time->v - time->v0);
    size_t drop = 0;
    while (drop < pool->n_late && pool->late[drop] <= from) {
        drop++;
    }
    if (drop > 0) {
        pool->n_late -= drop;
        memmove(pool->late, pool->late + drop, pool->n_late * sizeof(*pool->late));
    }
}

static void drop_marks(struct rx_pool *pool, size_t drop)
{
    if (drop > 0) {
        pool->window.base = pool->marks[drop - 1];
        pool->n_marks -= drop;
        memmove(pool->marks, pool->marks + drop, pool->n_marks * sizeof(*pool->marks));
    }
}

void rx_pool_drop_marks(struct rx_pool *pool)
{
    double from = (double)pool->last_time - rx_pool_core_ticks(pool->core.clock, 86400);
    drop_marks(
        pool, rx_windows_first((struct rx_marks){&pool->window, pool->marks, pool->n_marks}, from));
}

static int grow(void **array, size_t n, size_t *cap, size_t size)
{
    /* Growing unless half is free keeps the dropping amortised. */
    if (*cap > 0 && n <= *cap / 2) {
        return 0;
    }
    size_t wanted = *cap ? *cap * 2 : 8;
    void *bigger = realloc(*array, wanted * size);
    if (!bigger) {
        return -ENOMEM;
    }
    *array = bigger;
    *cap = wanted;
    return 0;
}

static int reserve_mark(struct rx_pool *pool)
{
    if (pool->n_marks < pool->cap_marks) {
        return 0;
    }
    rx_pool_drop_marks(pool);
    if (pool->n_marks == RX_MARKS_MAX) {
        pool->window.any_lost = true;
        pool->window.lost = pool->marks[RX_MARKS_MAX / 2 - 1].time;
        drop_marks(pool, RX_MARKS_MAX / 2);
    }
    return grow((void **)&pool->marks, pool->n_marks, &pool->cap_marks, sizeof(*pool->marks));
}

int rx_pool_reserve(struct rx_pool *pool)
{
    if (pool->n_late == pool->cap_late) {
        rx_pool_drop_late(pool);
        if (grow((void **)&pool->late, pool->n_late, &pool->cap_late, sizeof(*pool->late)) < 0) {
            return -ENOMEM;
        }
    }
    return reserve_mark(pool);
}
