// SPDX-License-Identifier: Apache-2.0
#include "operator/reconcile/status.h"

#include <errno.h>
#include <string.h>

static const char *const types[RX_C_N] = {"Applied", "Ready",     "Reconciling",
                                          "Stalled", "Available", "Synced"};

/* What a Deployment says about the agents. */
struct agents {
    int wanted, ready, exist;
    bool settled; /* the rollout of this generation is complete and all are ready */
};

static struct agents count_agents(const struct rx_status_in *in)
{
    const struct rx_rxd *rxd = in->render->rxd;
    const struct rx_deploy_live *live = in->deploy;
    struct agents agents = {.wanted = rx_rxd_floor(rxd)};
    if (!live) {
        return agents;
    }
    bool scaled = rxd->scaling.enabled && !rxd->suspend;
    if (scaled && live->spec_replicas > agents.wanted) {
        agents.wanted = live->spec_replicas; /* the autoscaler asks for more */
    }
    agents.ready = live->ready;
    agents.exist = live->replicas;
    agents.settled = live->observed_generation >= in->deploy_generation &&
                     in->deploy_generation > 0 && live->updated >= agents.wanted &&
                     live->replicas <= live->updated && live->available >= agents.wanted &&
                     live->ready >= agents.wanted;
    return agents;
}

static const char *outcome_reason(enum rx_outcome outcome)
{
    switch (outcome) {
    case RX_OUTCOME_INVALID:
        return "InvalidSpec";
    case RX_OUTCOME_CONFLICT:
        return "Conflict";
    case RX_OUTCOME_WAITING:
        return "WaitingForDeletion";
    case RX_OUTCOME_FAILED:
        return "ApplyFailed";
    case RX_OUTCOME_APPLIED:
        break;
    }
    return "AllApplied";
}

/* Children that could not be applied decide everything but Available and Synced. */
static void set_failed(const struct rx_status_in *in, struct rx_condition *c)
{
    const char *reason = outcome_reason(in->outcome);
    rx_condition_set(&c[RX_C_APPLIED], RX_COND_FALSE, reason, "%s", in->error);
    rx_condition_set(&c[RX_C_READY], RX_COND_FALSE, reason, "%s", in->error);
    bool by_itself = in->outcome == RX_OUTCOME_WAITING;
    rx_condition_set(&c[by_itself ? RX_C_RECONCILING : RX_C_STALLED], RX_COND_TRUE, reason, "%s",
                     in->error);
}

static void set_progress(const struct rx_status_in *in, const struct agents *agents,
                         struct rx_condition *c)
{
    rx_condition_set(&c[RX_C_APPLIED], RX_COND_TRUE, "AllApplied",
                     "all %u children of this generation are applied", in->n_children);
    if (in->render->rxd->suspend && agents->exist == 0) {
        rx_condition_set(&c[RX_C_READY], RX_COND_TRUE, "Suspended", "suspended: no agents run");
    } else if (agents->settled) {
        rx_condition_set(&c[RX_C_READY], RX_COND_TRUE, "Available", "%d of %d agents are ready",
                         agents->ready, agents->wanted);
    } else if (in->deploy && in->deploy->deadline_exceeded) {
        rx_condition_set(&c[RX_C_READY], RX_COND_FALSE, "ProgressDeadlineExceeded",
                         "%d of %d agents are ready, and none has become ready for long",
                         agents->ready, agents->wanted);
        rx_condition_set(&c[RX_C_STALLED], RX_COND_TRUE, "ProgressDeadlineExceeded",
                         "the Deployment makes no progress: look at its pods");
    } else {
        rx_condition_set(&c[RX_C_READY], RX_COND_FALSE, "Progressing", "%d of %d agents are ready",
                         agents->ready, agents->wanted);
        rx_condition_set(&c[RX_C_RECONCILING], RX_COND_TRUE, "Progressing",
                         "waiting for the agents");
    }
}

static void set_available(const struct rx_status_in *in, const struct agents *agents,
                          struct rx_condition *c)
{
    bool serves = in->deploy && in->deploy->is_available && agents->ready > 0;
    if (serves) {
        rx_condition_set(c, RX_COND_TRUE, "AgentsReady", "the service answers");
    } else if (in->render->rxd->suspend) {
        rx_condition_set(c, RX_COND_FALSE, "Suspended", "suspended: no agents run");
    } else {
        rx_condition_set(c, RX_COND_FALSE, "NoAgentsReady", "fewer agents are ready than needed");
    }
}

static const char *phase_of(const struct rx_status_in *in, const struct rx_condition *c)
{
    if (c[RX_C_STALLED].status == RX_COND_TRUE) {
        return "Stalled";
    }
    if (c[RX_C_APPLIED].status != RX_COND_TRUE) {
        return "Pending";
    }
    if (in->render->rxd->suspend) {
        return "Suspended";
    }
    if (c[RX_C_READY].status == RX_COND_TRUE) {
        return "Ready";
    }
    /* Rolled out once and now short of agents: not a rollout, a loss. */
    return in->deploy && in->deploy->rolled_out ? "Degraded" : "Progressing";
}

/* The fields beside the conditions. */
static int set_fields(const struct rx_status_in *in, const struct agents *agents, json_t *status,
                      struct rx_error *err)
{
    const struct rx_rxd *rxd = in->render->rxd;
    char selector[RX_SELECTOR_MAX];
    rx_render_selector(rxd, selector);
    json_t *effective = NULL;
    int rc = rx_render_effective(in->render, &effective, err);
    if (rc < 0) {
        return rc;
    }
    json_t *service = json_sprintf("http://" RX_STR_FMT "." RX_STR_FMT ".svc",
                                   RX_STR_ARG(rxd->name), RX_STR_ARG(rxd->ns));
    rx_auto(build) json_t *fields = json_pack(
        "{s:i, s:i, s:s, s:o, s:{s:o}}", "replicas", agents->exist, "readyReplicas", agents->ready,
        "selector", selector, "effective", effective, "endpoints", "service", service);
    if (!fields || json_object_update(status, fields) < 0) {
        return rx_error_errno(err, ENOMEM, "status");
    }
    return 0;
}

int rx_status_build(const struct rx_status_in *in, struct rx_condition *conditions, json_t **ret,
                    struct rx_error *err)
{
    const struct rx_rxd *rxd = in->render->rxd;
    const struct agents agents = count_agents(in);
    for (size_t i = 0; i < RX_C_N; i++) {
        conditions[i] = (struct rx_condition){.type = types[i]};
    }
    if (in->outcome == RX_OUTCOME_APPLIED) {
        set_progress(in, &agents, conditions);
    } else {
        set_failed(in, conditions);
    }
    set_available(in, &agents, &conditions[RX_C_AVAILABLE]);
    if (in->synced) {
        conditions[RX_C_SYNCED] = *in->synced;
        conditions[RX_C_SYNCED].type = types[RX_C_SYNCED];
    }
    json_t *list = rx_conditions_build(conditions, RX_C_N, rx_json_get(in->live, "conditions"),
                                       rxd->generation, in->now_s);
    rx_auto(build) json_t *status =
        json_pack("{s:I, s:s, s:o}", "observedGeneration", (json_int_t)rxd->generation, "phase",
                  phase_of(in, conditions), "conditions", list);
    if (!status) {
        return rx_error_errno(err, ENOMEM, "status");
    }
    /* Of a spec that breaks a rule nothing else may be derived. */
    int rc = in->outcome == RX_OUTCOME_INVALID ? 0 : set_fields(in, &agents, status, err);
    if (rc == 0) {
        *ret = RX_TAKE(status);
    }
    return rc;
}
