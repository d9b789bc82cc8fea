// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/model/registry.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

/* A model and the sets that hold it. */
struct holder {
    struct rx_model *model;
    size_t refs; /* under the registry's lock */
};

/* The same of a recalibration. */
struct overlaid {
    struct rx_recalibration *recalibration;
    size_t refs;
};

struct set {
    struct rx_model_set shown;
    struct overlaid *overlaid;                 /* of the active model; may be NULL */
    struct holder *active, *shadow, *previous; /* one reference each; the last two may be NULL */
    uint64_t retired_at;                       /* epoch that replaced it */
    struct set *next;                          /* of the retired ones */
};

/* 0: outside. Else the epoch at which the reader came in. One cache line each. */
struct slot {
    _Alignas(64) _Atomic uint64_t epoch;
    atomic_bool taken;
};

struct rx_model_registry {
    _Atomic(struct set *) current;
    _Atomic uint64_t epoch;
    struct slot slots[RX_MODEL_READERS_MAX];
    pthread_mutex_t lock; /* the fields below, and every change of `current` */
    struct set *retired;
};

struct rx_model_reader {
    struct rx_model_registry *registry;
    struct slot *slot;
};

const char *rx_model_state_name(enum rx_model_state state)
{
    static const char *const names[RX_MODEL_STATE_MAX] = {
        [RX_MODEL_ACTIVE] = "active",     [RX_MODEL_SHADOW] = "shadow",
        [RX_MODEL_PREVIOUS] = "previous", [RX_MODEL_RETIRED] = "retired",
        [RX_MODEL_REFUSED] = "refused",
    };
    return names[state];
}

/* ---- models and sets ---- */

static struct holder *hold(struct holder *holder)
{
    if (holder) {
        holder->refs++;
    }
    return holder;
}

static void drop(struct holder *holder)
{
    if (holder && --holder->refs == 0) {
        rx_model_free(holder->model);
        free(holder);
    }
}

static void drop_overlaid(struct overlaid *overlaid)
{
    if (overlaid && --overlaid->refs == 0) {
        rx_recalibration_free(overlaid->recalibration);
        free(overlaid);
    }
}

static void free_set(struct set *set)
{
    if (set) {
        drop_overlaid(set->overlaid);
        drop(set->active);
        drop(set->shadow);
        drop(set->previous);
        free(set);
    }
}

/* Takes the model over. */
static struct holder *new_holder(struct rx_model *model)
{
    struct holder *holder = malloc(sizeof(*holder));
    if (!holder) {
        rx_model_free(model);
        return NULL;
    }
    *holder = (struct holder){model, 1};
    return holder;
}

static struct set *copy_current(const struct rx_model_registry *registry)
{
    const struct set *old = atomic_load(&registry->current);
    struct set *set = malloc(sizeof(*set));
    if (set) {
        *set = *old;
        hold(set->active);
        hold(set->shadow);
        hold(set->previous);
        if (set->overlaid) {
            set->overlaid->refs++;
        }
    }
    return set;
}

static void reclaim(struct rx_model_registry *registry)
{
    uint64_t oldest = UINT64_MAX;
    for (size_t i = 0; i < RX_MODEL_READERS_MAX; i++) {
        const uint64_t epoch = atomic_load(&registry->slots[i].epoch);
        oldest = epoch != 0 && epoch < oldest ? epoch : oldest;
    }
    struct set **at = &registry->retired;
    while (*at) {
        struct set *set = *at;
        if (set->retired_at <= oldest) {
            *at = set->next;
            free_set(set);
        } else {
            at = &set->next;
        }
    }
}

/*
 * The pointer first, then the epoch: a reader that comes in with the new epoch has the new set for
 * sure; one with an older epoch in its slot keeps the old set alive. A slot that is still empty
 * when it is looked at belongs to a reader that has yet to load the pointer, and will find the new
 * one. All operations are sequentially consistent.
 */
static void publish(struct rx_model_registry *registry, struct set *set)
{
    set->shown.active = set->active->model;
    set->shown.shadow = set->shadow ? set->shadow->model : NULL;
    set->shown.recalibration = set->overlaid ? set->overlaid->recalibration : NULL;
    struct set *old = atomic_exchange(&registry->current, set);
    old->retired_at = atomic_fetch_add(&registry->epoch, 1) + 1;
    old->next = registry->retired;
    registry->retired = old;
    reclaim(registry);
}

/* ---- the ledger ---- */

static struct rx_model_entry *new_entry(struct rx_model_set *set, const char *origin,
                                        int64_t now_ms)
{
    if (set->n_entries < RX_MODEL_LEDGER_MAX) {
        set->n_entries++;
    }
    memmove(&set->entries[1], &set->entries[0], (set->n_entries - 1) * sizeof(set->entries[0]));
    struct rx_model_entry *entry = &set->entries[0];
    *entry = (struct rx_model_entry){.loaded_ms = now_ms};
    snprintf(entry->origin, sizeof(entry->origin), "%s", origin);
    return entry;
}

