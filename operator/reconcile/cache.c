// SPDX-License-Identifier: Apache-2.0
#include "operator/reconcile/cache.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "operator/reconcile/live.h"

#define MAX_KINDS      16
#define MAX_NAMESPACES 64
#define CHILD_SELECTOR RX_MANAGED_BY_LABEL "=" RX_MANAGED_BY

const struct rx_kube_kind rx_kind_rxd = {RX_API_VERSION, RX_RXD_KIND, RX_RXD_PLURAL};
const struct rx_kube_kind rx_kind_alert = {RX_API_VERSION, RX_ALERT_KIND, RX_ALERT_PLURAL};

/* One watch and what it fills. */
struct feed {
    struct rx_store *store;
    struct rx_informer *informer;
};

struct kind {
    struct rx_cache *cache;
    struct rx_kube_kind type;
    struct feed feeds[MAX_NAMESPACES]; /* one, or one a namespace */
};

struct rx_cache {
    struct rx_cache_options o;
    size_t n_feeds;
    size_t n_unsynced; /* loop thread */
    atomic_bool synced;
    size_t n_kinds;
    struct kind *kinds[MAX_KINDS]; /* owned; rxd, alert, then the children's */
};

static void on_child(const struct rx_store_change *change, void *arg)
{
    struct kind *kind = arg;
    kind->cache->o.child_changed(change, &kind->type, kind->cache->o.arg);
}

static void on_rxd(const struct rx_store_change *change, void *arg)
{
    struct kind *kind = arg;
    kind->cache->o.rxd_changed(change, kind->cache->o.arg);
}

static void on_alert(const struct rx_store_change *change, void *arg)
{
    struct kind *kind = arg;
    kind->cache->o.alert_changed(change, kind->cache->o.arg);
}

static void on_synced(struct rx_informer *informer, void *arg)
{
    (void)informer;
    struct rx_cache *cache = arg;
    if (--cache->n_unsynced == 0) {
        atomic_store(&cache->synced, true);
        cache->o.synced(cache->o.arg);
    }
}

/* The server is back for one watch: the others need not sit out their back-off. */
static void on_recovered(struct rx_informer *informer, void *arg)
{
    struct rx_cache *cache = arg;
    for (size_t i = 0; i < cache->n_kinds; i++) {
        for (size_t n = 0; n < cache->n_feeds; n++) {
            if (cache->kinds[i]->feeds[n].informer != informer) {
                rx_informer_kick(cache->kinds[i]->feeds[n].informer);
            }
        }
    }
    cache->o.recovered(cache->o.arg);
}

static void store_options(const struct kind *kind, struct rx_store_options *out)
{
    bool is_child = strcmp(kind->type.api_version, RX_API_VERSION) != 0;
    *out = (struct rx_store_options){.kind = &kind->type,
                                     .owner_kind = is_child ? RX_RXD_KIND : NULL,
                                     .digest = is_child,
                                     .body = !is_child};
    if (strcmp(kind->type.kind, "Deployment") == 0) {
        out->extra_size = sizeof(struct rx_deploy_live);
        out->project = rx_deploy_project;
    } else if (strcmp(kind->type.kind, "Service") == 0) {
        out->extra_size = sizeof(struct rx_service_live);
        out->project = rx_service_project;
    }
}

static int add_feed(struct kind *kind, size_t at, rx_store_change_fn *changed, struct rx_error *err)
{
    struct rx_cache *cache = kind->cache;
    struct feed *feed = &kind->feeds[at];
    struct rx_store_options store;
    store_options(kind, &store);
    if (rx_store_new(&store, &feed->store) < 0) {
        return rx_error_errno(err, ENOMEM, "cache");
    }
    bool all = !cache->o.namespaces || !cache->o.namespaces[0];
    const struct rx_informer_options options = {
        .loop = cache->o.loop,
        .http = cache->o.http,
        .config = cache->o.config,
        .store = feed->store,
        .ns = all ? NULL : cache->o.namespaces[at],
        .label_selector = store.digest ? CHILD_SELECTOR : NULL,
        .optional = strcmp(kind->type.kind, RX_ALERT_KIND) == 0,
        .changed = changed,
        .changed_arg = kind,
        .synced = on_synced,
        .recovered = on_recovered,
        .arg = cache,
        .metrics = cache->o.metrics};
    return rx_informer_new(&options, &feed->informer, err);
}

