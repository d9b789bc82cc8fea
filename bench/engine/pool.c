// SPDX-License-Identifier: Apache-2.0
/* Pools: one event, a pool at rest, a whole score. Events are a random walk with a trade every few
 * blocks, as recorded pools have. */
#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/engine/features/pool.h"
#include "agent/engine/score/score.h"
#include "bench/engine/bench.h"

#define DAY 86400

struct walk {
    uint64_t random;
    double weth, tokens;
    struct rx_sync event;
};

static struct walk walk_start(uint64_t seed)
{
    return (struct walk){.random = seed,
                         .weth = 2e19,
                         .tokens = 1e24,
                         .event = {.block = 10000000, .time = 1600000000}};
}

static void walk_on(struct walk *walk)
{
    double step = 1 + 0.04 * (bench_unit(&walk->random) - 0.5);
    int64_t wait = (int64_t)(bench_unit(&walk->random) * 9);
    walk->weth *= step;
    walk->tokens /= step;
    walk->event.block += (uint64_t)wait;
    walk->event.time += 13 * wait;
    walk->event.log_index++;
    walk->event.reserve[0] = (rx_u128)walk->weth;
    walk->event.reserve[1] = (rx_u128)walk->tokens;
}

static int feed(size_t events, uint64_t seed, struct rx_pool **ret, struct walk *walk,
                struct rx_error *err)
{
    const struct rx_pool_meta meta = {.decimals = 18, .weth_pos = 0, .clock = RX_POOL_SECONDS};
    int r = rx_pool_new(&meta, ret, err);
    *walk = walk_start(seed);
    for (size_t i = 0; r >= 0 && i < events; i++) {
        walk_on(walk);
        r = rx_pool_sync(*ret, &walk->event, err);
    }
    return r;
}

int bench_events(int argc, char **argv, struct rx_error *err)
{
    size_t events = 0;
    int r = bench_count(argc, argv, 0, 200000, 10000000, &events, err);
    double times[BENCH_ROUNDS];
    struct walk walk = walk_start(1);
    for (size_t i = 0; r >= 0 && i < BENCH_ROUNDS; i++) {
        double began = bench_now_us();
        for (size_t k = 0; k < events; k++) {
            walk_on(&walk);
        }
        double generated = bench_now_us() - began;
        rx_auto(pool) struct rx_pool *pool = NULL;
        began = bench_now_us();
        r = feed(events, i + 1, &pool, &walk, err);
        times[i] = (bench_now_us() - began - generated) / (double)events;
    }
    if (r >= 0) {
        (void)printf("event_us %.4f\n", bench_median(times, BENCH_ROUNDS));
    }
    return r;
}

int bench_memory(int argc, char **argv, struct rx_error *err)
{
    enum { POOLS = 200 };
    size_t events = 0;
    int r = bench_count(argc, argv, 0, 2000, 100000, &events, err);
    struct rx_pool_view *views[POOLS] = {0};
    size_t live = 0;
    size_t before = mallinfo2().uordblks;
    for (size_t i = 0; r >= 0 && i < POOLS; i++) {
        rx_auto(pool) struct rx_pool *pool = NULL;
        struct walk walk;
        r = feed(events, i + 1, &pool, &walk, err);
        live = r < 0 ? 0 : rx_pool_memory(pool);
        views[i] = r < 0 ? NULL : rx_pool_compact(pool, walk.event.time + DAY + 1);
        if (r >= 0 && !views[i]) {
            r = rx_error_errno(err, ENOMEM, "view");
        }
    }
    size_t held = mallinfo2().uordblks - before;
    for (size_t i = 0; i < POOLS; i++) {
        rx_pool_view_free(views[i]);
    }
    if (r >= 0) {
        (void)printf("idle_bytes %.0f\nlive_bytes %zu\n", (double)held / POOLS, live);
    }
    return r;
}

/* Every target, the projection of the heatmap, the risk; then each target's explanation. */
static void score(const struct rx_model *model, const double *features,
                  struct rx_model_scratch *scratch, struct rx_score *ret,
                  struct rx_explanation *explanation, double *times)
{
    double began = bench_now_us();
    rx_score_compute(model, features, NULL, RX_RISK_EVM, scratch, ret);
    double scored = bench_now_us();
    for (size_t t = 0; t < ret->n_targets; t++) {
        if (ret->targets[t].known) {
            rx_score_explain(model, ret, t, scratch, 10, explanation);
        }
    }
    double explained = bench_now_us();
    times[0] = scored - began;
    times[1] = explained - scored;
    times[2] = explained - began;
}

int bench_score(int argc, char **argv, struct rx_error *err)
{
    enum { REPEATS = 400 };
    size_t events = 0;
    rx_auto(pool) struct rx_pool *pool = NULL;
    rx_auto(model) struct rx_model *model = NULL;
    rx_auto(model_scratch) struct rx_model_scratch *scratch = NULL;
    struct walk walk;
    int r = bench_count(argc, argv, 0, 3000, 1000000, &events, err);
    r = r < 0 ? r : feed(events, 1, &pool, &walk, err);
    r = r < 0 ? r : rx_model_load_default(&model, err);
    r = r < 0 ? r : rx_model_scratch_new(model, &scratch, err);
    if (r < 0) {
        return r;
    }
    rx_autofree struct rx_score *result = calloc(1, sizeof(*result));
    rx_autofree struct rx_explanation *explanation = calloc(1, sizeof(*explanation));
    if (!result || !explanation) {
        return rx_error_errno(err, ENOMEM, "score");
    }
    double features[RX_F_MAX];
    rx_pool_features_at_age(pool, 1, features);
    double times[3][REPEATS];
    for (size_t i = 0; i < REPEATS; i++) {
        double some[3];
        features[RX_F_AGE_H] = 1 + (double)(i % 70); /* another row each time */
        score(model, features, scratch, result, explanation, some);
        for (size_t k = 0; k < 3; k++) {
            times[k][i] = some[k];
        }
    }
    size_t known = 0;
    for (size_t t = 0; t < result->n_targets; t++) {
        known += result->targets[t].known;
    }
    (void)printf("score_us %.2f\nexplain_us %.2f\ntotal_us %.2f\ntargets %zu\nknown %zu\n",
                 bench_median(times[0], REPEATS), bench_median(times[1], REPEATS),
                 bench_median(times[2], REPEATS), result->n_targets, known);
    return 0;
}
