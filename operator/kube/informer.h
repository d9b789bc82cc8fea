// SPDX-License-Identifier: Apache-2.0
/*
 * Keeps a store equal to the server's objects of one kind, on the loop's thread.
 *
 *   EMPTY -> SYNCING (one WatchList stream; LIST pages where the server lacks it) -> WATCHING
 *   WATCHING -> resume from the last version, after a 410 -> EMPTY
 *
 * Guards of every stream: the server ends it after a random 300 to 600 s, the client when no byte
 * came for that time + 5 s, TCP keepalive below. A stream that ends within 1 s without an event
 * counts as a failure. Failures back off 0.8 s x 2 up to 30 s with up to 100 % jitter, over after
 * 120 s of health. Nothing leaves the store before a whole list has been seen.
 */
#pragma once

#include "common/base/metrics.h"
#include "common/http/client.h"
#include "operator/kube/config.h"
#include "operator/kube/store.h"

struct rx_informer;

#define RX_INFORMER_PAGE 100 /* objects a page where LIST is needed: bounds the peak of memory */

/* Seam for tests: starts and cancels transfers; NULL start = the loop's HTTP client. */
struct rx_informer_transport {
    int (*start)(void *self, const struct rx_http_call *call, rx_http_data *data,
                 rx_http_done *done, void *arg, void **ret_transfer, struct rx_error *err);
    void (*cancel)(void *self, void *transfer);
    void *self;
};

struct rx_informer_options {
    struct rx_loop *loop;
    struct rx_http_client *http;                   /* NULL when transport is given */
    const struct rx_informer_transport *transport; /* NULL = http */
    struct rx_kube_config *config;
    struct rx_store *store;
    const char *ns;             /* NULL = all namespaces */
    const char *label_selector; /* NULL = all objects */
    bool optional;              /* 404 on the collection is no failure: the CRD may come later */
    rx_store_change_fn *changed;
    void *changed_arg;
    /* Called when the first list is complete (or an optional kind turned out to be absent), and
     * when contact is regained after failures. */
    void (*synced)(struct rx_informer *informer, void *arg);
    void (*recovered)(struct rx_informer *informer, void *arg);
    void *arg;
    struct rx_metrics *metrics; /* may be NULL */
};

/* options: copied; what it points to outlives the informer. */
int rx_informer_new(const struct rx_informer_options *options, struct rx_informer **ret,
                    struct rx_error *err) RX_MUST_CHECK;
void rx_informer_free(struct rx_informer *informer);
/* Loop thread. */
void rx_informer_start(struct rx_informer *informer);
bool rx_informer_synced(const struct rx_informer *informer);
/* Ends a back-off: another informer has reached the server. */
void rx_informer_kick(struct rx_informer *informer);

RX_DEFINE_CLEANUP(informer, struct rx_informer *, rx_informer_free);
