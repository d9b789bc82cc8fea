// SPDX-License-Identifier: Apache-2.0
/*
 * The evm source: a thread that takes one step after the other (evm_follow.c) and turns every
 * fault into a metric, an error in the book and a pause. States and their moves are in `allowed`.
 */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/sources/evm.h"
#include "common/base/log.h"

#define BACKOFF_MIN_MS 250
#define BACKOFF_MAX_MS 30000
#define RPC_TIMEOUT_MS 20000
/* Calls a second to begin with; a provider that wants fewer says so, and is obeyed. */
#define RATE_LOCAL  20000.0
#define RATE_REMOTE 200.0
/* While the past is read a day is a few steps: pools that trade now and then stay as they are. */
#define REST_BACKFILLING (7 * EVM_REST_AFTER)
#define RANGE_FIRST      500
#define RANGE_MAX        10000
/* A node that fails stays in the log, but not in every line. */
#define LOG_EVERY_FAILURES 20

#define MOVE(state) (1u << (state))

static const unsigned allowed[RX_SOURCE_STATE_MAX] = {
    [RX_SOURCE_STARTING] = MOVE(RX_SOURCE_BACKFILLING) | MOVE(RX_SOURCE_FOLLOWING) |
                           MOVE(RX_SOURCE_REWINDING) | MOVE(RX_SOURCE_STOPPED),
    [RX_SOURCE_BACKFILLING] =
        MOVE(RX_SOURCE_FOLLOWING) | MOVE(RX_SOURCE_REWINDING) | MOVE(RX_SOURCE_STOPPED),
    [RX_SOURCE_FOLLOWING] =
        MOVE(RX_SOURCE_BACKFILLING) | MOVE(RX_SOURCE_REWINDING) | MOVE(RX_SOURCE_STOPPED),
    [RX_SOURCE_REWINDING] =
        MOVE(RX_SOURCE_BACKFILLING) | MOVE(RX_SOURCE_FOLLOWING) | MOVE(RX_SOURCE_STOPPED),
    [RX_SOURCE_STOPPED] = 0,
};

void evm_move(struct rx_source *evm, enum rx_source_state next)
{
    if (evm->sm == next) {
        return;
    }
    assert(allowed[evm->sm] & MOVE(next));
    rx_info("source changes state", RX_F_S("source", evm->settings.name),
            RX_F_S("from", rx_source_state_name(evm->sm)), RX_F_S("to", rx_source_state_name(next)),
            RX_F_I("block", evm->cursor.block));
    evm->sm = next;
    rx_metric_set(evm->metrics.state, next);
    rx_book_set_state(evm->deps.book, evm->index, next, evm->from_block);
}

int evm_publish(struct rx_source *evm, struct evm_fault *fault)
{
    struct rx_book_change change = {
        .as_of_block = evm->cursor.block, .as_of_time = evm->cursor.time, .reorgs = evm->reorgs};
    int64_t after = evm->sm == RX_SOURCE_BACKFILLING ? REST_BACKFILLING : EVM_REST_AFTER;
    if (evm_rest_sweep(&evm->rest, evm->state, evm->deps.store, &evm->stop, evm->cursor.time, after,
                       fault) < 0) {
        evm_forget(evm);
        return -1;
    }
    if (evm_state_publish(evm->state, evm->deps.book, evm->index, &change, fault) < 0) {
        evm_forget(evm);
        return -1;
    }
    rx_metric_set(evm->metrics.as_of, (double)evm->cursor.block);
    rx_metric_set(evm->metrics.pools, (double)evm_state_pools(evm->state));
    return 0;
}

/* A refused range is made smaller; when that helps, there is no need to wait long. */
static void react(struct rx_source *evm, const struct evm_fault *fault)
{
    if (fault->kind == EVM_TOO_MANY || fault->kind == EVM_TOO_LARGE || fault->kind == EVM_TIMEOUT) {
        if (evm_range_too_many(&evm->range)) {
            evm->backoff.failures = evm->backoff.failures > 1 ? 1 : evm->backoff.failures;
        }
    }
}

static int64_t on_fault(struct rx_source *evm, const struct evm_fault *fault)
{
    const char *values[] = {evm->settings.name, evm_kind_name(fault->kind)};
    rx_metric_inc(rx_metric(evm->metrics.errors, values));
    react(evm, fault);
    if (evm->backoff.failures % LOG_EVERY_FAILURES == 0) {
        rx_warn("source failed; trying again", RX_F_S("source", evm->settings.name),
                RX_F_S("kind", evm_kind_name(fault->kind)), RX_F_S("error", fault->err.msg),
                RX_F_I("failures", evm->backoff.failures + 1));
    }
    rx_book_set_error(evm->deps.book, evm->index, fault->err.msg);
    return rx_backoff_next(&evm->backoff, fault->retry_after_ms);
}

