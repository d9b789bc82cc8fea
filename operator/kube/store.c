// SPDX-License-Identifier: Apache-2.0
#include "operator/kube/store.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/map.h"
#include "common/json/write.h"
#include "operator/kube/client.h"

#define DEFAULT_MAX_OBJECTS 150000
/* One object's text: etcd holds at most 1.5 MiB, JSON may need a little more. */
#define MAX_TEXT  (4u << 20)
#define KEEP_TEXT (64u << 10)

/* What the store adds to a record; rec.* point into text[]. */
struct stored {
    atomic_uint refs;
    unsigned epoch; /* of the last list that showed it; protected by the store's lock */
    struct rx_record rec;
    _Alignas(8) char text[];
};

struct rx_store {
    struct rx_store_options options;
    pthread_mutex_t lock;
    /* protected by the lock */
    struct rx_map *records; /* owned; values are struct stored, one reference each */
    unsigned epoch;
    char seen[64]; /* the version that the watch has reached */
};

static struct stored *stored_of(const struct rx_record *record)
{
    return (void *)((char *)(uintptr_t)record - offsetof(struct stored, rec));
}

static void stored_unref(void *value)
{
    struct stored *stored = value;
    if (stored && atomic_fetch_sub_explicit(&stored->refs, 1, memory_order_acq_rel) == 1) {
        free(stored);
    }
}

void rx_record_unref(const struct rx_record *record)
{
    if (record) {
        stored_unref(stored_of(record));
    }
}

static const struct rx_record *record_ref(struct stored *stored)
{
    if (!stored) {
        return NULL;
    }
    atomic_fetch_add_explicit(&stored->refs, 1, memory_order_relaxed);
    return &stored->rec;
}

int rx_store_new(const struct rx_store_options *options, struct rx_store **ret)
{
    struct rx_store *store = calloc(1, sizeof(*store));
    if (!store) {
        return -ENOMEM;
    }
    store->options = *options;
    size_t max = options->max_objects ? options->max_objects : DEFAULT_MAX_OBJECTS;
    store->records = rx_map_new(max, stored_unref);
    if (!store->records) {
        free(store);
        return -ENOMEM;
    }
    pthread_mutex_init(&store->lock, NULL);
    *ret = store;
    return 0;
}

void rx_store_free(struct rx_store *store)
{
    if (store) {
        rx_map_free(store->records);
        pthread_mutex_destroy(&store->lock);
        free(store);
    }
}

const struct rx_kube_kind *rx_store_kind(const struct rx_store *store)
{
    return store->options.kind;
}

size_t rx_store_size(struct rx_store *store)
{
    pthread_mutex_lock(&store->lock);
    size_t n = rx_map_size(store->records);
    pthread_mutex_unlock(&store->lock);
    return n;
}

struct rx_str rx_store_key(struct rx_str ns, struct rx_str name, char out[RX_KEY_LEN])
{
    if (ns.n == 0 || name.n == 0 || ns.n + name.n + 2 > RX_KEY_LEN) {
        return (struct rx_str){0};
    }
    memcpy(out, ns.p, ns.n);
    out[ns.n] = '/';
    memcpy(out + ns.n + 1, name.p, name.n);
    out[ns.n + 1 + name.n] = '\0';
    return (struct rx_str){out, ns.n + 1 + name.n};
}

static struct rx_str key_of(const struct rx_record *record, char out[RX_KEY_LEN])
{
    return rx_store_key(rx_str_of(record->ns), rx_str_of(record->name), out);
}

/* ---- projection ---- */

/* The parts of an object that a record is made of; views into its document. */
struct parts {
    struct rx_str ns, name, uid, rv, owner_name, owner_uid;
    struct rx_str body; /* view into a thread's scratch buffer */
};

/* The buffer that texts are written to before their length is known; one a thread, kept. */
static _Thread_local struct rx_buf scratch = {.max = MAX_TEXT};

static void scratch_trim(void)
{
    if (scratch.cap > KEEP_TEXT) {
        rx_buf_free(&scratch);
    }
}

void rx_store_thread_fini(void)
{
    rx_buf_free(&scratch);
}

