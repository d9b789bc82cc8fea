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
    struct rx_late late;   /* both lie in `rest` */
    struct rx_marks marks; /* its sums too, or they are `at_rest` */
    _Alignas(16) unsigned char rest[];
};

/* Nothing was traded within any window: the last mark is that of the beginning. */
static const struct rx_window_sums at_rest = {.base = {.p = 1}, .last = {.p = 1}};

/* The part of a pool that a view copies. */
struct part {
    bool windows;
    size_t first_late, n_late;
};

static struct rx_pool_view *make_view(struct rx_pool *pool, struct part part)
{
    size_t sums_bytes = part.windows ? sizeof(pool->window) : 0;
    size_t marks_bytes = part.windows ? pool->n_marks * sizeof(struct rx_trade_mark) : 0;
    size_t late_bytes = part.n_late * sizeof(double);
    size_t bytes = sizeof(struct rx_pool_view) + sums_bytes + marks_bytes + late_bytes;
    struct rx_pool_view *view = malloc(bytes);
    if (!view) {
        return NULL;
    }
    atomic_init(&view->refs, 1);
    view->bytes = bytes;
    view->core = pool->core;
    view->last_time = pool->last_time;
    view->exact_until = INT64_MAX;
    const unsigned char *sums = view->rest;
    const unsigned char *marks = sums + sums_bytes;
    const unsigned char *late = marks + marks_bytes;
    if (part.windows) {
        memcpy(view->rest, &pool->window, sums_bytes);
    }
    if (marks_bytes > 0) {
        memcpy(view->rest + sums_bytes, pool->marks, marks_bytes);
    }
    if (late_bytes > 0) {
        memcpy(view->rest + sums_bytes + marks_bytes, pool->late + part.first_late, late_bytes);
    }
    view->marks = (struct rx_marks){part.windows ? (const void *)sums : &at_rest,
                                    (const void *)marks, part.windows ? pool->n_marks : 0};
    view->late = (struct rx_late){(const void *)late, part.n_late,
                                  pool->n_late - part.first_late - part.n_late};
    if (pool->core.lp) {
        memcpy(view->lp, rx_lp_stats(&pool->lp), sizeof(view->lp));
    }
    return view;
}

struct rx_pool_view *rx_pool_view_new(struct rx_pool *pool)
{
    rx_pool_drop_late(pool);
    rx_pool_drop_marks(pool);
    return make_view(pool, (struct part){true, 0, pool->n_late});
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
    struct rx_pool_view *view = make_view(pool, (struct part){false, first, kept});
    if (!view) {
        return NULL;
    }
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
