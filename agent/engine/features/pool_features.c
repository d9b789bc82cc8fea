// SPDX-License-Identifier: Apache-2.0
#include <math.h>

#include "agent/engine/features/pool_core.h"

double rx_pool_core_v(enum rx_pool_clock clock, int64_t time, int64_t first)
{
    /* Block numbers stay absolute: the recorded snapshots add the age to the block number. */
    return clock == RX_POOL_BLOCKS ? (double)time : (double)(time - first) / RX_SECONDS_PER_BLOCK;
}

double rx_pool_core_late_from(double v0, double span)
{
    return v0 + 0.75 * span;
}

static void price_features(const struct rx_price_sums *sum, uint64_t n, double *out)
{
    out[RX_F_W_INIT] = sum->w0;
    out[RX_F_W_NOW] = sum->w;
    out[RX_F_W_MAX] = sum->w_max;
    out[RX_F_W_NOW_MAX] = sum->w / sum->w_max;
    out[RX_F_W_NOW_INIT] = sum->w / sum->w0;
    out[RX_F_P_RET] = log(sum->p / sum->p0);
    out[RX_F_P_DD] = sum->p / sum->p_max;
    out[RX_F_P_UP] = log(sum->p_max / sum->p0);
    out[RX_F_K_GROWTH] = 0.5 * log(sum->w * sum->t / (sum->w0 * sum->t0));
    out[RX_F_T_INIT_LOG] = log10(sum->t0);
    if (n > 1) {
        out[RX_F_VOL] = sqrt(sum->ret.m2 / (double)(n - 1));
        out[RX_F_MAX_DROP] = sum->ret_min;
        out[RX_F_MAX_RISE] = sum->ret_max;
    }
}

static void flow_features(const struct rx_flow_sums *sum, double w_now, double *out)
{
    double buys = (double)sum->count[RX_EV_BUY];
    double sells = (double)sum->count[RX_EV_SELL];
    out[RX_F_N_BUY] = buys;
    out[RX_F_N_SELL] = sells;
    out[RX_F_N_MINT] = (double)sum->count[RX_EV_MINT];
    out[RX_F_N_BURN] = (double)sum->count[RX_EV_BURN];
    out[RX_F_N_OTHER] = (double)sum->count[RX_EV_OTHER];
    out[RX_F_BUY_SHARE] = buys / fmax(1, buys + sells);
    out[RX_F_BUY_VOL] = sum->buy;
    out[RX_F_SELL_VOL] = sum->sell;
    out[RX_F_NET_RATIO] = (sum->buy - sum->sell) / fmax(1e-9, sum->buy + sum->sell);
    out[RX_F_MEAN_BUY] = buys > 0 ? sum->buy / buys : 0;
    out[RX_F_MAX_BUY] = sum->buy_max;
    out[RX_F_MAX_BUY_REL] = sum->buy_max / w_now;
    out[RX_F_HHI_BUY] = buys > 0 ? sum->buy_sq / fmax(1e-18, sum->buy * sum->buy) : 1;
    out[RX_F_TURNOVER] = (sum->buy + sum->sell) / w_now;
}

static size_t count_later(struct rx_late late, double than)
{
    size_t low = 0;
    size_t high = late.n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (late.v[mid] > than) {
            high = mid;
        } else {
            low = mid + 1;
        }
    }
    return late.n - low + (size_t)late.more;
}

static void time_features(const struct rx_time_sums *sum, uint64_t n, struct rx_late late,
                          const struct rx_moment *at, double *out)
{
    double count = (double)n;
    double later = (double)count_later(late, rx_pool_core_late_from(sum->v0, at->span));
    out[RX_F_LATE_SHARE] = later / count;
    out[RX_F_IDLE] = at->span > 0 ? (at->te - sum->v) / at->span : 0;
    out[RX_F_SNIPE0] = (double)sum->snipe0;
    out[RX_F_EARLY10] = (double)sum->early10;
    out[RX_F_EARLY100] = (double)sum->early100;
    out[RX_F_UNIQ_BLK] = (double)sum->blocks / count;
    if (n > 1) {
        double sd = sqrt(sum->gap.m2 / (count - 1));
        out[RX_F_GAP_MEAN] = sum->gap.mean;
        out[RX_F_GAP_CV] = sd / fmax(1e-9, sum->gap.mean);
    }
    out[RX_F_AGE_H] = at->age_days * 24;
}

void rx_pool_core_features(const struct rx_pool_core *core, struct rx_late late,
                           struct rx_marks marks, const double *lp, const struct rx_moment *at,
                           double out[RX_F_MAX])
{
    for (int i = 0; i < RX_F_MAX; i++) {
        out[i] = RX_NAN;
    }
    if (core->n == 0) {
        return;
    }
    out[RX_F_DEC] = core->dec;
    out[RX_F_N_SYNC] = (double)core->n;
    price_features(&core->price, core->n, out);
    flow_features(&core->flow, core->price.w, out);
    time_features(&core->time, core->n, late, at, out);
    rx_windows_features(marks, core->clock, at->time, out);
    rx_depth_features(core, out);
    for (int i = RX_F_LP_FIRST; lp && i < RX_F_LP_END; i++) {
        out[i] = lp[i - RX_F_LP_FIRST];
    }
}
