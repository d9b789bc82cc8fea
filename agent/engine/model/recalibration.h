// SPDX-License-Identifier: Apache-2.0
/*
 * What recalibration put on top of one model: for some of its targets a map from its log-odds to
 * better ones (calibration/recalibrate.h), which the evaluation applies after the head's own
 * calibration and before the projection that makes the heatmap monotone. The model itself never
 * changes. Immutable once made; thread-safe.
 */
#pragma once

#include "agent/engine/calibration/overlay_json.h"
#include "agent/engine/model/model.h"

struct rx_recalibration;

/*
 * From the text of rx_overlay_set_write. RX_EINVALID when it is not of this model: another version,
 * or a target that it does not have; the errors of rx_overlay_set_parse; -ENOMEM.
 */
int rx_recalibration_new(const struct rx_model *model, struct rx_str state,
                         struct rx_recalibration **ret, struct rx_error *err) RX_MUST_CHECK;
void rx_recalibration_free(struct rx_recalibration *recalibration);
RX_DEFINE_CLEANUP(recalibration, struct rx_recalibration *, rx_recalibration_free);

/* Of the model that it is for; borrowed. */
const char *rx_recalibration_sha256(const struct rx_recalibration *recalibration);
/* The map in force for the model's target, or NULL; borrowed. NULL has none for any. */
const struct rx_overlay *rx_recalibration_of(const struct rx_recalibration *recalibration,
                                             size_t target);
/* One value, an array of the targets that have a map (NULL: none): [{"target", "number", "method",
 * "made_at", "fitted_on": {"rows", "positives"}, "from", "to", "test": {"rows", "positives",
 * "groups", "from", "to", "log_loss_before", "log_loss_after", "brier_before", "brier_after",
 * "oe_before", "oe_after"}}], times as RFC 3339. */
void rx_recalibration_write(struct rx_jw *w, const struct rx_recalibration *recalibration);

/*
 * Evaluations and explanations with this scratch apply it from now on; NULL: none. Borrowed: it
 * must be that of the model that is evaluated, and live until another one is set.
 */
void rx_model_scratch_recalibrate(struct rx_model_scratch *scratch,
                                  const struct rx_recalibration *recalibration);
const struct rx_recalibration *
rx_model_scratch_recalibration(const struct rx_model_scratch *scratch);
