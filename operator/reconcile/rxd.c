// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "operator/kube/workqueue.h"
#include "operator/reconcile/children.h"
#include "operator/reconcile/controller.h"
#include "operator/reconcile/live.h"
#include "operator/reconcile/status.h"

#define STALE_MS       200                /* until the cache has caught up */
#define WAIT_MS        (2 * RX_MS_PER_S)  /* for the garbage collector */
#define UNREACHABLE_MS (30 * RX_MS_PER_S) /* at most between two tries */
#define REFUSED_MS     (60 * RX_MS_PER_S) /* the same for what a human must mend */

static struct rx_pass_result done(void)
{
    return (struct rx_pass_result){.verdict = RX_DONE};
}

static struct rx_pass_result retry(const struct rx_error *err, int64_t at_least, int64_t at_most)
{
    return (struct rx_pass_result){
        .verdict = RX_RETRY, .after_ms = at_least, .up_to_ms = at_most, .err = *err};
}

static struct rx_str record_uid(const struct rx_record *record)
{
    return rx_str_of(record->uid);
}

int rx_write_status(struct rx_pass *pass, struct rx_store *store, const struct rx_record *record,
                    const json_t *status, const struct rx_json *live, struct rx_error *err)
{
    rx_buf_clear(pass->text);
    int rc = rx_status_patch(status, live, record->rv, pass->text);
    if (rc <= 0) {
        return rc < 0 ? rx_error_set(err, rc, "status cannot be written") : 0;
    }
    rx_auto(kube_result) struct rx_kube_result result = {0};
    const struct rx_kube_ref ref = {rx_store_kind(store), rx_str_of(record->ns),
                                    rx_str_of(record->name)};
    rc = rx_kube_merge_patch(pass->client, &ref, "status", rx_buf_str(pass->text), &result, err);
    if (rc == RX_ECONFLICT && err) {
        err->retryable = true;
    }
    if (rc < 0) {
        return rc;
    }
    /* On failure the watch brings it. */
    (void)!rx_store_put_own(store, rx_json_root(result.doc), NULL);
    return 1;
}

/* ---- events ---- */

static void emit(struct rx_pass *pass, const struct rx_record *record, bool warning,
                 const char *reason, const char *action, const char *note)
{
    const struct rx_event event = {.kind = &rx_kind_rxd,
                                   .ns = rx_str_of(record->ns),
                                   .name = rx_str_of(record->name),
                                   .uid = record_uid(record),
                                   .warning = warning,
                                   .reason = reason,
                                   .action = action,
                                   .note = note};
    rx_events_emit(pass->events, pass->client, &event);
}

/* Only what flipped is told. */
static void emit_flips(struct rx_pass *pass, const struct rx_record *record,
                       const struct rx_json *live, const struct rx_condition *c)
{
    const struct rx_json *conditions = rx_json_get(live, "conditions");
    enum rx_condition_status ready = rx_condition_live(conditions, "Ready");
    enum rx_condition_status stalled = rx_condition_live(conditions, "Stalled");
    if (c[RX_C_STALLED].status == RX_COND_TRUE && stalled != RX_COND_TRUE) {
        emit(pass, record, true, c[RX_C_STALLED].reason, "Reconcile", c[RX_C_STALLED].message);
    } else if (c[RX_C_READY].status == RX_COND_TRUE && ready != RX_COND_TRUE) {
        emit(pass, record, false, "Ready", "Reconcile", c[RX_C_READY].message);
    } else if (c[RX_C_READY].status == RX_COND_FALSE && ready == RX_COND_TRUE) {
        emit(pass, record, true, "NotReady", "Reconcile", c[RX_C_READY].message);
    }
}

/* ---- what the caches say of the children ---- */

static const struct rx_record *find_child(struct rx_pass *pass, const struct rx_rxd *rxd,
                                          const char *kind)
{
    for (size_t i = 0; i < rx_render_children_n; i++) {
        const struct rx_render_child *child = &rx_render_children[i];
        if (strcmp(child->kind, kind) == 0) {
            char name[RX_CHILD_NAME_MAX], key[RX_KEY_LEN];
            struct rx_store *store = rx_cache_child(pass->cache, child, rxd->ns);
            rx_render_name(child, rxd, name);
            return store ? rx_store_get(store, rx_store_key(rxd->ns, rx_str_of(name), key)) : NULL;
        }
    }
    return NULL;
}

/* The record only when this CR controls it. */
static const struct rx_record *own_child(struct rx_pass *pass, const struct rx_rxd *rxd,
                                         const char *kind)
{
    const struct rx_record *record = find_child(pass, rxd, kind);
    if (record && !rx_str_is(rxd->uid, record->owner_uid)) {
        rx_record_unref(record);
        return NULL;
    }
    return record;
}

/* True when the CR has sources; then *ret is the condition. */
static bool ask_synced(struct rx_pass *pass, const struct rx_rxd *rxd, struct rx_str key,
                       const struct rx_deploy_live *deploy, struct rx_condition *ret)
{
    if (rx_json_len(rxd->sources) == 0 || rxd->suspend) {
        rx_synced_forget(pass->synced, key);
        return false;
    }
    const struct rx_record *service = own_child(pass, rxd, "Service");
    const struct rx_service_live *live = service ? service->extra : NULL;
    const char *address = live && deploy && deploy->ready > 0 ? live->cluster_ip : NULL;
    rx_synced_get(pass->synced, key, address, ret);
    rx_record_unref(service);
    return true;
}

/* ---- the pass ---- */

