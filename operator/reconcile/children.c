// SPDX-License-Identifier: Apache-2.0
/*
 * Preconditions keep a stale cache from doing harm: a child that the cache lacks is applied with a
 * resourceVersion that no object has, so that it can only be created; one that the cache has is
 * applied with its uid. A refusal is looked into with a GET.
 */
#include "operator/reconcile/children.h"

#include <errno.h>
#include <string.h>

#include "common/base/random.h"
#include "common/base/sha256.h"
#include "operator/reconcile/intent.h"
#include "operator/reconcile/live.h"

#define HANDOVER_MANAGER "radarx-operator-handover"
/* The apiserver creates with any version when there is no object, and answers 409 when there is. */
#define NO_OBJECT_VERSION "1"

/* One child on its way. */
struct child {
    const struct rx_render_child *row;
    size_t index;
    struct rx_kube_ref ref;
    struct rx_store *store;
    const struct rx_record *live; /* reference, or NULL */
    bool answered;                /* live is the server's answer to our own write */
    char name[RX_CHILD_NAME_MAX], key[RX_KEY_LEN];
};

static void child_fini(struct child *child)
{
    rx_record_unref(child->live);
}
RX_DEFINE_CLEANUP_INPLACE(child, struct child, child_fini);

static int child_init(struct rx_sync *sync, size_t index, struct child *child)
{
    const struct rx_rxd *rxd = sync->in->rxd;
    *child = (struct child){.row = &rx_render_children[index], .index = index};
    rx_render_name(child->row, rxd, child->name);
    child->ref = (struct rx_kube_ref){rx_cache_child_kind(sync->cache, child->row), rxd->ns,
                                      rx_str_of(child->name)};
    child->store = rx_cache_child(sync->cache, child->row, rxd->ns);
    if (!child->store) {
        return rx_error_set(&sync->err, RX_EINVALID, "namespace is not watched");
    }
    child->live = rx_store_get(child->store, rx_store_key(rxd->ns, child->ref.name, child->key));
    return 0;
}

/* Looks the store up again after a write. */
static void refresh(struct child *child)
{
    rx_record_unref(child->live);
    child->live = rx_store_get(child->store, rx_str_of(child->key));
}

static bool is_ours(const struct rx_sync *sync, const struct rx_record *record)
{
    return rx_str_is(sync->in->rxd->uid, record->owner_uid);
}

/* A former CR of this name owned it: the garbage collector is about to take it. */
static bool is_orphan(const struct rx_sync *sync, const struct rx_record *record)
{
    return rx_str_is(sync->in->rxd->name, record->owner_name) && !is_ours(sync, record);
}

static int conflict(struct rx_sync *sync, const struct child *child, struct rx_error *err)
{
    sync->conflict = true;
    return rx_error_set(err, RX_ECONFLICT,
                        "%s %s exists and is not controlled by this RadarXDeployment: rename or "
                        "delete one of them",
                        child->row->kind, child->name);
}

static int wait_for_deletion(struct rx_sync *sync, const struct child *child, struct rx_error *err)
{
    sync->waiting = true;
    rx_error_set(err, RX_ECONFLICT, "%s %s of a deleted RadarXDeployment of this name remains",
                 child->row->kind, child->name);
    err->retryable = true;
    return RX_ECONFLICT;
}

static void remember(struct rx_sync *sync, struct child *child, struct rx_kube_result *result)
{
    /* On failure the watch brings the object; until then a pass may repeat an apply. */
    if (result->doc) {
        (void)!rx_store_put_own(child->store, rx_json_root(result->doc), NULL);
    }
    refresh(child);
    struct rx_str rv =
        rx_json_str(rx_json_at(rx_json_root(result->doc), "metadata.resourceVersion"));
    child->answered = child->live && rv.n > 0 && rx_str_is(rv, child->live->rv);
    sync->n_written++;
}

/* Owner uid of an object that a GET showed; {NULL, 0} when it has no controller. */
static struct rx_str controller_uid(const struct rx_json *object)
{
    RX_JSON_FOREACH (iter, rx_json_at(object, "metadata.ownerReferences")) {
        if (rx_json_bool(rx_json_get(iter.value, "controller"), false)) {
            return rx_json_str(rx_json_get(iter.value, "uid"));
        }
    }
    return (struct rx_str){0};
}

static bool was_of_namesake(const struct rx_sync *sync, const struct rx_json *object)
{
    RX_JSON_FOREACH (iter, rx_json_at(object, "metadata.ownerReferences")) {
        if (rx_json_bool(rx_json_get(iter.value, "controller"), false)) {
            return rx_str_is(rx_json_str(rx_json_get(iter.value, "kind")), RX_RXD_KIND) &&
                   rx_str_eq(rx_json_str(rx_json_get(iter.value, "name")), sync->in->rxd->name);
        }
    }
    return false;
}