static void on_success(struct rx_source *evm)
{
    if (evm->backoff.failures) {
        rx_info("source works again", RX_F_S("source", evm->settings.name),
                RX_F_I("failures", evm->backoff.failures));
        rx_backoff_reset(&evm->backoff);
        rx_book_set_error(evm->deps.book, evm->index, NULL);
    }
}

static void *source_main(void *arg)
{
    struct rx_source *evm = arg;
    while (!atomic_load(&evm->stop)) {
        struct evm_fault fault = {.retry_after_ms = -1};
        int64_t wait = 0;
        int r = evm_step(evm, &wait, &fault);
        if (r < 0 && (fault.kind == EVM_STOPPED || atomic_load(&evm->stop))) {
            break;
        }
        if (r < 0) {
            wait = on_fault(evm, &fault);
        } else {
            on_success(evm);
        }
        if (wait > 0 && evm_wait(evm->rpc, wait) < 0) {
            break;
        }
    }
    evm_move(evm, RX_SOURCE_STOPPED);
    return NULL;
}

static void evm_free(struct rx_source *evm)
{
    if (!evm) {
        return;
    }
    if (evm->started) {
        pthread_join(evm->thread, NULL);
    }
    evm_rpc_free(evm->rpc);
    rx_loop_free(evm->loop);
    evm_state_free(evm->state);
    evm_blocks_fini(&evm->blocks);
    evm_settings_fini(&evm->settings);
    free(evm);
}
RX_DEFINE_CLEANUP(source_evm, struct rx_source *, evm_free);

static int evm_make(const struct rx_json *spec, const struct rx_source_deps *deps,
                    struct rx_source **ret, struct rx_error *err)
{
    rx_auto(source_evm) struct rx_source *evm = calloc(1, sizeof *evm);
    if (!evm) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    evm->deps = *deps;
    int r = evm_settings_read(spec, &evm->settings, err);
    if (r < 0) {
        return r;
    }
    evm_settings_fingerprint(&evm->settings, evm->fingerprint);
    rx_backoff_init(&evm->backoff, BACKOFF_MIN_MS, BACKOFF_MAX_MS);
    evm_range_init(&evm->range, RANGE_FIRST, RANGE_MAX);
    r = rx_book_add_source(deps->book, evm->settings.name, "evm", evm->settings.chain, &evm->index,
                           err);
    if (r < 0) {
        return r;
    }
    *ret = RX_TAKE(evm);
    return 0;
}

static int evm_start(struct rx_source *evm, struct rx_error *err)
{
    int r = rx_store_source_id(evm->deps.store, evm->settings.name, &evm->number, err);
    if (r < 0) {
        return r;
    }
    if (evm->number >= 1u << (32 - EVM_POOL_BITS)) {
        return rx_error_set(err, RX_ELIMIT, "the store holds more than %u sources",
                            (1u << (32 - EVM_POOL_BITS)) - 1);
    }
    r = rx_loop_new(evm->deps.clock, &evm->loop, err);
    if (r < 0) {
        return r;
    }
    const struct evm_rpc_options options = {.source = evm->settings.name,
                                            .url = evm->settings.url,
                                            .stop = &evm->stop,
                                            .loop = evm->loop,
                                            .metrics = evm->deps.metrics,
                                            .timeout_ms = RPC_TIMEOUT_MS,
                                            .calls_per_second =
                                                evm->settings.local ? RATE_LOCAL : RATE_REMOTE};
    r = evm_rpc_new(&options, &evm->rpc, err);
    if (r < 0) {
        return r;
    }
    evm_metrics_init(&evm->metrics, evm->deps.metrics, evm->settings.name);
    r = pthread_create(&evm->thread, NULL, source_main, evm);
    if (r != 0) {
        return rx_error_errno(err, r, "start source %s", evm->settings.name);
    }
    evm->started = true;
    return 0;
}

static void evm_stop(struct rx_source *evm)
{
    atomic_store(&evm->stop, true);
    if (evm->loop) {
        rx_loop_stop(evm->loop); /* wakes a step that waits */
    }
}

const struct rx_source_type rx_source_evm = {
    .type = "evm", .make = evm_make, .start = evm_start, .stop = evm_stop, .free = evm_free};
