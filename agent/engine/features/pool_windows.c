// SPDX-License-Identifier: Apache-2.0
/*
 * Trades of the last 5 minutes, hour, 6 and 24 hours. Each event leaves one mark with the running
 * totals; a window is the difference of two marks, found by halving, so that an event costs O(1)
 * whatever the windows are, and a sum has no rounding of its own.
 */
#include <math.h>

#include "agent/engine/features/pool_core.h"
#include "agent/engine/math/amm.h"

#define DAY_SECONDS 86400
#define DAY_BLOCKS  6472 /* of 13.35 s */

double rx_pool_core_ticks(enum rx_pool_clock clock, double seconds)
{
    return clock == RX_POOL_BLOCKS ? seconds / RX_SECONDS_PER_BLOCK : seconds;
}

void rx_windows_add(struct rx_window_sums *sums, const struct rx_pool_core *core, int64_t time,
                    enum rx_event_class class, rx_u128 amount)
{
    struct rx_trade_mark *last = &sums->last;
    last->time = time;
    last->p = core->price.p;
    if (class == RX_EV_BUY) {
        last->buy += amount;
        last->n_buy++;
    } else if (class == RX_EV_SELL) {
        last->sell += amount;
        last->n_sell++;
    }
    if (core->n == 0) {
        sums->base = *last;
    }
}

size_t rx_windows_first(struct rx_marks marks, double from)
{
    size_t low = 0;
    size_t high = marks.n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if ((double)marks.marks[mid].time > from) {
            high = mid;
        } else {
            low = mid + 1;
        }
    }
    return low;
}

static double weth_of(rx_u128 amount)
{
    return (double)amount / 1e18;
}

void rx_windows_features(struct rx_marks marks, enum rx_pool_clock clock, double time,
                         double out[RX_F_MAX])
{
    const struct rx_window_sums *sums = marks.sums;
    static const struct {
        double seconds;
        enum rx_feature first;
    } windows[] = {
        {300, RX_F_N_BUY_M5},
        {3600, RX_F_N_BUY_H1},
        {21600, RX_F_N_BUY_H6},
        {86400, RX_F_N_BUY_H24},
    };
    for (size_t i = 0; i < RX_ARRAY_LEN(windows); i++) {
        double from = time - rx_pool_core_ticks(clock, windows[i].seconds);
        if (sums->any_lost && from < (double)sums->lost) {
            continue;
        }
        size_t first = rx_windows_first(marks, from);
        const struct rx_trade_mark *before = first > 0 ? &marks.marks[first - 1] : &sums->base;
        double *column = &out[windows[i].first];
        column[0] = (double)(sums->last.n_buy - before->n_buy);
        column[1] = (double)(sums->last.n_sell - before->n_sell);
        column[2] = weth_of(sums->last.buy - before->buy);
        column[3] = weth_of(sums->last.sell - before->sell);
        column[4] = log(sums->last.p / before->p);
    }
}

/* |return| / volume of the present day; false when it has none. */
static bool day_illiquidity(const struct rx_day_sums *day, double p, double *ret)
{
    if (day->events < 2 || !(day->volume > 0)) {
        return false;
    }
    *ret = fabs(p / day->p_first - 1) / day->volume;
    return true;
}

void rx_days_add(struct rx_pool_core *core, int64_t time, double volume)
{
    struct rx_day_sums *day = &core->day;
    int64_t length = core->clock == RX_POOL_BLOCKS ? DAY_BLOCKS : DAY_SECONDS;
    int64_t number = core->n == 0 ? 0 : (time - core->time.first) / length;
    double illiquidity;
    if (core->n == 0 || number != day->day) {
        if (core->n > 0 && day_illiquidity(day, day->p_last, &illiquidity)) {
            day->sum += illiquidity;
            day->of++;
        }
        day->day = number;
        day->events = 0;
        day->volume = 0;
        day->p_first = core->price.p;
    }
    day->events++;
    day->volume += volume;
    day->p_last = core->price.p;
}

/* What a buyer of `ether` WETH loses against the price before, by the pool's own integers. */
static double slippage(const struct rx_pool_core *core, double ether)
{
    struct rx_u256 in = rx_u256_of((rx_u128)(ether * 1e18));
    struct rx_u256 got;
    if (!rx_amm_out(&in, core->weth, core->token, &got)) {
        return RX_NAN;
    }
    double spot = ether * 1e18 / (double)core->weth * (double)core->token;
    return 1 - rx_u256_to_double(&got) / spot;
}

void rx_depth_features(const struct rx_pool_core *core, double out[RX_F_MAX])
{
    out[RX_F_DEPTH_1PCT] = rx_amm_depth(0.01, core->price.w);
    out[RX_F_DEPTH_5PCT] = rx_amm_depth(0.05, core->price.w);
    out[RX_F_SLIP_1] = slippage(core, 1);
    out[RX_F_SLIP_10] = slippage(core, 10);
    double illiquidity = 0;
    bool present = day_illiquidity(&core->day, core->price.p, &illiquidity);
    uint64_t days = core->day.of + present;
    if (days > 0) {
        out[RX_F_AMIHUD] = (core->day.sum + illiquidity) / (double)days;
    }
}
