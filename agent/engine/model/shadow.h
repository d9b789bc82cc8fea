// SPDX-License-Identifier: Apache-2.0
/*
 * Two models on the same rows: how far apart their probabilities are. Keeps the newest rows of each
 * target that both have.
 *
 * Sources: rank correlation: C. Spearman 1904, ties averaged; population stability index: the
 * symmetrised divergence of H. Jeffreys 1946 over ten groups of equal mass of the active model.
 *
 * One thread.
 */
#pragma once

#include "agent/engine/model/model.h"

#define RX_SHADOW_ROWS 4096 /* kept a target */

struct rx_shadow;

struct rx_shadow_line {
    char target[32];
    size_t n;
    double mean_difference;  /* of |p shadow - p active| */
    double max_difference;   /* NaN like the others when n is 0 */
    double rank_correlation; /* NaN when all p of a model are equal, or n < 2 */
    double psi;              /* NaN when n < 10 */
};

struct rx_shadow_report {
    char active[64], shadow[64]; /* versions */
    size_t n_lines;
    struct rx_shadow_line lines[RX_MODEL_MAX_TARGETS];
};

/* The models are read for their names only, and need not outlive the call. */
int rx_shadow_new(const struct rx_model *active, const struct rx_model *shadow,
                  struct rx_shadow **ret, struct rx_error *err) RX_MUST_CHECK;
void rx_shadow_free(struct rx_shadow *shadow);
RX_DEFINE_CLEANUP(shadow, struct rx_shadow *, rx_shadow_free);

/* One row: the estimates of the active and of the shadow model, each in its own target order. */
void rx_shadow_add(struct rx_shadow *shadow, const struct rx_estimate *active,
                   const struct rx_estimate *other);
size_t rx_shadow_rows(const struct rx_shadow *shadow);
/* -ENOMEM only. */
int rx_shadow_report(const struct rx_shadow *shadow, struct rx_shadow_report *ret,
                     struct rx_error *err) RX_MUST_CHECK;
