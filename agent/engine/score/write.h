// SPDX-License-Identifier: Apache-2.0
/*
 * A score as JSON: what the server answers and what `radarx-agent score --json` prints. Each
 * function writes members of the object that is open in `w`, and adds to `unknown` what it wrote as
 * null and to `notes` what is known with a reservation. Not thread-safe on one rx_score_writer.
 */
#pragma once

#include "agent/engine/score/notes.h"
#include "agent/engine/score/score.h"
#include "agent/engine/score/sentence.h"

#define RX_TOP_FEATURES 5

struct rx_score_writer {
    struct rx_jw *w;
    const struct rx_model *model;
    const struct rx_score *score;
    struct rx_model_scratch *scratch; /* the one that computed the score */
    const double *features;           /* as measured: [RX_F_MAX] */
    unsigned horizons, multipliers;   /* masks of rx_horizons, rx_multipliers */
    bool no_events;                   /* the pool has had none: nothing else explains its gaps */
    struct rx_notes unknown, notes;
};

/* "probability_heatmap": {"horizons": {"24h": {"2x": ESTIMATE | null, ...}, ...}}; ESTIMATE =
 * {"probability", "confidence_interval": {"lower", "upper", "confidence_level"}}. */
void rx_score_write_heatmap(struct rx_score_writer *x);
/* "rug_probability": {"24h": ESTIMATE | null, ...}. */
void rx_score_write_rug(struct rx_score_writer *x);
/* "probabilities": {"rug_24h": ESTIMATE | null, ...}: every target of the model by its name. */
void rx_score_write_targets(struct rx_score_writer *x);
/* "risk_score": what rx_risk_write writes. */
void rx_score_write_risk(struct rx_score_writer *x);
/* "explanations": {"probability_2x_24h": {"base", "log_odds", "other", "top_features":
 * [{"feature_name", "value", "unit", "contribution", "direction", "description"}]},
 * "rug_probability_24h": ..., "risk_score": ..., "rug_risk": ...}. base + the contributions + other
 * = log_odds; of the risks, points. */
void rx_score_write_explanations(struct rx_score_writer *x);
/* "features": {"token_features", "liquidity_features", "holder_features", "social_features",
 * "dev_features", "market_features", "security_features", "pool_features"}; a group of which
 * nothing is known is null. */
void rx_score_write_features(struct rx_score_writer *x);
/* "model_metadata": {"model_version", "feature_version", "calibration_date", "recalibration"}; the
 * last as rx_recalibration_write. */
void rx_score_write_model(struct rx_score_writer *x);
/* A member that is null, and why. */
void rx_score_write_unknown(struct rx_score_writer *x, const char *group, const char *key,
                            const char *reason);
