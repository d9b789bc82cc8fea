// SPDX-License-Identifier: Apache-2.0
/*
 * The agent's HTTP API. `struct rx_api` is shared by all loops and does not change while they run;
 * each loop has a `struct rx_api_loop` with its router and caches.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "agent/cache/answers.h"
#include "agent/cache/keys.h"
#include "agent/cache/limiter.h"
#include "agent/engine/model/registry.h"
#include "agent/engine/risk/risk.h"
#include "agent/routes/model_health.h"
#include "agent/sources/book.h"
#include "agent/store/store.h"
#include "common/base/clock.h"
#include "common/base/config.h"
#include "common/http/router.h"

/* All borrowed; they outlive the loops. */
struct rx_api {
    const struct rx_clock *clock;
    struct rx_metrics *metrics;
    struct rx_store *store;
    struct rx_book *book;
    struct rx_model_registry *models;
    struct rx_drift_step *drift; /* NULL: no check; background scoring's own */
    /* NULL: no forecasts are kept; background scoring's own. */
    struct rx_recalibration_step *recalibration;
    struct rx_health_board *health;        /* NULL: nothing is known of the model's health */
    bool recalibrate;                      /* the setting recalibration.enabled */
    const struct rx_risk_weights *weights; /* NULL: the defaults */
    struct rx_keys *keys;                  /* NULL: no authentication */
    struct rx_limiter *limiter;            /* NULL: no limits */
    int64_t cache_ttl_ms;
    unsigned horizon_mask, multiplier_mask; /* of rx_horizons, rx_multipliers */
    const struct rx_config_table *table;    /* with settings: what /api/info shows */
    const void *settings;
    int64_t started_ms;   /* monotonic */
    atomic_bool draining; /* /ready says no */
};

struct rx_api_loop;

int rx_api_loop_new(struct rx_api *api, struct rx_api_loop **ret, struct rx_error *err)
    RX_MUST_CHECK;
void rx_api_loop_free(struct rx_api_loop *loop);
/* The rx_http_handler of the loop's server; arg = the rx_api_loop. */
void rx_api_handle(struct rx_http_request *request, void *loop);

RX_DEFINE_CLEANUP(api_loop, struct rx_api_loop *, rx_api_loop_free);
