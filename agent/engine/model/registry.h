// SPDX-License-Identifier: Apache-2.0
/*
 * The models of a running agent: one active, at most one in its shadow, the previous one for going
 * back, and a ledger of all that were loaded or refused. Readers never wait: they announce
 * themselves in a slot of their own, take a pointer, and leave; a replaced set of models is freed
 * when every slot has moved on (epochs: K. Fraser 2004, "Practical lock-freedom", section 5.2.3).
 * Changes take a mutex among themselves.
 *
 * Thread-safe; a reader handle belongs to one thread.
 */
#pragma once

#include <stdint.h>

#include "agent/engine/model/recalibration.h"
#include "agent/engine/model/shadow.h"

#define RX_MODEL_LEDGER_MAX  32
#define RX_MODEL_READERS_MAX 256

enum rx_model_state {
    RX_MODEL_ACTIVE,
    RX_MODEL_SHADOW,
    RX_MODEL_PREVIOUS, /* was active before; rollback goes there */
    RX_MODEL_RETIRED,
    RX_MODEL_REFUSED, /* did not load, see the reason */
    RX_MODEL_STATE_MAX
};
/* "active", "shadow", "previous", "retired", "refused". */
const char *rx_model_state_name(enum rx_model_state state);

struct rx_model_entry {
    char version[64], sha256[65], created[32]; /* empty when refused */
    char origin[128];                          /* file, or "built-in" */
    char reason[256];                          /* of a refusal or a rollback */
    int64_t loaded_ms;                         /* Unix time */
    enum rx_model_state state;
};

/* What a reader sees: all of one moment. */
struct rx_model_set {
    const struct rx_model *active;
    const struct rx_model *shadow; /* NULL: none */
    /* On top of `active`; NULL: none. Set it in the scratch that evaluates. */
    const struct rx_recalibration *recalibration;
    uint64_t generation; /* grows when one of these two changes */
    bool has_report;
    struct rx_shadow_report report; /* of the last shadow scoring */
    size_t n_entries;
    struct rx_model_entry entries[RX_MODEL_LEDGER_MAX]; /* newest first; the oldest are dropped */
};

struct rx_model_registry;
struct rx_model_reader;

/* Takes the first active model over, on failure too. origin: "built-in" or its file. */
int rx_model_registry_new(struct rx_model *active, const char *origin, int64_t now_ms,
                          struct rx_model_registry **ret, struct rx_error *err) RX_MUST_CHECK;
/* No reader may be inside. */
void rx_model_registry_free(struct rx_model_registry *registry);
RX_DEFINE_CLEANUP(model_registry, struct rx_model_registry *, rx_model_registry_free);

/* RX_ELIMIT beyond RX_MODEL_READERS_MAX. Borrows the registry. */
int rx_model_reader_new(struct rx_model_registry *registry, struct rx_model_reader **ret,
                        struct rx_error *err) RX_MUST_CHECK;
void rx_model_reader_free(struct rx_model_reader *reader);
RX_DEFINE_CLEANUP(model_reader, struct rx_model_reader *, rx_model_reader_free);
/* The set is valid until rx_model_reader_leave; enter and leave alternate. Never blocks. */
const struct rx_model_set *rx_model_reader_enter(struct rx_model_reader *reader);
void rx_model_reader_leave(struct rx_model_reader *reader);

/* Takes the model over, on failure too, when nothing changes. 1 = it is active now, 0 = it is the
 * active one already (the same sha256). */
int rx_model_registry_activate(struct rx_model_registry *registry, struct rx_model *model,
                               const char *origin, int64_t now_ms, struct rx_error *err)
    RX_MUST_CHECK;
/* Takes the model over, on failure too. NULL: no shadow any more. */
int rx_model_registry_set_shadow(struct rx_model_registry *registry, struct rx_model *model,
                                 const char *origin, int64_t now_ms, struct rx_error *err)
    RX_MUST_CHECK;
/* Writes down a model that was not taken. */
int rx_model_registry_refuse(struct rx_model_registry *registry, const char *origin,
                             const char *reason, int64_t now_ms, struct rx_error *err)
    RX_MUST_CHECK;
/* Makes the previous model the active one again, and the active one the previous. RX_EINVALID
 * without a previous one. */
int rx_model_registry_rollback(struct rx_model_registry *registry, const char *reason,
                               int64_t now_ms, struct rx_error *err) RX_MUST_CHECK;
/* Puts it on top of the active model in place of what was; NULL: nothing. Takes it over, on failure
 * too. It goes when another model becomes active. RX_ECONFLICT when it is of another model. */
int rx_model_registry_recalibrate(struct rx_model_registry *registry,
                                  struct rx_recalibration *recalibration, struct rx_error *err)
    RX_MUST_CHECK;
/* Publishes what shadow scoring found. */
int rx_model_registry_report(struct rx_model_registry *registry,
                             const struct rx_shadow_report *report, struct rx_error *err)
    RX_MUST_CHECK;
/* Frees what no reader can see any more (every change does so too); how many sets remain. */
size_t rx_model_registry_reclaim(struct rx_model_registry *registry);
