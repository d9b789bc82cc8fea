// SPDX-License-Identifier: Apache-2.0
/*
 * Cache of one kind (in one namespace or in all), fed by one informer: a projection of a few
 * hundred bytes an object, never a tree. Records are immutable and reference-counted; the store's
 * lock is held for look-ups only. Thread-safe.
 *
 * Writers: the informer (events in the order of their resource versions) and workers that put the
 * answer to their own write (rx_store_put_own), so that a worker always reads its own writes.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/json/read.h"
#include "operator/kube/kind.h"
#include "operator/kube/owned.h"

struct rx_store;

/* A record: one allocation; strings inside it, NUL-terminated. */
struct rx_record {
    const char *ns, *name, *uid, *rv;
    const char *owner_name, *owner_uid; /* the controller owner of the store's owner kind, or "" */
    int64_t generation;
    bool deleting;              /* has a deletionTimestamp */
    struct rx_kube_owned owned; /* stores with digest */
    struct rx_str body;         /* stores with body: compact JSON without managedFields */
    void *extra;                /* stores with extra: 8-aligned, filled by their project function */
};

struct rx_store_options {
    const struct rx_kube_kind *kind; /* borrowed, static */
    const char *owner_kind;          /* "RadarXDeployment"; NULL = owners are not looked at */
    bool digest;                     /* project by rx_kube_owned_digest */
    bool body;
    size_t extra_size;
    void (*project)(const struct rx_json *object, void *extra); /* extra is zeroed before */
    size_t max_objects;                                         /* 0 = 150,000 */
};

int rx_store_new(const struct rx_store_options *options, struct rx_store **ret) RX_MUST_CHECK;
void rx_store_free(struct rx_store *store);
const struct rx_kube_kind *rx_store_kind(const struct rx_store *store);
size_t rx_store_size(struct rx_store *store);

/* "namespace/name" into out; names of any length up to the API's limits fit. {NULL, 0} otherwise.
 */
#define RX_KEY_LEN 320
struct rx_str rx_store_key(struct rx_str ns, struct rx_str name, char out[RX_KEY_LEN]);

/* A reference, or NULL; drop it with rx_record_unref. */
const struct rx_record *rx_store_get(struct rx_store *store, struct rx_str key);
void rx_record_unref(const struct rx_record *record);
/* Calls fn for each record under the lock: it must be short and must not call the store. */
void rx_store_each(struct rx_store *store, void (*fn)(const struct rx_record *record, void *arg),
                   void *arg);

/* How an event changed the store; both records are borrowed during the call. */
struct rx_store_change {
    const struct rx_record *before; /* NULL: it is new */
    const struct rx_record *after;  /* NULL: it is gone */
    bool initial;                   /* part of the initial list or a relist */
};
/* Called without the store's lock. */
typedef void rx_store_change_fn(const struct rx_store_change *change, void *arg);

/* Frees the calling thread's buffer for texts; before a thread that used a store ends. */
void rx_store_thread_fini(void);

/* ---- for the informer ---- */
/* A list begins... */
void rx_store_list_begin(struct rx_store *store);
/* Adds or replaces; older versions than the stored one, and the stored one itself, are ignored. */
int rx_store_put(struct rx_store *store, const struct rx_json *object, bool initial,
                 rx_store_change_fn *fn, void *arg, struct rx_error *err) RX_MUST_CHECK;
void rx_store_remove(struct rx_store *store, const struct rx_json *object, rx_store_change_fn *fn,
                     void *arg);
/* ...and the end of it removes what was not seen and is not newer than the list (rv). */
void rx_store_list_end(struct rx_store *store, struct rx_str rv, rx_store_change_fn *fn, void *arg);
/* The watch has seen everything up to here. */
void rx_store_seen(struct rx_store *store, struct rx_str rv);

/* ---- for workers ---- */
/*
 * Puts the answer to an own write, unless the watch is past it (then the store knows better).
 * Handlers are not told.
 */
int rx_store_put_own(struct rx_store *store, const struct rx_json *object, struct rx_error *err)
    RX_MUST_CHECK;