/*
 * A write was refused because the object is not what the cache says. 0: it is ours after all (the
 * cache was behind, or it lost our label) and *ret_uid tells which; else the error to report.
 */
static int look(struct rx_sync *sync, struct child *child, struct rx_kube_result *result,
                struct rx_error *err)
{
    int rc = rx_kube_get(sync->client, &child->ref, result, err);
    if (rc == -ENOENT) {
        err->retryable = true; /* it has just gone */
        return rc;
    }
    if (rc < 0) {
        return rc;
    }
    const struct rx_json *object = rx_json_root(result->doc);
    if (rx_str_eq(controller_uid(object), sync->in->rxd->uid)) {
        return 0;
    }
    return was_of_namesake(sync, object) ? wait_for_deletion(sync, child, err)
                                         : conflict(sync, child, err);
}

/* ---- applying ---- */

static int apply(struct rx_sync *sync, struct child *child, const struct rx_intent *intent,
                 struct rx_str uid, struct rx_error *err)
{
    const char *field = uid.n > 0 ? "uid" : "resourceVersion";
    struct rx_str value = uid.n > 0 ? uid : RX_STR(NO_OBJECT_VERSION);
    int rc = rx_intent_body(intent, field, value, sync->body, err);
    if (rc < 0) {
        return rc;
    }
    rx_auto(kube_result) struct rx_kube_result result = {0};
    rc = rx_kube_apply(sync->client, &child->ref, NULL, rx_buf_str(sync->body), &result, err);
    if (rc == 0) {
        remember(sync, child, &result);
    }
    return rc;
}

/* The cache was wrong about the object: asks the server and applies by what it says. */
static int apply_again(struct rx_sync *sync, struct child *child, const struct rx_intent *intent,
                       struct rx_error *err)
{
    rx_auto(kube_result) struct rx_kube_result result = {0};
    int rc = look(sync, child, &result, err);
    if (rc < 0) {
        return rc;
    }
    struct rx_str uid = rx_json_str(rx_json_at(rx_json_root(result.doc), "metadata.uid"));
    return apply(sync, child, intent, uid, err);
}

/* Gives spec.replicas to a manager of its own before our intent drops it, or it would become 1. */
static int hand_over(struct rx_sync *sync, const struct child *child, struct rx_error *err)
{
    const struct rx_deploy_live *live = child->live->extra;
    rx_auto(build) json_t *intent = json_pack(
        "{s:s, s:s, s:{s:s, s:s%, s:s}, s:{s:i}}", "apiVersion", child->row->api_version, "kind",
        child->row->kind, "metadata", "name", child->name, "namespace", child->ref.ns.p,
        child->ref.ns.n, "uid", child->live->uid, "spec", "replicas", (int)live->spec_replicas);
    rx_buf_clear(sync->body);
    if (!intent || rx_build_write(intent, sync->body) < 0) {
        return rx_error_errno(err, ENOMEM, "hand-over of replicas");
    }
    sync->n_written++;
    return rx_kube_apply(sync->client, &child->ref, HANDOVER_MANAGER, rx_buf_str(sync->body), NULL,
                         err);
}

static bool drops_replicas(const struct child *child, const json_t *intent)
{
    if (!child->live || strcmp(child->row->kind, "Deployment") != 0) {
        return false;
    }
    const struct rx_deploy_live *live = child->live->extra;
    return live->owns_replicas && !json_object_get(json_object_get(intent, "spec"), "replicas");
}

/*
 * The digest differs from the intent's hash. When the object holds the intent nevertheless (the
 * server spells a value in another way), its digest is noted as good; otherwise it must be applied.
 */
static bool holds_anyway(struct rx_sync *sync, struct child *child, const struct rx_intent *intent,
                         struct rx_want *want)
{
    rx_auto(kube_result) struct rx_kube_result result = {0};
    if (!child->live->owned.applied || rx_kube_get(sync->client, &child->ref, &result, NULL) < 0) {
        return false;
    }
    const struct rx_json *object = rx_json_root(result.doc);
    struct rx_kube_owned owned;
    if (!rx_build_subset(intent->tree, object) ||
        rx_kube_owned_digest(object, RX_KUBE_FIELD_MANAGER, child->ref.kind->api_version,
                             child->ref.kind->kind, sync->body, &owned, NULL) < 0 ||
        !owned.applied) {
        return false;
    }
    (void)!rx_store_put_own(child->store, object, NULL);
    want->seen = rx_want_fingerprint(owned.digest);
    return true;
}

