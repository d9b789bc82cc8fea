// SPDX-License-Identifier: Apache-2.0
/*
 * Inductive Venn-Abers predictor: for a new score it answers two probabilities, those of isotonic
 * regression on the calibration rows with the new row added as a negative (p0) and as a positive
 * (p1). One of them is calibrated whatever the distribution, and p1 - p0 shows how little is known.
 *
 * Sources: V. Vovk, I. Petej 2014; V. Vovk, I. Petej, V. Fedorova 2015 (precomputation). The two
 * step functions are computed in O(n log n) by walking the common tangent of two convex hulls of
 * the cumulative sums; a look-up is O(log n).
 *
 * A fit is immutable and may be read by several threads.
 */
#pragma once

#include "agent/engine/calibration/isotonic.h"

struct rx_venn_abers;

/* Rows as in isotonic.h, labels 0 or 1 (or shares), without weights. */
int rx_venn_abers_fit(const struct rx_cal_rows *rows, struct rx_venn_abers **ret,
                      struct rx_error *err) RX_MUST_CHECK;
void rx_venn_abers_free(struct rx_venn_abers *va);
RX_DEFINE_CLEANUP(venn_abers, struct rx_venn_abers *, rx_venn_abers_free);

/* p0 <= p1 for the score. */
void rx_venn_abers_at(const struct rx_venn_abers *va, double score, double *ret_p0, double *ret_p1);
/* One probability that minimises the worst regret in log loss: p1 / (1 - p0 + p1). */
double rx_venn_abers_merge(double p0, double p1);
