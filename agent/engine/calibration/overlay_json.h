// SPDX-License-Identifier: Apache-2.0
/*
 * Overlays and the audit trail as JSON. A set of overlays is one document:
 * {"format":"radarx-recalibration","format_version":1,"targets":[{overlay, "previous":[...]}]}.
 * Reading is strict: a document from a disk is as untrusted as any other. Thread-safe.
 */
#pragma once

#include "agent/engine/calibration/recalibrate.h"
#include "common/json/write.h"

#define RX_OVERLAY_MAX_TARGETS 64

struct rx_overlay_set {
    size_t n;
    struct rx_overlay *top[RX_OVERLAY_MAX_TARGETS]; /* owned: one stack a target, never NULL */
};

void rx_overlay_set_clear(struct rx_overlay_set *set);
RX_DEFINE_CLEANUP_INPLACE(overlay_set, struct rx_overlay_set, rx_overlay_set_clear);

/* The stack of the target: *ret points into the set, or is NULL. */
struct rx_overlay **rx_overlay_set_find(struct rx_overlay_set *set, const char *target);
/* Puts the overlay (taken, also on error) in force. RX_ELIMIT with too many targets. */
int rx_overlay_set_push(struct rx_overlay_set *set, struct rx_overlay *overlay,
                        struct rx_error *err) RX_MUST_CHECK;
/* Takes the target's newest overlay away. RX_EINVALID when it has none. */
int rx_overlay_set_rollback(struct rx_overlay_set *set, const char *target, int64_t now,
                            struct rx_recal_event *ret, struct rx_error *err) RX_MUST_CHECK;

void rx_overlay_set_write(struct rx_jw *w, const struct rx_overlay_set *set);
/* *ret must be empty. RX_EPARSE, RX_EINVALID or RX_ELIMIT with the member; -ENOMEM. */
int rx_overlay_set_parse(struct rx_str text, struct rx_overlay_set *ret, struct rx_error *err)
    RX_MUST_CHECK;

/* One event as an object: a line of the audit trail. */
void rx_recal_event_write(struct rx_jw *w, const struct rx_recal_event *event);
