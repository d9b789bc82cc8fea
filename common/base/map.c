// SPDX-License-Identifier: Apache-2.0
#include "common/base/map.h"

#include <endian.h>
#include <errno.h>
#include <pthread.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/random.h"

#define FIRST_SLOTS 16u

/* Linear probing. A removed entry leaves a tombstone, so that an iteration may delete as it goes.
 */
struct slot {
    char *key; /* owned, NUL-terminated; NULL = never used, or `gone` */
    size_t n;
    uint64_t hash;
    void *value;
};

struct rx_map {
    struct slot *slots; /* owned */
    size_t cap;         /* power of two, or 0 */
    size_t live, used;  /* used counts tombstones too */
    size_t max;
    void (*free_value)(void *value);
};

static char gone[1];

static uint64_t sip_key[2];
static pthread_once_t sip_once = PTHREAD_ONCE_INIT;

static void sip_init(void)
{
    rx_random_bytes(sip_key, sizeof(sip_key));
}

static uint64_t rotate(uint64_t x, unsigned n)
{
    return x << n | x >> (64 - n);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[0] = rotate(v[0], 32);
    v[2] += v[3];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[2] = rotate(v[2], 32);
}

static uint64_t load_le(const char *p, size_t n)
{
    uint64_t word = 0;
    for (size_t i = 0; i < n; i++) {
        word |= (uint64_t)(unsigned char)p[i] << (8 * i);
    }
    return word;
}

uint64_t rx_siphash(const uint64_t key[2], struct rx_str text)
{
    uint64_t v[4] = {key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d,
                     key[0] ^ 0x6c7967656e657261, key[1] ^ 0x7465646279746573};
    if (text.n == 0) {
        text.p = ""; /* no offset may be added to NULL */
    }
    size_t at = 0;
    for (; text.n - at >= 8; at += 8) {
        uint64_t word;
        memcpy(&word, text.p + at, sizeof(word));
        word = le64toh(word);
        v[3] ^= word;
        sip_round(v);
        sip_round(v);
        v[0] ^= word;
    }
    uint64_t last = load_le(text.p + at, text.n - at) | (uint64_t)text.n << 56;
    v[3] ^= last;
    sip_round(v);
    sip_round(v);
    v[0] ^= last;
    v[2] ^= 0xff;
    for (int i = 0; i < 4; i++) {
        sip_round(v);
    }
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t rx_hash(struct rx_str key)
{
    (void)pthread_once(&sip_once, sip_init); /* fails only for an invalid control */
    return rx_siphash(sip_key, key);
}

struct rx_map *rx_map_new(size_t max_entries, void (*free_value)(void *value))
{
    struct rx_map *map = calloc(1, sizeof(*map));
    if (map) {
        map->max = max_entries;
        map->free_value = free_value;
    }
    return map;
}

static bool is_live(const struct slot *slot)
{
    return slot->key && slot->key != gone;
}

static void destroy_value(const struct rx_map *map, void *value)
{
    if (map->free_value && value) {
        map->free_value(value);
    }
}

void rx_map_clear(struct rx_map *map)
{
    for (size_t i = 0; i < map->cap; i++) {
        if (is_live(&map->slots[i])) {
            free(map->slots[i].key);
            destroy_value(map, map->slots[i].value);
        }
    }
    free(map->slots);
    map->slots = NULL;
    map->cap = map->live = map->used = 0;
}

void rx_map_free(struct rx_map *map)
{
    if (map) {
        rx_map_clear(map);
        free(map);
    }
}

static struct slot *find(const struct rx_map *map, struct rx_str key, uint64_t hash)
{
    if (map->cap == 0) {
        return NULL;
    }
    size_t mask = map->cap - 1;
    for (size_t i = hash & mask;; i = (i + 1) & mask) {
        struct slot *slot = &map->slots[i];
        if (!slot->key) {
            return NULL;
        }
        if (is_live(slot) && slot->hash == hash && slot->n == key.n &&
            (key.n == 0 || memcmp(slot->key, key.p, key.n) == 0)) {
            return slot;
        }
    }
}

static struct slot *free_slot(struct slot *slots, size_t cap, uint64_t hash)
{
    size_t i = hash & (cap - 1);
    while (is_live(&slots[i])) {
        i = (i + 1) & (cap - 1);
    }
    return &slots[i];
}

/* Keeps at least a quarter of the slots never used; drops the tombstones on the way. */
static int make_room(struct rx_map *map)
{
    if (map->cap && (map->used + 1) * 4 <= map->cap * 3) {
        return 0;
    }
    size_t cap = FIRST_SLOTS;
    while ((map->live + 1) * 2 > cap) {
        cap *= 2;
    }
    struct slot *slots = calloc(cap, sizeof(*slots));
    if (!slots) {
        return -ENOMEM;
    }
    for (size_t i = 0; i < map->cap; i++) {
        if (is_live(&map->slots[i])) {
            *free_slot(slots, cap, map->slots[i].hash) = map->slots[i];
        }
    }
    free(map->slots);
    map->slots = slots;
    map->cap = cap;
    map->used = map->live;
    return 0;
}

void *rx_map_get(const struct rx_map *map, struct rx_str key)
{
    struct slot *slot = map->live ? find(map, key, rx_hash(key)) : NULL;
    return slot ? slot->value : NULL;
}

int rx_map_set(struct rx_map *map, struct rx_str key, void *value)
{
    uint64_t hash = rx_hash(key);
    struct slot *slot = find(map, key, hash);
    if (slot) {
        void *old = slot->value;
        slot->value = value;
        if (old != value) {
            destroy_value(map, old);
        }
        return 0;
    }
    if (map->live >= map->max) {
        return RX_ELIMIT;
    }
    char *copy = rx_str_dup(key);
    if (!copy) {
        return -ENOMEM;
    }
    if (make_room(map) < 0) {
        free(copy);
        return -ENOMEM;
    }
    slot = free_slot(map->slots, map->cap, hash);
    map->used += slot->key == NULL;
    map->live++;
    *slot = (struct slot){copy, key.n, hash, value};
    return 0;
}

void *rx_map_take(struct rx_map *map, struct rx_str key)
{
    struct slot *slot = find(map, key, rx_hash(key));
    if (!slot) {
        return NULL;
    }
    void *value = slot->value;
    free(slot->key);
    *slot = (struct slot){.key = gone};
    map->live--;
    return value;
}

bool rx_map_del(struct rx_map *map, struct rx_str key)
{
    size_t before = map->live;
    destroy_value(map, rx_map_take(map, key));
    return map->live < before;
}

size_t rx_map_size(const struct rx_map *map)
{
    return map->live;
}

void rx_map_iter_init(struct rx_map_iter *iter, const struct rx_map *map)
{
    *iter = (struct rx_map_iter){.map = map};
}

bool rx_map_iter_next(struct rx_map_iter *iter)
{
    while (iter->slot < iter->map->cap) {
        const struct slot *slot = &iter->map->slots[iter->slot++];
        if (is_live(slot)) {
            iter->key = (struct rx_str){slot->key, slot->n};
            iter->value = slot->value;
            return true;
        }
    }
    return false;
}
