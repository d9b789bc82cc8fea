// SPDX-License-Identifier: Apache-2.0
/*
 * The operator's informers and stores: RadarXDeployments, AlertSubscriptions (whose CRD may be
 * absent) and every kind of child, the latter by our label only. One store for each kind and
 * watched namespace. Built and fed on the loop's thread; look-ups from any.
 */
#pragma once

#include "common/base/metrics.h"
#include "operator/kube/informer.h"
#include "operator/render/render.h"

struct rx_cache;

extern const struct rx_kube_kind rx_kind_rxd, rx_kind_alert;

struct rx_cache_options {
    struct rx_loop *loop;
    struct rx_http_client *http;
    struct rx_kube_config *config;
    struct rx_metrics *metrics;
    const char *const *namespaces; /* NULL-terminated; NULL or empty = all */
    /* Loop thread, without any lock. */
    rx_store_change_fn *rxd_changed, *alert_changed;
    void (*child_changed)(const struct rx_store_change *change, const struct rx_kube_kind *kind,
                          void *arg);
    void (*synced)(void *arg); /* once: all caches are filled */
    void (*recovered)(void *arg);
    void *arg;
};

int rx_cache_new(const struct rx_cache_options *options, struct rx_cache **ret,
                 struct rx_error *err) RX_MUST_CHECK;
void rx_cache_free(struct rx_cache *cache);
void rx_cache_start(struct rx_cache *cache);
bool rx_cache_synced(const struct rx_cache *cache); /* any thread */

/* The store that holds objects of the kind in the namespace; NULL when it is not watched. */
struct rx_store *rx_cache_rxd(struct rx_cache *cache, struct rx_str ns);
struct rx_store *rx_cache_alert(struct rx_cache *cache, struct rx_str ns);
struct rx_store *rx_cache_child(struct rx_cache *cache, const struct rx_render_child *child,
                                struct rx_str ns);
/* Its resource type, static storage for the cache's life. */
const struct rx_kube_kind *rx_cache_child_kind(struct rx_cache *cache,
                                               const struct rx_render_child *child);
/* Objects of all kinds, for a gauge. */
size_t rx_cache_size(struct rx_cache *cache);

RX_DEFINE_CLEANUP(cache, struct rx_cache *, rx_cache_free);
