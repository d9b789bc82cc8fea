// SPDX-License-Identifier: Apache-2.0
/* The command line of radarx-agent score. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/engine/risk/risk.h"

#define RX_SCORE_MAX_SNAPSHOTS 16

struct rx_score_args {
    const char *events, *pairs, *lp, *model, *transfers, *locks;
    const char *snapshots[RX_SCORE_MAX_SNAPSHOTS];
    size_t n_snapshots;
    unsigned char pool[20], creator[20];
    bool has_pool, has_at, has_creator, json;
    uint64_t at;
    double creator_tokens, creator_rugs; /* NaN: not known */
    struct rx_risk_weights weights;
};

/* 0; 1 when the usage was asked for and printed; -EINVAL when it was printed on standard error. */
int rx_score_args_parse(int argc, char **argv, struct rx_score_args *args);