static void write_annotations(struct rx_jw *w, const struct rx_json *annotations)
{
    rx_jw_begin_object(w);
    RX_JSON_FOREACH (iter, annotations) {
        if (!rx_str_is(iter.key, "kubectl.kubernetes.io/last-applied-configuration")) {
            rx_jw_key_str(w, iter.key);
            rx_jw_value(w, iter.value);
        }
    }
    rx_jw_end_object(w);
}

static void write_metadata(struct rx_jw *w, const struct rx_json *meta)
{
    rx_jw_begin_object(w);
    RX_JSON_FOREACH (iter, meta) {
        if (rx_str_is(iter.key, "managedFields")) {
            continue;
        }
        rx_jw_key_str(w, iter.key);
        if (rx_str_is(iter.key, "annotations")) {
            write_annotations(w, iter.value);
        } else {
            rx_jw_value(w, iter.value);
        }
    }
    rx_jw_end_object(w);
}

static int write_body(const struct rx_json *object, struct rx_error *err)
{
    struct rx_jw w;
    rx_buf_clear(&scratch);
    rx_jw_init(&w, &scratch);
    rx_jw_begin_object(&w);
    RX_JSON_FOREACH (iter, object) {
        rx_jw_key_str(&w, iter.key);
        if (rx_str_is(iter.key, "metadata")) {
            write_metadata(&w, iter.value);
        } else {
            rx_jw_value(&w, iter.value);
        }
    }
    rx_jw_end_object(&w);
    return rx_buf_error(&scratch, err);
}

static void find_owner(const struct rx_json *meta, const char *owner_kind, struct parts *parts)
{
    RX_JSON_FOREACH (iter, rx_json_get(meta, "ownerReferences")) {
        if (rx_json_bool(rx_json_get(iter.value, "controller"), false) &&
            rx_str_is(rx_json_str(rx_json_get(iter.value, "kind")), owner_kind)) {
            parts->owner_name = rx_json_str(rx_json_get(iter.value, "name"));
            parts->owner_uid = rx_json_str(rx_json_get(iter.value, "uid"));
        }
    }
}

static int parts_of(const struct rx_store *store, const struct rx_json *object, struct parts *parts,
                    struct rx_error *err)
{
    const struct rx_json *meta = rx_json_get(object, "metadata");
    *parts = (struct parts){
        .ns = rx_json_str(rx_json_get(meta, "namespace")),
        .name = rx_json_str(rx_json_get(meta, "name")),
        .uid = rx_json_str(rx_json_get(meta, "uid")),
        .rv = rx_json_str(rx_json_get(meta, "resourceVersion")),
    };
    if (parts->ns.n == 0 || parts->name.n == 0 || parts->uid.n == 0 || parts->rv.n == 0 ||
        parts->ns.n + parts->name.n + 2 > RX_KEY_LEN) {
        return rx_error_set(err, RX_EPROTO,
                            "%s: metadata needs namespace, name, uid and resourceVersion",
                            store->options.kind->kind);
    }
    if (store->options.owner_kind) {
        find_owner(meta, store->options.owner_kind, parts);
    }
    return 0;
}

static const char *put_text(char **at, struct rx_str text)
{
    char *start = *at;
    if (text.n > 0) {
        memcpy(start, text.p, text.n);
    }
    start[text.n] = '\0';
    *at = start + text.n + 1;
    return start;
}

static size_t extra_room(const struct rx_store *store)
{
    return (store->options.extra_size + 7) & ~(size_t)7;
}

static struct stored *stored_new(const struct rx_store *store, const struct parts *parts)
{
    size_t extra = extra_room(store);
    size_t n = extra + parts->ns.n + parts->name.n + parts->uid.n + parts->rv.n +
               parts->owner_name.n + parts->owner_uid.n + parts->body.n + 7;
    struct stored *stored = calloc(1, sizeof(*stored) + n);
    if (!stored) {
        return NULL;
    }
    atomic_init(&stored->refs, 1);
    char *at = stored->text + extra;
    struct rx_record *rec = &stored->rec;
    rec->extra = extra ? stored->text : NULL;
    rec->ns = put_text(&at, parts->ns);
    rec->name = put_text(&at, parts->name);
    rec->uid = put_text(&at, parts->uid);
    rec->rv = put_text(&at, parts->rv);
    rec->owner_name = put_text(&at, parts->owner_name);
    rec->owner_uid = put_text(&at, parts->owner_uid);
    rec->body = (struct rx_str){put_text(&at, parts->body), parts->body.n};
    return stored;
}

