// SPDX-License-Identifier: Apache-2.0
#include "agent/sources/evm_range.h"

/* An answer above this is near the usual limits of 10,000 logs; the range grows no more. */
#define FULL_LOGS 4000
/* So many good answers just below a refused size, and it is tried again. */
#define FORGET_AFTER 20

void evm_range_init(struct evm_range *range, uint64_t size, uint64_t max)
{
    *range = (struct evm_range){.size = size < max ? size : max, .max = max};
}

bool evm_range_too_many(struct evm_range *range)
{
    range->good = 0;
    if (range->size == 1) {
        return false;
    }
    range->too_many = range->size;
    range->size /= 2;
    return true;
}

void evm_range_good(struct evm_range *range, uint64_t logs)
{
    range->good++;
    if (logs >= FULL_LOGS || range->size >= range->max) {
        return;
    }
    if (range->too_many && range->size * 2 >= range->too_many) {
        if (range->good < FORGET_AFTER) {
            return;
        }
        range->too_many = 0;
    }
    range->size = range->size * 2 > range->max ? range->max : range->size * 2;
    range->good = 0;
}