static void want_hash(const struct rx_intent *intent, struct rx_want *want)
{
    uint64_t hash = rx_want_fingerprint(intent->hash);
    if (want->hash != hash) {
        *want = (struct rx_want){.hash = hash};
    }
}

/* Tells the loop what is coming, so that the echo of our own write is no news to it. */
static void announce(struct rx_sync *sync, const struct rx_want_set *set)
{
    /* Without memory for it the echo costs one more pass; nothing is lost. */
    (void)!rx_wants_set(sync->wants, sync->key, set);
}

/*
 * After an apply: what the server made of it counts as the intent from now on. Not so when the
 * watch was faster with a later version: that may hold somebody's change already.
 */
static void note_spelling(struct child *child, struct rx_want *want)
{
    if (child->answered && child->live->owned.applied && !child->live->owned.consistent) {
        want->seen = rx_want_fingerprint(child->live->owned.digest);
    }
}

static int write_applied(struct rx_sync *sync, struct child *child, const struct rx_intent *intent,
                         struct rx_error *err)
{
    if (drops_replicas(child, intent->tree)) {
        int rc = hand_over(sync, child, err);
        if (rc < 0) {
            return rc;
        }
    }
    struct rx_str uid = rx_str_of(child->live ? child->live->uid : "");
    /* A copy: the record is replaced by the answer. */
    char known[64] = "";
    if (uid.n < sizeof(known)) {
        memcpy(known, uid.p, uid.n);
    }
    int rc = apply(sync, child, intent, rx_str_of(known), err);
    bool maybe_stale =
        rc == RX_ECONFLICT || (rc == RX_EINVALID && strstr(err->msg, "metadata.uid"));
    return maybe_stale ? apply_again(sync, child, intent, err) : rc;
}

static int sync_applied(struct rx_sync *sync, struct child *child, struct rx_want_set *set,
                        struct rx_error *err)
{
    rx_auto(intent) struct rx_intent intent = {0};
    struct rx_want *want = &set->child[child->index];
    bool was_settled = set->complete;
    int rc = rx_intent_render(child->row, sync->in, sync->text, &intent, err);
    if (rc < 0) {
        return rc;
    }
    want_hash(&intent, want);
    if (child->live && rx_want_holds(want, child->live)) {
        return 0;
    }
    /* Applied from this very intent, but with another digest: drift, or another spelling. */
    bool same_intent = child->live && rx_want_fingerprint(child->live->owned.hash) == want->hash;
    if (same_intent && holds_anyway(sync, child, &intent, want)) {
        announce(sync, set);
        return 0;
    }
    announce(sync, set);
    rc = write_applied(sync, child, &intent, err);
    if (rc < 0) {
        return rc;
    }
    note_spelling(child, want);
    if (was_settled && sync->n_repaired++ == 0) {
        snprintf(sync->repaired, sizeof(sync->repaired), "%s %s", child->row->kind, child->name);
    }
    return 0;
}

/* ---- the generated Secret ---- */

static int create_keys(struct rx_sync *sync, struct child *child, struct rx_error *err)
{
    rx_auto(build) json_t *secret = NULL;
    int rc = rx_render_child(child->row, sync->in, &secret, err);
    if (rc < 0) {
        return rc;
    }
    char keys[2][48];
    rx_random_base64url(keys[0], 32);
    rx_random_base64url(keys[1], 32);
    rc = rx_render_secret_keys(secret, rx_str_of(keys[0]), rx_str_of(keys[1]));
    explicit_bzero(keys, sizeof(keys));
    rx_buf_clear(sync->text);
    if (rc < 0 || rx_build_write(secret, sync->text) < 0) {
        return rx_error_errno(err, ENOMEM, "Secret");
    }
    rx_auto(kube_result) struct rx_kube_result result = {0};
    rc = rx_kube_create(sync->client, &child->ref, rx_buf_str(sync->text), &result, err);
    explicit_bzero(sync->text->p, sync->text->n);
    if (rc == 0) {
        remember(sync, child, &result);
    }
    return rc;
}

static int sync_created(struct rx_sync *sync, struct child *child, struct rx_want_set *set,
                        struct rx_error *err)
{
    struct rx_want *want = &set->child[child->index];
    bool adopted = want->seen != 0; /* it lost our label: there, but not in the cache */
    want->hash = RX_WANT_ANY;
    if (child->live || adopted) {
        return 0;
    }
    announce(sync, set);
    int rc = create_keys(sync, child, err);
    if (rc == RX_ECONFLICT) {
        rx_auto(kube_result) struct rx_kube_result result = {0};
        rc = look(sync, child, &result, err);
        want->seen = rc == 0 ? 1 : 0;
    }
    return rc;
}

