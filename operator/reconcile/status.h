// SPDX-License-Identifier: Apache-2.0
/*
 * The status of a RadarXDeployment from what is known now. Pure: nothing in it ticks, so equal
 * inputs give an equal status. Conditions follow kstatus: Reconciling only while something moves by
 * itself, Stalled only when a human must act, Ready always.
 */
#pragma once

#include "operator/reconcile/conditions.h"
#include "operator/reconcile/live.h"
#include "operator/render/render.h"

enum rx_outcome {
    RX_OUTCOME_APPLIED,  /* every child is as wanted */
    RX_OUTCOME_INVALID,  /* the spec breaks a rule */
    RX_OUTCOME_CONFLICT, /* a name is taken */
    RX_OUTCOME_WAITING,  /* children of a deleted namesake remain */
    RX_OUTCOME_FAILED,   /* the server refused a child */
};

struct rx_status_in {
    const struct rx_render_in *render; /* its rxd: metadata at least */
    const struct rx_json *live;        /* status as it is; may be NULL */
    enum rx_outcome outcome;
    const char *error;                   /* message of an outcome that is not APPLIED */
    unsigned n_children;                 /* wanted */
    const struct rx_deploy_live *deploy; /* NULL: not there */
    int64_t deploy_generation;
    const struct rx_condition *synced; /* NULL: no sources, no condition */
    int64_t now_s;                     /* for conditions that flip */
};

enum {
    RX_C_APPLIED,
    RX_C_READY,
    RX_C_RECONCILING,
    RX_C_STALLED,
    RX_C_AVAILABLE,
    RX_C_SYNCED,
    RX_C_N
};

/* conditions: RX_C_N, all filled. *ret: the whole status, owned by the caller. */
int rx_status_build(const struct rx_status_in *in, struct rx_condition *conditions, json_t **ret,
                    struct rx_error *err) RX_MUST_CHECK;
