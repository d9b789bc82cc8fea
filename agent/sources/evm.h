// SPDX-License-Identifier: Apache-2.0
/*
 * Inside of the evm source: what its files share. All of it belongs to the ingester's thread, but
 * for what evm_source.c does before the thread starts and after it ended.
 */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "agent/sources/evm_blocks.h"
#include "agent/sources/evm_chain.h"
#include "agent/sources/evm_range.h"
#include "agent/sources/evm_rest.h"
#include "agent/sources/evm_rpc.h"
#include "agent/sources/evm_state.h"
#include "agent/sources/pace.h"
#include "agent/sources/source.h"

#define EVM_MAX_FACTORIES 8
#define EVM_REORG_DEPTH   128 /* every block this near to the head has its hash kept */
#define EVM_FROM_DEFAULT  UINT64_MAX

struct evm_factory {
    uint8_t address[20];
    uint64_t from_block; /* EVM_FROM_DEFAULT: 30 days before the head */
};

struct evm_settings {
    char name[64], chain[32];
    char *url; /* owned; secret */
    uint8_t weth[20];
    struct evm_factory factories[EVM_MAX_FACTORIES];
    size_t n_factories;
    uint64_t confirmations;
    int64_t poll_ms; /* 0 = by the chain's block time */
    bool local;      /* the node is near: asking it often costs nobody anything */
};
int evm_settings_read(const struct rx_json *spec, struct evm_settings *ret, struct rx_error *err)
    RX_MUST_CHECK;
void evm_settings_fini(struct evm_settings *settings);
/* Hash of the settings that decide what is read: stored data of others is of no use. */
void evm_settings_fingerprint(const struct evm_settings *settings, char out[65]);

struct evm_metrics {
    struct rx_metric *head, *as_of, *pools, *reorgs, *state;
    struct rx_metric *events[EVM_LOG_PAIR_CREATED + 1]; /* by kind */
    struct rx_family *errors;
};
void evm_metrics_init(struct evm_metrics *metrics, struct rx_metrics *registry, const char *source);

/* Where reading stands: everything up to `block` is in the state and submitted to the store. */
struct evm_cursor {
    bool set;
    uint64_t block;
    uint8_t hash[32];
    int64_t time;
};

struct rx_source {
    struct evm_settings settings;
    char fingerprint[65];
    struct rx_source_deps deps;
    unsigned index;  /* in the book */
    uint32_t number; /* in the store */
    atomic_bool stop;
    pthread_t thread;
    bool started;

    struct rx_loop *loop; /* owned */
    struct evm_rpc *rpc;  /* owned */
    struct evm_metrics metrics;
    enum rx_source_state sm;
    struct rx_backoff backoff;
    struct evm_range range;

    struct evm_state *state; /* owned; NULL = to be read from the store */
    struct evm_rest rest;
    struct evm_blocks blocks;
    struct evm_cursor cursor;
    bool from_known;
    uint64_t from_block;
    uint64_t chain_id;      /* 0 = not known yet */
    struct evm_header head; /* of the last poll */
    int64_t polled_ms;      /* monotonic */
    double block_seconds;   /* mean distance of recent blocks; 0 = unknown */
    uint64_t reorgs;
    unsigned token_failures; /* in a row */
};

/* evm_load.c: reads the stored state back. */
int evm_load(struct rx_source *evm, struct evm_fault *fault) RX_MUST_CHECK;
/* evm_ingest.c: reads blocks first..last, checks them and applies all or nothing. */
int evm_ingest(struct rx_source *evm, uint64_t first, uint64_t last, struct evm_fault *fault)
    RX_MUST_CHECK;
/* evm_rewind.c: the cursor's block may have left the chain: finds the last common block and undoes
 * what is above it. */
int evm_rewind(struct rx_source *evm, struct evm_fault *fault) RX_MUST_CHECK;
/* evm_backfill.c: settles the block to begin with. */
int evm_find_start(struct rx_source *evm, struct evm_fault *fault) RX_MUST_CHECK;
/* evm_follow.c: one step towards the head; *ret_wait_ms = pause before the next. */
int evm_step(struct rx_source *evm, int64_t *ret_wait_ms, struct evm_fault *fault) RX_MUST_CHECK;
/* evm_source.c: moves the state machine; asserts that the move is allowed. */
void evm_move(struct rx_source *evm, enum rx_source_state next);
/* Publishes what changed, as of the cursor. */
int evm_publish(struct rx_source *evm, struct evm_fault *fault) RX_MUST_CHECK;
/* Drops the state in memory, to be read again from the store. */
void evm_forget(struct rx_source *evm);