/* ---- removing ---- */

static int sync_absent(struct rx_sync *sync, struct child *child, struct rx_want_set *set,
                       struct rx_error *err)
{
    set->child[child->index] = (struct rx_want){0};
    if (!child->live || !is_ours(sync, child->live) || child->live->deleting) {
        return 0;
    }
    announce(sync, set);
    int rc = rx_kube_delete(sync->client, &child->ref, rx_str_of(child->live->uid), err);
    if (rc == 0) {
        sync->n_written++;
    }
    /* 404: gone already. 409: another object of that name now, which is not ours to delete. */
    return rc == -ENOENT || rc == RX_ECONFLICT ? 0 : rc;
}

/* ---- all ---- */

static int sync_child(struct rx_sync *sync, size_t index, bool wanted, struct rx_want_set *set,
                      struct rx_error *err)
{
    rx_auto(child) struct child child;
    int rc = child_init(sync, index, &child);
    if (rc < 0) {
        return rc;
    }
    if (!wanted) {
        return sync_absent(sync, &child, set, err);
    }
    sync->n_wanted++;
    if (child.live && !is_ours(sync, child.live)) {
        return is_orphan(sync, child.live) ? wait_for_deletion(sync, &child, err)
                                           : conflict(sync, &child, err);
    }
    return child.row->create_only ? sync_created(sync, &child, set, err)
                                  : sync_applied(sync, &child, set, err);
}

/* Whether every child is still as the last complete pass left it. */
static bool is_settled(struct rx_sync *sync, const struct rx_want_set *set)
{
    sync->n_wanted = 0;
    for (size_t i = 0; i < rx_render_children_n; i++) {
        rx_auto(child) struct child child;
        if (child_init(sync, i, &child) < 0) {
            return false;
        }
        const struct rx_want *want = &set->child[i];
        bool adopted = want->hash == RX_WANT_ANY && want->seen != 0;
        if (!adopted && !rx_want_holds(want, child.live) &&
            !(want->hash == 0 && child.live && child.live->deleting)) {
            return false;
        }
        if (want->hash != 0 && child.live && !is_ours(sync, child.live)) {
            return false;
        }
        sync->n_wanted += want->hash != 0;
    }
    return true;
}

static void note_failure(struct rx_sync *sync, const struct rx_error *err)
{
    int64_t wait = rx_kube_client_retry_after_ms(sync->client);
    if (wait > sync->retry_after_ms) {
        sync->retry_after_ms = wait;
    }
    /* A refusal that needs a human is told before one that passes by itself. */
    if (sync->err.code == 0 || (sync->err.retryable && !err->retryable)) {
        sync->err = *err;
    }
    bool answered = err->code == RX_ESTATUS || err->code == RX_ECONFLICT ||
                    err->code == RX_EINVALID || err->code == -EACCES || err->code == -ENOENT ||
                    err->code == RX_EGONE;
    sync->unreachable = sync->unreachable || (err->retryable && !answered);
}

/* Removals first: an autoscaler must be gone before replicas are ours again. */
static void sync_all(struct rx_sync *sync, struct rx_want_set *set)
{
    for (int removing = 1; removing >= 0; removing--) {
        for (size_t i = 0; i < rx_render_children_n && !sync->unreachable; i++) {
            bool wanted = rx_render_children[i].enabled(sync->in);
            struct rx_error err = {0};
            if (wanted != (removing == 1) && sync_child(sync, i, wanted, set, &err) < 0) {
                note_failure(sync, &err);
            }
        }
    }
}

int rx_sync_children(struct rx_sync *sync)
{
    const struct rx_rxd *rxd = sync->in->rxd;
    unsigned char digest[32];
    struct rx_sha256 sha;
    rx_sha256_init(&sha);
    rx_sha256_update(&sha, rxd->uid.p, rxd->uid.n);
    rx_sha256_final(&sha, digest);
    const uint64_t uid = rx_want_fingerprint(digest);

    struct rx_want_set set = {0};
    if (!rx_wants_get(sync->wants, sync->key, &set) || set.uid != uid) {
        set = (struct rx_want_set){.uid = uid};
    }
    if (set.generation != rxd->generation) {
        set.complete = false;
        set.generation = rxd->generation;
    }
    if (set.complete && is_settled(sync, &set)) {
        return 0;
    }
    sync->n_wanted = 0;
    sync_all(sync, &set);
    set.complete = sync->err.code == 0;
    announce(sync, &set);
    return sync->err.code;
}
