// SPDX-License-Identifier: Apache-2.0
/* The settings of `radarx-agent serve`: one table for flags, environment, file, help and docs. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agent/engine/risk/risk.h"
#include "common/base/config.h"

enum rx_auth_mode { RX_AUTH_API_KEY, RX_AUTH_NONE };

struct rx_settings {
    char *listen;
    int64_t threads;
    int64_t drain_ms;
    int log_level; /* enum rx_log_level */
    int64_t rate_per_minute, rate_per_hour;
    int64_t cache_ttl_ms;
    int64_t background_ms;
    char *horizons, *multipliers; /* as given; the masks below hold what they mean */
    char *store_path;
    int auth_mode; /* enum rx_auth_mode */
    char *keys_dir, *key;
    char *model_path, *model_shadow_path;
    bool recalibrate;
    char *risk_weights; /* JSON object text */
    char *sources;      /* JSON array text */

    char host[64]; /* of listen */
    uint16_t port;
    unsigned horizon_mask;          /* bit i: rx_horizons[i] of agent/engine/score/score.h */
    unsigned multiplier_mask;       /* bit i: rx_multipliers[i] */
    struct rx_risk_weights weights; /* of risk_weights */
};

extern const struct rx_config_table rx_settings_table;

/*
 * Defaults, then the file, the environment and the flags, then the checks that a single row cannot
 * make. config_path: JSON, NULL = none. argv[0] is skipped; anything but flags is an error. On
 * failure the settings are freed.
 */
int rx_settings_load(struct rx_settings *settings, const char *config_path, int argc, char **argv,
                     struct rx_error *err) RX_MUST_CHECK;
void rx_settings_free(struct rx_settings *settings);
/* Whether the listening address is reachable from this machine only. */
bool rx_settings_is_loopback(const struct rx_settings *settings);

RX_DEFINE_CLEANUP_INPLACE(settings, struct rx_settings, rx_settings_free);