static void add_model(struct rx_model_set *set, const struct rx_model *model, const char *origin,
                      enum rx_model_state state, int64_t now_ms)
{
    struct rx_model_entry *entry = new_entry(set, origin, now_ms);
    snprintf(entry->version, sizeof(entry->version), "%s", rx_model_version(model));
    snprintf(entry->sha256, sizeof(entry->sha256), "%s", rx_model_sha256(model));
    snprintf(entry->created, sizeof(entry->created), "%s", rx_model_created(model));
    entry->state = state;
}

/* Every entry that is in `from` gets `to`. */
static void move_entries(struct rx_model_set *set, enum rx_model_state from, enum rx_model_state to)
{
    for (size_t i = 0; i < set->n_entries; i++) {
        if (set->entries[i].state == from) {
            set->entries[i].state = to;
        }
    }
}

/* ---- the registry ---- */

int rx_model_registry_new(struct rx_model *active, const char *origin, int64_t now_ms,
                          struct rx_model_registry **ret, struct rx_error *err)
{
    struct holder *holder = new_holder(active);
    struct set *set = calloc(1, sizeof(*set));
    struct rx_model_registry *registry =
        aligned_alloc(_Alignof(struct slot), sizeof(struct rx_model_registry));
    if (!holder || !set || !registry) {
        drop(holder);
        free(set);
        free(registry);
        return rx_error_set(err, -ENOMEM, "model registry: out of memory");
    }
    memset(registry, 0, sizeof(*registry));
    set->active = holder;
    set->shown.active = active;
    set->shown.generation = 1;
    add_model(&set->shown, active, origin, RX_MODEL_ACTIVE, now_ms);
    pthread_mutex_init(&registry->lock, NULL);
    atomic_store(&registry->epoch, 1);
    atomic_store(&registry->current, set);
    *ret = registry;
    return 0;
}

void rx_model_registry_free(struct rx_model_registry *registry)
{
    if (registry) {
        reclaim(registry);
        free_set(atomic_load(&registry->current));
        pthread_mutex_destroy(&registry->lock);
        free(registry);
    }
}

int rx_model_reader_new(struct rx_model_registry *registry, struct rx_model_reader **ret,
                        struct rx_error *err)
{
    struct rx_model_reader *reader = malloc(sizeof(*reader));
    if (!reader) {
        return rx_error_set(err, -ENOMEM, "model registry: out of memory");
    }
    for (size_t i = 0; i < RX_MODEL_READERS_MAX; i++) {
        if (!atomic_exchange(&registry->slots[i].taken, true)) {
            *reader = (struct rx_model_reader){registry, &registry->slots[i]};
            *ret = reader;
            return 0;
        }
    }
    free(reader);
    return rx_error_set(err, RX_ELIMIT, "model registry: at most %d readers", RX_MODEL_READERS_MAX);
}

void rx_model_reader_free(struct rx_model_reader *reader)
{
    if (reader) {
        atomic_store(&reader->slot->epoch, 0);
        atomic_store(&reader->slot->taken, false);
        free(reader);
    }
}

const struct rx_model_set *rx_model_reader_enter(struct rx_model_reader *reader)
{
    atomic_store(&reader->slot->epoch, atomic_load(&reader->registry->epoch));
    return &atomic_load(&reader->registry->current)->shown;
}

void rx_model_reader_leave(struct rx_model_reader *reader)
{
    atomic_store(&reader->slot->epoch, 0);
}

/* ---- changes ---- */

/* Another model is active: what was put on top of the one before does not fit it. */
static void forget_overlaid(struct set *set)
{
    drop_overlaid(set->overlaid);
    set->overlaid = NULL;
}

static int out_of_memory(struct rx_error *err)
{
    return rx_error_set(err, -ENOMEM, "model registry: out of memory");
}

int rx_model_registry_activate(struct rx_model_registry *registry, struct rx_model *model,
                               const char *origin, int64_t now_ms, struct rx_error *err)
{
    struct holder *holder = new_holder(model);
    if (!holder) {
        return out_of_memory(err);
    }
    pthread_mutex_lock(&registry->lock);
    const struct set *current = atomic_load(&registry->current);
    const bool same = strcmp(rx_model_sha256(current->shown.active), rx_model_sha256(model)) == 0;
    struct set *set = same ? NULL : copy_current(registry);
    if (set) {
        drop(set->previous);
        set->previous = set->active;
        set->active = hold(holder);
        forget_overlaid(set);
        set->shown.generation++;
        set->shown.has_report = false;
        move_entries(&set->shown, RX_MODEL_PREVIOUS, RX_MODEL_RETIRED);
        move_entries(&set->shown, RX_MODEL_ACTIVE, RX_MODEL_PREVIOUS);
        add_model(&set->shown, model, origin, RX_MODEL_ACTIVE, now_ms);
        publish(registry, set);
    }
    drop(holder);
    pthread_mutex_unlock(&registry->lock);
    return set ? 1 : same ? 0 : out_of_memory(err);
}

