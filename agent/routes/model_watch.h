// SPDX-License-Identifier: Apache-2.0
/*
 * Follows model files: a thread of its own looks at them at an interval, loads a changed one and
 * hands it to the registry. What does not load is refused: logged, in the ledger, and the model
 * before it goes on. No loop ever waits for a file.
 */
#pragma once

#include "agent/engine/model/registry.h"
#include "common/base/clock.h"
#include "common/base/metrics.h"

struct rx_model_watch;

/* All borrowed; they outlive the watch. */
struct rx_model_watch_options {
    const char *path;        /* of the active model; "" = the built-in one, which does not change */
    const char *shadow_path; /* "" = none */
    int64_t interval_ms;
    /* Reads a file into a model. */
    int (*load)(const char *path, struct rx_model **ret, struct rx_error *err);
    const struct rx_clock *clock;
    struct rx_metrics *metrics;
};

/* Starts nothing yet. */
int rx_model_watch_new(const struct rx_model_watch_options *options,
                       struct rx_model_registry *registry, struct rx_model_watch **ret,
                       struct rx_error *err) RX_MUST_CHECK;
/* The thread looks at once, then at every interval. */
int rx_model_watch_start(struct rx_model_watch *watch, struct rx_error *err) RX_MUST_CHECK;
/* Ends the thread and frees. NULL is fine. */
void rx_model_watch_free(struct rx_model_watch *watch);
RX_DEFINE_CLEANUP(model_watch, struct rx_model_watch *, rx_model_watch_free);

/* One look at the files in the calling thread, while the thread of the watch is not running. */
void rx_model_watch_poll(struct rx_model_watch *watch);
/* Asks for the previous model; from any thread. A file that changes later is loaded again. */
void rx_model_watch_rollback(struct rx_model_watch *watch);
