// SPDX-License-Identifier: Apache-2.0
/*
 * The way to the head: ask for the newest block and the cursor's, undo what left the chain, read
 * the next range, wait when there is none. Backfilling and following are the same steps; the
 * state only says how far the head is.
 */
#include <string.h>

#include "agent/sources/evm.h"

#define POLL_LOCAL_MS 1000
#define POLL_MIN_MS   250
#define POLL_MAX_MS   12000
/* While the past is read, the head is asked for so often only. */
#define BACKFILL_POLL_MS 3000
/* Further behind than this, following counts as backfilling again. */
#define FAR_BEHIND 1000

static uint64_t next_block(const struct rx_source *evm)
{
    return evm->cursor.set ? evm->cursor.block + 1 : evm->from_block;
}

static int64_t poll_interval(const struct rx_source *evm)
{
    if (evm->settings.poll_ms) {
        return evm->settings.poll_ms;
    }
    if (evm->settings.local) {
        return POLL_LOCAL_MS;
    }
    int64_t ms = (int64_t)(evm->block_seconds * 1000);
    return ms < POLL_MIN_MS ? POLL_MIN_MS : ms > POLL_MAX_MS ? POLL_MAX_MS : ms;
}

static int check_chain_id(struct rx_source *evm, uint64_t id, struct evm_fault *fault)
{
    if (evm->chain_id == 0) {
        evm->chain_id = id;
    }
    if (id == evm->chain_id) {
        return 0;
    }
    return evm_fail(fault, EVM_CHAIN_ID,
                    "the node is of chain %llu, what is stored of chain %llu: use another "
                    "store.path or the right node",
                    (unsigned long long)id, (unsigned long long)evm->chain_id);
}

/* The cursor's block is not there. A head below it is that of a node which lags behind, unless
 * the newest block known up to that head has another hash: then the chain is another one. */
static int check_short_chain(struct rx_source *evm, uint64_t head, struct evm_fault *fault)
{
    unsigned long long cursor = evm->cursor.block;
    if (head >= cursor) {
        return evm_fail(fault, EVM_GAP, "the node has no block %llu, which is below its head",
                        cursor);
    }
    size_t n = evm->blocks.n;
    while (n > 0 && evm->blocks.items[n - 1].number > head) {
        n--;
    }
    if (n > 0) {
        const struct evm_block *block = &evm->blocks.items[n - 1];
        struct evm_header now = {.number = block->number};
        if (evm_chain_headers(evm->rpc, &now, 1, false, fault) < 0) {
            return -1;
        }
        if (memcmp(now.hash, block->hash, sizeof now.hash) != 0) {
            return evm_rewind(evm, fault);
        }
    }
    return evm_fail(fault, EVM_HEAD_BACKWARDS,
                    "the node's newest block is %llu, block %llu was read before",
                    (unsigned long long)head, cursor);
}

/* Whether what the node says of its newest block and of the cursor's goes on from what is known. */
static int check_head(struct rx_source *evm, const struct evm_poll *poll, struct evm_fault *fault)
{
    const struct evm_cursor *cursor = &evm->cursor;
    if (!cursor->set) {
        return 0;
    }
    if (!poll->known.present) {
        return check_short_chain(evm, poll->head.number, fault);
    }
    if (memcmp(poll->known.hash, cursor->hash, sizeof cursor->hash) != 0) {
        return evm_rewind(evm, fault);
    }
    if (evm->head.present && poll->head.number < evm->head.number) {
        return evm_fail(fault, EVM_HEAD_BACKWARDS, "the node's newest block went from %llu to %llu",
                        (unsigned long long)evm->head.number,
                        (unsigned long long)poll->head.number);
    }
    return 0;
}

static int poll_head(struct rx_source *evm, struct evm_fault *fault)
{
    struct evm_poll poll;
    if (evm_chain_poll(evm->rpc, evm->cursor.set ? evm->cursor.block : 0, &poll, fault) < 0 ||
        check_chain_id(evm, poll.chain_id, fault) < 0 || check_head(evm, &poll, fault) < 0) {
        /* A lower head is believed when it is repeated: the chain may have been reset. */
        if (fault->kind == EVM_HEAD_BACKWARDS) {
            evm->head = poll.head;
        }
        return -1;
    }
    evm->head = poll.head;
    evm->polled_ms = rx_loop_now_ms(evm->loop);
    rx_metric_set(evm->metrics.head, (double)evm->head.number);
    rx_book_set_head(evm->deps.book, evm->index, evm->head.number, evm->head.time);
    return 0;
}

/* The pause after a step that read everything there was, and the state that goes with it. */
static int64_t settle(struct rx_source *evm, uint64_t target)
{
    uint64_t next = next_block(evm);
    uint64_t behind = next <= target ? target - next + 1 : 0;
    if (behind == 0) {
        evm_move(evm, RX_SOURCE_FOLLOWING);
    } else if (evm->sm != RX_SOURCE_FOLLOWING || behind > FAR_BEHIND) {
        evm_move(evm, RX_SOURCE_BACKFILLING);
    }
    return behind ? 0 : poll_interval(evm);
}

int evm_step(struct rx_source *evm, int64_t *ret_wait_ms, struct evm_fault *fault)
{
    *ret_wait_ms = 0;
    if (!evm->state && evm_load(evm, fault) < 0) {
        return -1;
    }
    bool recent = evm->head.present && evm->sm == RX_SOURCE_BACKFILLING &&
                  rx_loop_now_ms(evm->loop) - evm->polled_ms < BACKFILL_POLL_MS;
    if (!recent && poll_head(evm, fault) < 0) {
        return -1;
    }
    if ((!evm->from_known || evm->block_seconds <= 0) && evm_find_start(evm, fault) < 0) {
        return -1;
    }
    uint64_t confirmations = evm->settings.confirmations;
    if (evm->head.number < confirmations) {
        *ret_wait_ms = poll_interval(evm);
        return 0;
    }
    uint64_t target = evm->head.number - confirmations;
    uint64_t first = next_block(evm);
    if (first <= target) {
        uint64_t last = target - first < evm->range.size ? target : first + evm->range.size - 1;
        if (evm_ingest(evm, first, last, fault) < 0) {
            return -1;
        }
    }
    *ret_wait_ms = settle(evm, target);
    return 0;
}
