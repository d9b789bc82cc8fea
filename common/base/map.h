// SPDX-License-Identifier: Apache-2.0
/*
 * Hash map from byte strings to pointers: open addressing, keyed SipHash (a random key a process),
 * keys copied. Values are borrowed unless a destructor is given. Bounded in entries. Not
 * thread-safe.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/cleanup.h"
#include "common/base/str.h"

struct rx_map;

/* max_entries bounds the count; free_value (may be NULL) is called for values that leave the map.
 */
struct rx_map *rx_map_new(size_t max_entries, void (*free_value)(void *value)) RX_MUST_CHECK;
void rx_map_free(struct rx_map *map);
void rx_map_clear(struct rx_map *map);

/* Borrowed value, or NULL. */
void *rx_map_get(const struct rx_map *map, struct rx_str key);
/* Inserts or replaces (the old value is destroyed). 0, -ENOMEM or RX_ELIMIT (map unchanged, value
 * not taken). */
int rx_map_set(struct rx_map *map, struct rx_str key, void *value) RX_MUST_CHECK;
/* Removes and destroys; false when absent. */
bool rx_map_del(struct rx_map *map, struct rx_str key);
/* Removes without destroying; returns the value or NULL. */
void *rx_map_take(struct rx_map *map, struct rx_str key);
size_t rx_map_size(const struct rx_map *map);

/* Iteration in unspecified order; the map must not be changed during it, but for deleting the
 * current key. */
struct rx_map_iter {
    const struct rx_map *map;
    size_t slot;
    struct rx_str key;
    void *value;
};
void rx_map_iter_init(struct rx_map_iter *iter, const struct rx_map *map);
bool rx_map_iter_next(struct rx_map_iter *iter);
static inline struct rx_map_iter rx_map_iter_of(const struct rx_map *map)
{
    struct rx_map_iter iter;
    rx_map_iter_init(&iter, map);
    return iter;
}
#define RX_MAP_FOREACH(iter, map)                                                                  \
    for (struct rx_map_iter iter = rx_map_iter_of(map); rx_map_iter_next(&iter);)

/* SipHash-2-4 of the bytes with the process's key, for other tables. */
uint64_t rx_hash(struct rx_str key);
/* The same with a given key, for the published test vectors. */
uint64_t rx_siphash(const uint64_t key[2], struct rx_str text);

RX_DEFINE_CLEANUP(map, struct rx_map *, rx_map_free);
