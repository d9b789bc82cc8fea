// SPDX-License-Identifier: Apache-2.0
/*
 * The serving loops: each a thread with its event loop, listening socket and caches. The first runs
 * on the thread that calls rx_serve_loops_run. Only rx_serve_loops_drain and rx_serve_loops_stop
 * may be called while they run, from the first loop's thread.
 */
#pragma once

#include "agent/routes/api.h"
#include "common/base/loop.h"

struct rx_serve_loops;

/* first: borrowed. port 0 = chosen by the kernel, the same for all. */
int rx_serve_loops_new(struct rx_loop *first, struct rx_api *api, unsigned n, const char *host,
                       uint16_t port, struct rx_serve_loops **ret, struct rx_error *err)
    RX_MUST_CHECK;
void rx_serve_loops_free(struct rx_serve_loops *loops);
uint16_t rx_serve_loops_port(const struct rx_serve_loops *loops);
/* Runs until all are stopped. */
int rx_serve_loops_run(struct rx_serve_loops *loops, struct rx_error *err) RX_MUST_CHECK;
/* Stops accepting and ends each loop when its requests are answered, or after limit_ms. */
void rx_serve_loops_drain(struct rx_serve_loops *loops, int64_t limit_ms);
void rx_serve_loops_stop(struct rx_serve_loops *loops);

RX_DEFINE_CLEANUP(serve_loops, struct rx_serve_loops *, rx_serve_loops_free);