static int project(const struct rx_store *store, const struct rx_json *object, struct stored **ret,
                   struct rx_error *err)
{
    const struct rx_store_options *options = &store->options;
    struct parts parts;
    struct rx_kube_owned owned = {0};
    int rc = parts_of(store, object, &parts, err);
    if (rc == 0 && options->digest) {
        rc = rx_kube_owned_digest(object, RX_KUBE_FIELD_MANAGER, options->kind->api_version,
                                  options->kind->kind, &scratch, &owned, err);
    }
    if (rc == 0 && options->body) {
        rc = write_body(object, err);
        parts.body = rx_buf_str(&scratch);
    }
    if (rc < 0) {
        scratch_trim();
        return rc;
    }
    struct stored *stored = stored_new(store, &parts);
    scratch_trim();
    if (!stored) {
        return rx_error_errno(err, ENOMEM, "%s", options->kind->kind);
    }
    const struct rx_json *meta = rx_json_get(object, "metadata");
    stored->rec.generation = rx_json_i64(rx_json_get(meta, "generation"), 0);
    stored->rec.deleting = rx_json_str(rx_json_get(meta, "deletionTimestamp")).n > 0;
    stored->rec.owned = owned;
    if (options->project) {
        options->project(object, stored->rec.extra);
    }
    *ret = stored;
    return 0;
}

/* ---- reading ---- */

const struct rx_record *rx_store_get(struct rx_store *store, struct rx_str key)
{
    pthread_mutex_lock(&store->lock);
    const struct rx_record *record = record_ref(rx_map_get(store->records, key));
    pthread_mutex_unlock(&store->lock);
    return record;
}

void rx_store_each(struct rx_store *store, void (*fn)(const struct rx_record *record, void *arg),
                   void *arg)
{
    pthread_mutex_lock(&store->lock);
    RX_MAP_FOREACH (iter, store->records) {
        fn(&((struct stored *)iter.value)->rec, arg);
    }
    pthread_mutex_unlock(&store->lock);
}

/* ---- writing ---- */

void rx_store_list_begin(struct rx_store *store)
{
    pthread_mutex_lock(&store->lock);
    store->epoch++;
    pthread_mutex_unlock(&store->lock);
}

/* Whether the store has this version or a later one already; marks it as seen by the list. */
static bool is_known(struct rx_store *store, const struct rx_json *object)
{
    char key[RX_KEY_LEN];
    const struct rx_json *meta = rx_json_get(object, "metadata");
    struct rx_str rv = rx_json_str(rx_json_get(meta, "resourceVersion"));
    struct rx_str at = rx_store_key(rx_json_str(rx_json_get(meta, "namespace")),
                                    rx_json_str(rx_json_get(meta, "name")), key);
    pthread_mutex_lock(&store->lock);
    struct stored *old = rx_map_get(store->records, at);
    bool known = old && rx_kube_rv_cmp(rv, rx_str_of(old->rec.rv)) <= 0;
    if (known) {
        old->epoch = store->epoch;
    }
    pthread_mutex_unlock(&store->lock);
    return known;
}

/* Puts `stored` (owned) in the map; *ret_before gets a reference to what it replaced. */
static int replace(struct rx_store *store, struct stored *stored,
                   const struct rx_record **ret_before, struct rx_error *err)
{
    char key[RX_KEY_LEN];
    struct rx_str at = key_of(&stored->rec, key);
    stored->epoch = store->epoch;
    *ret_before = record_ref(rx_map_get(store->records, at));
    int rc = rx_map_set(store->records, at, stored);
    if (rc < 0) {
        rx_record_unref(*ret_before);
        *ret_before = NULL;
        stored_unref(stored);
        return rx_error_set(err, rc, "%s: cache is full or out of memory",
                            store->options.kind->plural);
    }
    return 0;
}

int rx_store_put(struct rx_store *store, const struct rx_json *object, bool initial,
                 rx_store_change_fn *fn, void *arg, struct rx_error *err)
{
    if (is_known(store, object)) {
        return 0;
    }
    struct stored *stored = NULL;
    int rc = project(store, object, &stored, err);
    if (rc < 0) {
        return rc;
    }
    const struct rx_record *before = NULL;
    pthread_mutex_lock(&store->lock);
    const struct rx_record *after = record_ref(stored);
    rc = replace(store, stored, &before, err);
    pthread_mutex_unlock(&store->lock);
    if (rc == 0 && fn) {
        fn(&(struct rx_store_change){.before = before, .after = after, .initial = initial}, arg);
    }
    rx_record_unref(before);
    rx_record_unref(after);
    return rc;
}

