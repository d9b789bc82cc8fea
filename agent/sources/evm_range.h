// SPDX-License-Identifier: Apache-2.0
/* How many blocks to ask for at once: halved when the node or the answer is too small for them,
 * grown after good answers. Plain values. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct evm_range {
    uint64_t size, max;
    unsigned good;     /* good answers in a row at this size */
    uint64_t too_many; /* smallest size that was refused lately; 0 = none */
};

void evm_range_init(struct evm_range *range, uint64_t size, uint64_t max);
/* False when the range cannot get smaller. */
bool evm_range_too_many(struct evm_range *range);
/* An answer with `logs` logs for a whole range of the current size. */
void evm_range_good(struct evm_range *range, uint64_t logs);