int rx_model_registry_set_shadow(struct rx_model_registry *registry, struct rx_model *model,
                                 const char *origin, int64_t now_ms, struct rx_error *err)
{
    struct holder *holder = model ? new_holder(model) : NULL;
    if (model && !holder) {
        return out_of_memory(err);
    }
    pthread_mutex_lock(&registry->lock);
    struct set *set = copy_current(registry);
    if (set) {
        drop(set->shadow);
        set->shadow = hold(holder);
        set->shown.has_report = false;
        move_entries(&set->shown, RX_MODEL_SHADOW, RX_MODEL_RETIRED);
        if (model) {
            add_model(&set->shown, model, origin, RX_MODEL_SHADOW, now_ms);
        }
        publish(registry, set);
    }
    drop(holder);
    pthread_mutex_unlock(&registry->lock);
    return set ? 0 : out_of_memory(err);
}

int rx_model_registry_refuse(struct rx_model_registry *registry, const char *origin,
                             const char *reason, int64_t now_ms, struct rx_error *err)
{
    pthread_mutex_lock(&registry->lock);
    struct set *set = copy_current(registry);
    if (set) {
        struct rx_model_entry *entry = new_entry(&set->shown, origin, now_ms);
        snprintf(entry->reason, sizeof(entry->reason), "%s", reason);
        entry->state = RX_MODEL_REFUSED;
        publish(registry, set);
    }
    pthread_mutex_unlock(&registry->lock);
    return set ? 0 : out_of_memory(err);
}

int rx_model_registry_rollback(struct rx_model_registry *registry, const char *reason,
                               int64_t now_ms, struct rx_error *err)
{
    pthread_mutex_lock(&registry->lock);
    const bool possible = atomic_load(&registry->current)->previous != NULL;
    struct set *set = possible ? copy_current(registry) : NULL;
    if (set) {
        struct holder *active = set->previous;
        set->previous = set->active;
        set->active = active;
        forget_overlaid(set);
        set->shown.generation++;
        set->shown.has_report = false;
        for (size_t i = 0; i < set->shown.n_entries; i++) {
            struct rx_model_entry *entry = &set->shown.entries[i];
            if (entry->state == RX_MODEL_ACTIVE) {
                entry->state = RX_MODEL_PREVIOUS;
                snprintf(entry->reason, sizeof(entry->reason), "%s", reason);
            } else if (entry->state == RX_MODEL_PREVIOUS) {
                entry->state = RX_MODEL_ACTIVE;
                entry->loaded_ms = now_ms;
            }
        }
        publish(registry, set);
    }
    pthread_mutex_unlock(&registry->lock);
    if (!possible) {
        return rx_error_set(err, RX_EINVALID, "model registry: there is no previous model");
    }
    return set ? 0 : out_of_memory(err);
}

/* Publishes `next` (may be NULL; a reference is taken over) unless another model is active. */
static int publish_overlaid(struct rx_model_registry *registry, struct overlaid *next,
                            struct rx_error *err)
{
    int r = 0;
    pthread_mutex_lock(&registry->lock);
    const struct set *current = atomic_load(&registry->current);
    const char *active = rx_model_sha256(current->shown.active);
    if (next && strcmp(rx_recalibration_sha256(next->recalibration), active) != 0) {
        r = rx_error_set(err, RX_ECONFLICT, "model registry: another model is active");
    } else if (next || current->overlaid) {
        struct set *set = copy_current(registry);
        if (set) {
            forget_overlaid(set);
            set->overlaid = RX_TAKE(next);
            set->shown.generation++;
            publish(registry, set);
        } else {
            r = out_of_memory(err);
        }
    }
    drop_overlaid(next);
    pthread_mutex_unlock(&registry->lock);
    return r;
}

int rx_model_registry_recalibrate(struct rx_model_registry *registry,
                                  struct rx_recalibration *recalibration, struct rx_error *err)
{
    struct overlaid *next = NULL;
    if (recalibration) {
        next = malloc(sizeof(*next));
        if (!next) {
            rx_recalibration_free(recalibration);
            return out_of_memory(err);
        }
        *next = (struct overlaid){recalibration, 1};
    }
    return publish_overlaid(registry, next, err);
}

int rx_model_registry_report(struct rx_model_registry *registry,
                             const struct rx_shadow_report *report, struct rx_error *err)
{
    pthread_mutex_lock(&registry->lock);
    struct set *set = copy_current(registry);
    if (set) {
        set->shown.report = *report;
        set->shown.has_report = true;
        publish(registry, set);
    }
    pthread_mutex_unlock(&registry->lock);
    return set ? 0 : out_of_memory(err);
}

size_t rx_model_registry_reclaim(struct rx_model_registry *registry)
{
    pthread_mutex_lock(&registry->lock);
    reclaim(registry);
    size_t n = 1;
    for (const struct set *set = registry->retired; set; set = set->next) {
        n++;
    }
    pthread_mutex_unlock(&registry->lock);
    return n;
}