static int add_kind(struct rx_cache *cache, struct rx_kube_kind type, rx_store_change_fn *changed,
                    struct rx_error *err)
{
    if (cache->n_kinds == MAX_KINDS) {
        return rx_error_set(err, RX_ELIMIT, "more than %d kinds to watch", MAX_KINDS);
    }
    struct kind *kind = calloc(1, sizeof(*kind));
    if (!kind) {
        return rx_error_errno(err, ENOMEM, "cache");
    }
    cache->kinds[cache->n_kinds++] = kind;
    kind->cache = cache;
    kind->type = type;
    for (size_t i = 0; i < cache->n_feeds; i++) {
        int rc = add_feed(kind, i, changed, err);
        if (rc < 0) {
            return rc;
        }
        cache->n_unsynced++;
    }
    return 0;
}

static struct kind *find_kind(struct rx_cache *cache, const char *kind)
{
    for (size_t i = 0; i < cache->n_kinds; i++) {
        if (strcmp(cache->kinds[i]->type.kind, kind) == 0) {
            return cache->kinds[i];
        }
    }
    return NULL;
}

static int add_kinds(struct rx_cache *cache, struct rx_error *err)
{
    int rc = add_kind(cache, rx_kind_rxd, on_rxd, err);
    rc = rc < 0 ? rc : add_kind(cache, rx_kind_alert, on_alert, err);
    for (size_t i = 0; rc == 0 && i < rx_render_children_n; i++) {
        const struct rx_render_child *child = &rx_render_children[i];
        if (!find_kind(cache, child->kind)) {
            rc = add_kind(cache,
                          (struct rx_kube_kind){child->api_version, child->kind, child->plural},
                          on_child, err);
        }
    }
    return rc;
}

int rx_cache_new(const struct rx_cache_options *options, struct rx_cache **ret,
                 struct rx_error *err)
{
    rx_auto(cache) struct rx_cache *cache = calloc(1, sizeof(*cache));
    if (!cache) {
        return rx_error_errno(err, ENOMEM, "cache");
    }
    cache->o = *options;
    while (options->namespaces && options->namespaces[cache->n_feeds]) {
        if (++cache->n_feeds > MAX_NAMESPACES) {
            return rx_error_set(err, RX_ELIMIT, "namespaces: more than %d", MAX_NAMESPACES);
        }
    }
    cache->n_feeds = cache->n_feeds ? cache->n_feeds : 1;
    int rc = add_kinds(cache, err);
    if (rc == 0) {
        *ret = RX_TAKE(cache);
    }
    return rc;
}

void rx_cache_free(struct rx_cache *cache)
{
    if (!cache) {
        return;
    }
    for (size_t i = 0; i < cache->n_kinds; i++) {
        for (size_t n = 0; n < cache->n_feeds; n++) {
            rx_informer_free(cache->kinds[i]->feeds[n].informer);
            rx_store_free(cache->kinds[i]->feeds[n].store);
        }
        free(cache->kinds[i]);
    }
    free(cache);
}

void rx_cache_start(struct rx_cache *cache)
{
    for (size_t i = 0; i < cache->n_kinds; i++) {
        for (size_t n = 0; n < cache->n_feeds; n++) {
            rx_informer_start(cache->kinds[i]->feeds[n].informer);
        }
    }
}

bool rx_cache_synced(const struct rx_cache *cache)
{
    return atomic_load(&cache->synced);
}

static struct rx_store *store_in(const struct rx_cache *cache, const struct kind *kind,
                                 struct rx_str ns)
{
    if (!cache->o.namespaces || !cache->o.namespaces[0]) {
        return kind->feeds[0].store;
    }
    for (size_t i = 0; i < cache->n_feeds; i++) {
        if (rx_str_is(ns, cache->o.namespaces[i])) {
            return kind->feeds[i].store;
        }
    }
    return NULL;
}

struct rx_store *rx_cache_rxd(struct rx_cache *cache, struct rx_str ns)
{
    return store_in(cache, cache->kinds[0], ns);
}

struct rx_store *rx_cache_alert(struct rx_cache *cache, struct rx_str ns)
{
    return store_in(cache, cache->kinds[1], ns);
}

struct rx_store *rx_cache_child(struct rx_cache *cache, const struct rx_render_child *child,
                                struct rx_str ns)
{
    return store_in(cache, find_kind(cache, child->kind), ns);
}

const struct rx_kube_kind *rx_cache_child_kind(struct rx_cache *cache,
                                               const struct rx_render_child *child)
{
    return &find_kind(cache, child->kind)->type;
}

size_t rx_cache_size(struct rx_cache *cache)
{
    size_t n = 0;
    for (size_t i = 0; i < cache->n_kinds; i++) {
        for (size_t k = 0; k < cache->n_feeds; k++) {
            n += rx_store_size(cache->kinds[i]->feeds[k].store);
        }
    }
    return n;
}
