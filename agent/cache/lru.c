// SPDX-License-Identifier: Apache-2.0
#include "agent/cache/lru.h"

#include <errno.h>
#include <stdlib.h>

#include "common/base/error.h"
#include "common/base/map.h"

struct node {
    struct node *newer, *older;
    void *value;
    size_t key_n;
    char key[];
};

struct rx_lru {
    struct rx_map *map; /* key to node, which the list owns */
    struct node *newest, *oldest;
    size_t max;
    void (*free_value)(void *value);
};

struct rx_lru *rx_lru_new(size_t max_entries, void (*free_value)(void *value))
{
    struct rx_lru *lru = calloc(1, sizeof(*lru));
    if (!lru) {
        return NULL;
    }
    lru->map = rx_map_new(max_entries, NULL);
    if (!lru->map) {
        free(lru);
        return NULL;
    }
    lru->max = max_entries;
    lru->free_value = free_value;
    return lru;
}

static void list_remove(struct rx_lru *lru, struct node *node)
{
    if (node->newer) {
        node->newer->older = node->older;
    } else {
        lru->newest = node->older;
    }
    if (node->older) {
        node->older->newer = node->newer;
    } else {
        lru->oldest = node->newer;
    }
}

static void list_push(struct rx_lru *lru, struct node *node)
{
    node->newer = NULL;
    node->older = lru->newest;
    if (lru->newest) {
        lru->newest->newer = node;
    } else {
        lru->oldest = node;
    }
    lru->newest = node;
}

static void drop(struct rx_lru *lru, struct node *node)
{
    list_remove(lru, node);
    (void)rx_map_take(lru->map, (struct rx_str){node->key, node->key_n});
    if (lru->free_value) {
        lru->free_value(node->value);
    }
    free(node);
}

void rx_lru_free(struct rx_lru *lru)
{
    if (!lru) {
        return;
    }
    while (lru->oldest) {
        drop(lru, lru->oldest);
    }
    rx_map_free(lru->map);
    free(lru);
}

void *rx_lru_get(struct rx_lru *lru, struct rx_str key)
{
    struct node *node = rx_map_get(lru->map, key);
    if (!node) {
        return NULL;
    }
    if (node != lru->newest) {
        list_remove(lru, node);
        list_push(lru, node);
    }
    return node->value;
}

int rx_lru_put(struct rx_lru *lru, struct rx_str key, void *value)
{
    if (key.n > RX_LRU_MAX_KEY) {
        return RX_ELIMIT;
    }
    struct node *node = malloc(sizeof(*node) + key.n);
    if (!node) {
        return -ENOMEM;
    }
    node->value = value;
    node->key_n = key.n;
    memcpy(node->key, key.p, key.n);
    struct node *old = rx_map_get(lru->map, key);
    if (!old && rx_map_size(lru->map) >= lru->max) {
        old = lru->oldest;
    }
    if (old) {
        drop(lru, old);
    }
    const int r = rx_map_set(lru->map, key, node);
    if (r < 0) {
        free(node);
        return r;
    }
    list_push(lru, node);
    return 0;
}
