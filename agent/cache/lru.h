// SPDX-License-Identifier: Apache-2.0
/* Bounded map that forgets the least recently used entry. One thread (a loop has its own). */
#pragma once

#include <stddef.h>

#include "common/base/cleanup.h"
#include "common/base/str.h"

struct rx_lru;

#define RX_LRU_MAX_KEY 128 /* bytes */

/* free_value: for values that leave the map; may be NULL. NULL when out of memory. */
struct rx_lru *rx_lru_new(size_t max_entries, void (*free_value)(void *value)) RX_MUST_CHECK;
void rx_lru_free(struct rx_lru *lru);

/* Borrowed value, or NULL; the entry becomes the most recently used. */
void *rx_lru_get(struct rx_lru *lru, struct rx_str key);
/* Inserts or replaces. 0, -ENOMEM or RX_ELIMIT (key too long); then the value stays the caller's.
 */
int rx_lru_put(struct rx_lru *lru, struct rx_str key, void *value) RX_MUST_CHECK;

RX_DEFINE_CLEANUP(lru, struct rx_lru *, rx_lru_free);
