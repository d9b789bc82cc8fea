// SPDX-License-Identifier: Apache-2.0
/* A score as a page that a person reads. One thread. */
#pragma once

#include "agent/engine/score/write.h"
#include "common/base/buf.h"

struct rx_score_page {
    const char *pool, *token; /* 0x and 40 hex digits */
    unsigned long long block; /* as of */
    const double *features;   /* as measured: [RX_F_MAX] */
    const struct rx_model *model;
    const struct rx_score *score;
    struct rx_model_scratch *scratch; /* the one that computed the score */
};

/* Appends plain text, lines of at most about 110 columns. */
void rx_score_table(const struct rx_score_page *page, struct rx_buf *out);