void rx_store_remove(struct rx_store *store, const struct rx_json *object, rx_store_change_fn *fn,
                     void *arg)
{
    char key[RX_KEY_LEN];
    const struct rx_json *meta = rx_json_get(object, "metadata");
    struct rx_str rv = rx_json_str(rx_json_get(meta, "resourceVersion"));
    struct rx_str at = rx_store_key(rx_json_str(rx_json_get(meta, "namespace")),
                                    rx_json_str(rx_json_get(meta, "name")), key);
    pthread_mutex_lock(&store->lock);
    struct stored *gone = rx_map_get(store->records, at);
    /* A stored version later than the deletion is a new object of that name. */
    int order = gone ? rx_kube_rv_cmp(rx_str_of(gone->rec.rv), rv) : 1;
    gone = order <= 0 || order == RX_RV_UNKNOWN ? rx_map_take(store->records, at) : NULL;
    pthread_mutex_unlock(&store->lock);
    if (gone && fn) {
        fn(&(struct rx_store_change){.before = &gone->rec}, arg);
    }
    stored_unref(gone);
}

/* The records to sweep, collected under the lock. */
struct sweep {
    struct stored **p; /* array owned */
    size_t n;
};

static void sweep_collect(struct rx_store *store, struct rx_str rv, struct sweep *sweep)
{
    sweep->p = calloc(rx_map_size(store->records) + 1, sizeof(struct stored *));
    if (!sweep->p) {
        return; /* what should have gone is found by the next list */
    }
    RX_MAP_FOREACH (iter, store->records) {
        struct stored *stored = iter.value;
        int order = rx_kube_rv_cmp(rx_str_of(stored->rec.rv), rv);
        if (stored->epoch != store->epoch && (order <= 0 || order == RX_RV_UNKNOWN)) {
            sweep->p[sweep->n++] = stored;
        }
    }
    for (size_t i = 0; i < sweep->n; i++) {
        char key[RX_KEY_LEN];
        rx_map_take(store->records, key_of(&sweep->p[i]->rec, key));
    }
}

void rx_store_list_end(struct rx_store *store, struct rx_str rv, rx_store_change_fn *fn, void *arg)
{
    struct sweep sweep = {0};
    pthread_mutex_lock(&store->lock);
    sweep_collect(store, rv, &sweep);
    pthread_mutex_unlock(&store->lock);
    for (size_t i = 0; i < sweep.n; i++) {
        if (fn) {
            fn(&(struct rx_store_change){.before = &sweep.p[i]->rec, .initial = true}, arg);
        }
        stored_unref(sweep.p[i]);
    }
    free(sweep.p);
    rx_store_seen(store, rv);
}

void rx_store_seen(struct rx_store *store, struct rx_str rv)
{
    pthread_mutex_lock(&store->lock);
    if (rv.n < sizeof(store->seen)) {
        if (rv.n > 0) {
            memcpy(store->seen, rv.p, rv.n);
        }
        store->seen[rv.n] = '\0';
    }
    pthread_mutex_unlock(&store->lock);
}

int rx_store_put_own(struct rx_store *store, const struct rx_json *object, struct rx_error *err)
{
    if (is_known(store, object)) {
        return 0;
    }
    struct stored *stored = NULL;
    int rc = project(store, object, &stored, err);
    if (rc < 0) {
        return rc;
    }
    char key[RX_KEY_LEN];
    const struct rx_record *before = NULL;
    struct rx_str rv = rx_str_of(stored->rec.rv);
    pthread_mutex_lock(&store->lock);
    struct stored *old = rx_map_get(store->records, key_of(&stored->rec, key));
    /* Absent though the watch is past this version: it was deleted since. */
    struct rx_str than = old ? rx_str_of(old->rec.rv) : rx_str_of(store->seen);
    if (than.n == 0 || rx_kube_rv_cmp(rv, than) > 0) {
        rc = replace(store, stored, &before, err);
    } else {
        stored_unref(stored);
    }
    pthread_mutex_unlock(&store->lock);
    rx_record_unref(before);
    return rc;
}