/* One RadarXDeployment being worked on. */
struct work {
    struct rx_pass *pass;
    struct rx_str key;
    struct rx_store *store;
    const struct rx_record *record;
    const struct rx_json *live; /* status */
    struct rx_rxd rxd;
    struct rx_sync sync;
};

static enum rx_outcome outcome_of(const struct rx_sync *sync)
{
    if (sync->err.code == 0) {
        return RX_OUTCOME_APPLIED;
    }
    if (sync->waiting) {
        return RX_OUTCOME_WAITING;
    }
    return sync->conflict ? RX_OUTCOME_CONFLICT : RX_OUTCOME_FAILED;
}

static int report(struct work *work, enum rx_outcome outcome, const char *error,
                  struct rx_error *err)
{
    struct rx_pass *pass = work->pass;
    struct rx_condition conditions[RX_C_N], synced = {0};
    rx_auto(build) json_t *status = NULL;
    const struct rx_record *deployment = own_child(pass, &work->rxd, "Deployment");
    const struct rx_deploy_live *live = deployment ? deployment->extra : NULL;
    bool has_synced =
        outcome != RX_OUTCOME_INVALID && ask_synced(pass, &work->rxd, work->key, live, &synced);
    const struct rx_render_in in = {&work->rxd, pass->operator_namespace};
    const struct rx_status_in status_in = {.render = &in,
                                           .live = work->live,
                                           .outcome = outcome,
                                           .error = error,
                                           .n_children = work->sync.n_wanted,
                                           .deploy = live,
                                           .deploy_generation =
                                               deployment ? deployment->generation : 0,
                                           .synced = has_synced ? &synced : NULL,
                                           .now_s = rx_clock_real_ms(pass->clock) / RX_MS_PER_S};
    int rc = rx_status_build(&status_in, conditions, &status, err);
    rx_record_unref(deployment);
    if (rc == 0) {
        rc = rx_write_status(pass, work->store, work->record, status, work->live, err);
    }
    if (rc == 1) {
        emit_flips(pass, work->record, work->live, conditions);
    }
    return rc < 0 ? rc : 0;
}

/* When to come back after a status that could not be written. */
static struct rx_pass_result unwritten(const struct work *work, const struct rx_error *err)
{
    if (err->code == -ENOENT) {
        return done(); /* deleted meanwhile */
    }
    if (err->code == RX_ECONFLICT) {
        return (struct rx_pass_result){.verdict = RX_AFTER, .after_ms = STALE_MS};
    }
    return retry(err, rx_kube_client_retry_after_ms(work->pass->client), UNREACHABLE_MS);
}

/* When to come back for children that are not as wanted. */
static struct rx_pass_result unsettled(const struct rx_sync *sync)
{
    if (sync->waiting) {
        return (struct rx_pass_result){.verdict = RX_AFTER, .after_ms = WAIT_MS};
    }
    return retry(&sync->err, sync->retry_after_ms,
                 sync->err.retryable ? UNREACHABLE_MS : REFUSED_MS);
}

static struct rx_pass_result sync_and_report(struct work *work)
{
    struct rx_pass *pass = work->pass;
    struct rx_error err = {0};
    const struct rx_render_in in = {&work->rxd, pass->operator_namespace};
    work->sync = (struct rx_sync){.cache = pass->cache,
                                  .wants = pass->wants,
                                  .client = pass->client,
                                  .in = &in,
                                  .key = work->key,
                                  .text = pass->text,
                                  .body = pass->body};
    struct rx_sync *sync = &work->sync;
    int rc = rx_sync_children(sync);
    /* What passes by itself is tried again before anybody is told. */
    if (rc < 0 && sync->err.retryable && !sync->waiting) {
        return unsettled(sync);
    }
    if (report(work, outcome_of(sync), sync->err.msg, &err) < 0) {
        return unwritten(work, &err);
    }
    if (sync->n_repaired > 0) {
        char note[160];
        snprintf(note, sizeof(note), "%s had been changed and was put right", sync->repaired);
        emit(pass, work->record, false, "DriftRepaired", "Apply", note);
    }
    return rc < 0 ? unsettled(sync) : done();
}

static struct rx_pass_result reconcile(struct work *work)
{
    const struct rx_json_limits limits = {.allow_duplicate_keys = true};
    rx_auto(json_doc) struct rx_json_doc *doc = NULL;
    struct rx_error err = {0};
    if (rx_json_parse(work->record->body, &limits, &doc, &err) < 0) {
        return retry(&err, 0, RX_BACKOFF_MAX_MS);
    }
    work->live = rx_json_get(rx_json_root(doc), "status");
    int rc = rx_rxd_read(rx_json_root(doc), &work->rxd, &err);
    if (work->record->deleting) {
        return done(); /* the garbage collector removes the children */
    }
    if (rc == 0) {
        return sync_and_report(work);
    }
    struct rx_error refused = {0};
    if (report(work, RX_OUTCOME_INVALID, err.msg, &refused) < 0) {
        return unwritten(work, &refused);
    }
    return done(); /* only another spec helps, and that is an event */
}

struct rx_pass_result rx_reconcile_rxd(struct rx_pass *pass, struct rx_str key)
{
    struct rx_str name = key, ns = {0};
    rx_str_cut(&name, '/', &ns);
    struct work work = {.pass = pass, .key = key, .store = rx_cache_rxd(pass->cache, ns)};
    work.record = work.store ? rx_store_get(work.store, key) : NULL;
    if (!work.record) {
        rx_wants_forget(pass->wants, key);
        rx_synced_forget(pass->synced, key);
        return done();
    }
    struct rx_pass_result result = reconcile(&work);
    rx_record_unref(work.record);
    return result;
}
