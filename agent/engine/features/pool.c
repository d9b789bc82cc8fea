// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/features/pool.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "agent/engine/features/pool_state.h"
#include "common/base/parse.h"

int rx_pool_new(const struct rx_pool_meta *meta, struct rx_pool **ret, struct rx_error *err)
{
    int dec = meta->decimals == RX_DECIMALS_UNKNOWN ? 18 : meta->decimals;
    if (dec < 0 || dec > 255) {
        return rx_error_set(err, RX_EINVALID, "decimals: 0 to 255, or %d for unknown, expected",
                            RX_DECIMALS_UNKNOWN);
    }
    if (meta->weth_pos != 0 && meta->weth_pos != 1) {
        return rx_error_set(err, RX_EINVALID, "weth_pos: 0 or 1 expected");
    }
    char power[8];
    snprintf(power, sizeof(power), "1e%d", dec);
    double scale = 0;
    int rc = rx_parse_double(rx_str_of(power), &scale);
    if (rc < 0) {
        return rx_error_set(err, rc, "decimals: no power of ten for %d", dec);
    }
    struct rx_pool *pool = calloc(1, sizeof(*pool));
    if (!pool) {
        return rx_error_set(err, -ENOMEM, "pool: out of memory");
    }
    pool->core.dec = dec;
    pool->core.clock = meta->clock;
    pool->core.lp = meta->lp;
    pool->weth_pos = meta->weth_pos;
    pool->scale = scale;
    rx_lp_init(&pool->lp, meta->address);
    *ret = pool;
    return 0;
}

void rx_pool_free(struct rx_pool *pool)
{
    if (pool) {
        rx_lp_fini(&pool->lp);
        free(pool->late);
        free(pool->marks);
        free(pool);
    }
}

/* 1 = new, 0 = the same log again, RX_EINVALID = an earlier one. */
static int check_position(const struct rx_position *last, uint64_t block, uint64_t log_index,
                          struct rx_error *err)
{
    if (!last->any || block > last->block ||
        (block == last->block && log_index > last->log_index)) {
        return 1;
    }
    if (block == last->block && log_index == last->log_index) {
        return 0;
    }
    return rx_error_set(err, RX_EINVALID,
                        "log %llu of block %llu comes after log %llu of block %llu",
                        (unsigned long long)log_index, (unsigned long long)block,
                        (unsigned long long)last->log_index, (unsigned long long)last->block);
}

/* `count` deviations are in the moments, this one included. */
static void moments_add(struct rx_moments *moments, double value, double count)
{
    double delta = value - moments->mean;
    moments->mean += delta / count;
    moments->m2 += delta * (value - moments->mean);
}

static enum rx_event_class classify(double dw, double dt)
{
    if (dw > 0) {
        return dt < 0 ? RX_EV_BUY : dt > 0 ? RX_EV_MINT : RX_EV_OTHER;
    }
    if (dw < 0) {
        return dt > 0 ? RX_EV_SELL : dt < 0 ? RX_EV_BURN : RX_EV_OTHER;
    }
    return RX_EV_OTHER;
}

static void add_flow(struct rx_flow_sums *sum, enum rx_event_class class, double dw)
{
    sum->count[class]++;
    if (class == RX_EV_BUY) {
        sum->buy += dw;
        sum->buy_sq += dw * dw;
        sum->buy_max = fmax(sum->buy_max, dw);
    } else if (class == RX_EV_SELL) {
        sum->sell -= dw;
    }
}

static void add_price(struct rx_price_sums *sum, uint64_t n, double w, double t)
{
    double p = w / t;
    if (n == 0) {
        *sum = (struct rx_price_sums){.w0 = w,
                                      .t0 = t,
                                      .w_max = w,
                                      .p0 = p,
                                      .p_max = p,
                                      .ret_min = HUGE_VAL,
                                      .ret_max = -HUGE_VAL};
    } else {
        double ret = log(p / sum->p);
        moments_add(&sum->ret, ret, (double)n);
        sum->ret_min = fmin(sum->ret_min, ret);
        sum->ret_max = fmax(sum->ret_max, ret);
        sum->w_max = fmax(sum->w_max, w);
        sum->p_max = fmax(sum->p_max, p);
    }
    sum->w = w;
    sum->t = t;
    sum->p = p;
}

static void add_time(struct rx_time_sums *sum, uint64_t n, const struct rx_sync *event, double v)
{
    if (n == 0) {
        *sum = (struct rx_time_sums){.b0 = event->block, .first = event->time, .v0 = v};
    } else {
        moments_add(&sum->gap, v - sum->v, (double)n);
    }
    sum->blocks += n == 0 || event->block != sum->block;
    sum->snipe0 += event->block == sum->b0;
    sum->early10 += v <= sum->v0 + 10;
    sum->early100 += v <= sum->v0 + 100;
    sum->block = event->block;
    sum->v = v;
}

