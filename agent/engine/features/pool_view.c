// SPDX-License-Identifier: Apache-2.0
#include <stdatomic.h>
#include <string.h>

#include "agent/engine/features/pool_state.h"

struct rx_pool_view {
    atomic_uint refs;
    size_t bytes;
    struct rx_pool_core core;
    int64_t last_time;
    int64_t exact_until; /* the view's late times suffice up to this moment */
    double lp[RX_F_LP_END - RX_F_LP_FIRST];
    struct rx_late late;   /* both lie behind the struct */
    struct rx_marks marks; /* ... marks first */
    _Alignas(16) unsigned char rest[];
};

/* The view of a pool with its marks from `first_mark` on and n_late times from `first_late` on. */
static struct rx_pool_view *make_view(struct rx_pool *pool, size_t n_marks, size_t first_late,
                                      size_t n_late)
{
    size_t marks_bytes = n_marks * sizeof(struct rx_trade_mark);
    size_t late_bytes = n_late * sizeof(double);
    struct rx_pool_view *view = malloc(sizeof(*view) + marks_bytes + late_bytes);
    if (!view) {
        return NULL;
    }
    atomic_init(&view->refs, 1);
    view->bytes = sizeof(*view) + marks_bytes + late_bytes;
    view->core = pool->core;
    view->last_time = pool->last_time;
    view->exact_until = INT64_MAX;
    if (marks_bytes > 0) {
        memcpy(view->rest, pool->marks, marks_bytes);
    }
    if (late_bytes > 0) {
        memcpy(view->rest + marks_bytes, pool->late + first_late, late_bytes);
    }
    view->marks =
        (struct rx_marks){(const struct rx_trade_mark *)(const void *)view->rest, n_marks};
    view->late = (struct rx_late){(const double *)(const void *)(view->rest + marks_bytes), n_late,
                                  pool->n_late - first_late - n_late};
    if (pool->core.lp) {
        memcpy(view->lp, rx_lp_stats(&pool->lp), sizeof(view->lp));
    }
    return view;
}

struct rx_pool_view *rx_pool_view_new(struct rx_pool *pool)
{
    rx_pool_drop_late(pool);
    rx_pool_drop_marks(pool);
    return make_view(pool, pool->n_marks, 0, pool->n_late);
}

bool rx_pool_idle(const struct rx_pool *pool, int64_t now)
{
    return (double)now - (double)pool->last_time >= rx_pool_core_ticks(pool->core.clock, 86400);
}

/* The last whole moment at which the time `v` (in blocks) is still in the late quarter. */
static int64_t late_until(const struct rx_pool_core *core, double v)
{
    double span = (v - core->time.v0) / 0.75 / RX_BLOCKS_PER_DAY * 86400;
    double until = (double)core->time.first + rx_pool_core_ticks(core->clock, span) - 2;
    return until < 9e18 ? (int64_t)until : INT64_MAX;
}

struct rx_pool_view *rx_pool_compact(struct rx_pool *pool, int64_t now)
{
    const struct rx_pool_core *core = &pool->core;
    double te = rx_pool_core_v(core->clock, now, core->time.first);
    double from = rx_pool_core_late_from(core->time.v0, te - core->time.v0);
    size_t first = 0;
    while (first < pool->n_late && pool->late[first] <= from) {
        first++;
    }
    size_t n = pool->n_late - first;
    size_t kept = n < RX_POOL_COMPACT_TIMES ? n : RX_POOL_COMPACT_TIMES;
    struct rx_pool_view *view = make_view(pool, 0, first, kept);
    if (!view) {
        return NULL;
    }
    /* Every window is empty from now on: its difference is that of the last mark to itself. */
    view->core.window.base = view->core.window.last;
    view->core.window.any_lost = false;
    if (kept < n) {
        view->exact_until = late_until(core, pool->late[first + kept]);
    }
    return view;
}

struct rx_pool_view *rx_pool_view_ref(struct rx_pool_view *view)
{
    atomic_fetch_add_explicit(&view->refs, 1, memory_order_relaxed);
    return view;
}

void rx_pool_view_free(struct rx_pool_view *view)
{
    if (view && atomic_fetch_sub_explicit(&view->refs, 1, memory_order_acq_rel) == 1) {
        free(view);
    }
}

size_t rx_pool_view_memory(const struct rx_pool_view *view)
{
    return view->bytes;
}

int64_t rx_pool_view_exact_until(const struct rx_pool_view *view)
{
    return view->exact_until;
}

void rx_pool_view_features(const struct rx_pool_view *view, int64_t time, double out[RX_F_MAX])
{
    const struct rx_pool_core *core = &view->core;
    time = time > view->last_time ? time : view->last_time;
    double te = rx_pool_core_v(core->clock, time, core->time.first);
    double span = te - core->time.v0;
    /* From seconds the age is exact: one hour is not 0.999... of one. */
    struct rx_moment at = {.te = te,
                           .time = (double)time,
                           .span = span,
                           .age_days = core->clock == RX_POOL_SECONDS
                                           ? (double)(time - core->time.first) / 86400
                                           : span / RX_BLOCKS_PER_DAY};
    rx_pool_core_features(core, view->late, view->marks, core->lp ? view->lp : NULL, &at, out);
}

uint64_t rx_pool_view_events(const struct rx_pool_view *view)
{
    return view->core.n;
}

double rx_pool_view_weth(const struct rx_pool_view *view)
{
    return view->core.price.w;
}
