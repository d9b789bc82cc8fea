// SPDX-License-Identifier: Apache-2.0
/*
 * Replays recorded pools: one CSV row for each snapshot (pool, age) that exists, with its features
 * and, when a model is given, its probabilities. One thread.
 */
#pragma once

#include <stdio.h>

#include "agent/engine/features/pool.h"
#include "agent/engine/model/model.h"
#include "agent/replay/tables.h"

#define RX_REPLAY_MAX_AGES 64

struct rx_replay_age {
    char label[16]; /* as the user wrote it */
    double days;
};

struct rx_replay_options {
    struct rx_replay_age ages[RX_REPLAY_MAX_AGES]; /* ascending */
    size_t n_ages;
    bool lp;                          /* LP transfers were read */
    const struct rx_model *model;     /* borrowed; NULL = no probability columns */
    struct rx_model_scratch *scratch; /* borrowed; fits the model */
};

/* "1h,6h,24h,72h" into ages in ascending order. RX_EPARSE, RX_ELIMIT or RX_EINVALID (repeated). */
int rx_replay_parse_ages(struct rx_str text, struct rx_replay_options *options,
                         struct rx_error *err) RX_MUST_CHECK;

/* Writes the header line. 0 or a negated errno. */
int rx_replay_header(FILE *out, const struct rx_replay_options *options) RX_MUST_CHECK;
/* Writes the rows of one pool; adds their number to *rows. */
int rx_replay_pool(FILE *out, const struct rx_replay_options *options,
                   const struct rx_pool_rows *rows, uint64_t *ret_rows, struct rx_error *err)
    RX_MUST_CHECK;

/* The pool as it was after the last event of block `at`. *ret is owned by the caller. */
int rx_replay_until(const struct rx_pool_rows *rows, bool lp, uint64_t at, struct rx_pool **ret,
                    struct rx_error *err) RX_MUST_CHECK;
