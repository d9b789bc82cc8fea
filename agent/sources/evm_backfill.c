// SPDX-License-Identifier: Apache-2.0
/* Where reading begins: the lowest fromBlock, or 30 days before the head. */
#include "agent/sources/evm.h"
#include "common/base/log.h"

#define DEFAULT_SECONDS (30.0 * 86400)
#define SAMPLE_BLOCKS   5000

/* Mean seconds a block over the newest SAMPLE_BLOCKS; never below 1 ms. */
static int measure_blocks(struct rx_source *evm, double *ret, struct evm_fault *fault)
{
    uint64_t head = evm->head.number;
    struct evm_header old = {.number = head > SAMPLE_BLOCKS ? head - SAMPLE_BLOCKS : 0};
    *ret = 0;
    if (old.number == head) {
        return 0;
    }
    if (evm_chain_headers(evm->rpc, &old, 1, false, fault) < 0) {
        return -1;
    }
    double mean = (double)(evm->head.time - old.time) / (double)(head - old.number);
    *ret = mean > 0.001 ? mean : 0.001;
    return 0;
}

int evm_find_start(struct rx_source *evm, struct evm_fault *fault)
{
    double seconds = 0;
    if (measure_blocks(evm, &seconds, fault) < 0) {
        return -1;
    }
    evm->block_seconds = seconds;
    if (evm->from_known) {
        return 0;
    }
    double back = seconds > 0 ? DEFAULT_SECONDS / seconds : 0;
    uint64_t head = evm->head.number;
    uint64_t usual = seconds > 0 && back < (double)head ? head - (uint64_t)back : 0;
    uint64_t from = UINT64_MAX;
    for (size_t i = 0; i < evm->settings.n_factories; i++) {
        uint64_t block = evm->settings.factories[i].from_block;
        block = block == EVM_FROM_DEFAULT ? usual : block;
        from = block < from ? block : from;
    }
    evm->from_block = from;
    evm->from_known = true;
    rx_info("reading the past", RX_F_S("source", evm->settings.name), RX_F_I("from_block", from),
            RX_F_I("head_block", head));
    return 0;
}