static rx_u128 distance(rx_u128 a, rx_u128 b)
{
    return a > b ? a - b : b - a;
}

/* Room for the event was reserved. */
static void add_event(struct rx_pool *pool, const struct rx_sync *event, double w, double t)
{
    struct rx_pool_core *core = &pool->core;
    double v =
        rx_pool_core_v(core->clock, event->time, core->n == 0 ? event->time : core->time.first);
    rx_u128 weth = event->reserve[pool->weth_pos];
    enum rx_event_class class = RX_EV_OTHER;
    double volume = 0;
    if (core->n > 0) {
        double dw = w - core->price.w;
        class = classify(dw, t - core->price.t);
        add_flow(&core->flow, class, dw);
        volume = class == RX_EV_BUY || class == RX_EV_SELL ? fabs(dw) : 0;
    }
    add_price(&core->price, core->n, w, t);
    add_time(&core->time, core->n, event, v);
    rx_windows_add(&pool->window, core, event->time, class, distance(weth, core->weth));
    rx_days_add(core, event->time, volume);
    core->weth = weth;
    core->token = event->reserve[!pool->weth_pos];
    pool->late[pool->n_late++] = v;
    pool->marks[pool->n_marks++] = pool->window.last;
    core->n++;
}

int rx_pool_sync(struct rx_pool *pool, const struct rx_sync *event, struct rx_error *err)
{
    int rc = check_position(&pool->last_sync, event->block, event->log_index, err);
    if (rc <= 0) {
        return rc;
    }
    if (event->time < 0 || (pool->last_sync.any && event->time < pool->last_time)) {
        return rx_error_set(err, RX_EINVALID, "time of block %llu: before that of an earlier event",
                            (unsigned long long)event->block);
    }
    for (int i = 0; i < 2; i++) {
        if (event->reserve[i] > RX_UINT112_MAX) {
            return rx_error_set(err, RX_EINVALID, "reserve%d: less than 2^112 expected", i);
        }
    }
    double w = (double)event->reserve[pool->weth_pos] / 1e18;
    double t = (double)event->reserve[!pool->weth_pos] / pool->scale;
    bool kept = w > 0 && t > 0;
    if (kept && rx_pool_reserve(pool) < 0) {
        return rx_error_set(err, -ENOMEM, "pool: out of memory");
    }
    pool->last_sync = (struct rx_position){true, event->block, event->log_index};
    pool->last_time = event->time;
    if (kept) {
        add_event(pool, event, w, t);
    }
    return kept;
}

int rx_pool_lp_transfer(struct rx_pool *pool, const struct rx_lp_transfer *event,
                        struct rx_error *err)
{
    if (!pool->core.lp) {
        return 0;
    }
    int rc = check_position(&pool->last_lp, event->block, event->log_index, err);
    if (rc <= 0) {
        return rc;
    }
    if (rx_lp_apply(&pool->lp, event) < 0) {
        return rx_error_set(err, -ENOMEM, "pool: out of memory");
    }
    pool->last_lp = (struct rx_position){true, event->block, event->log_index};
    return 1;
}

uint64_t rx_pool_events(const struct rx_pool *pool)
{
    return pool->core.n;
}

uint64_t rx_pool_first_block(const struct rx_pool *pool)
{
    return pool->core.time.b0;
}

double rx_pool_weth(const struct rx_pool *pool)
{
    return pool->core.price.w;
}

double rx_pool_lp_supply(struct rx_pool *pool)
{
    return pool->core.lp ? rx_lp_supply(&pool->lp) : RX_NAN;
}

size_t rx_pool_memory(const struct rx_pool *pool)
{
    return sizeof(*pool) + pool->cap_late * sizeof(*pool->late) +
           pool->cap_marks * sizeof(*pool->marks) + rx_lp_memory(&pool->lp);
}

void rx_pool_features_at_age(struct rx_pool *pool, double age_days, double out[RX_F_MAX])
{
    const struct rx_pool_core *core = &pool->core;
    const double *lp = core->lp ? rx_lp_stats(&pool->lp) : NULL;
    double span = age_days * RX_BLOCKS_PER_DAY;
    struct rx_moment at = {.te = core->time.v0 + span,
                           .time = (double)core->time.first +
                                   rx_pool_core_ticks(core->clock, age_days * 86400),
                           .span = span,
                           .age_days = age_days};
    rx_pool_core_features(core, (struct rx_late){pool->late, pool->n_late, 0},
                          (struct rx_marks){&pool->window, pool->marks, pool->n_marks}, lp, &at,
                          out);
}
