// SPDX-License-Identifier: Apache-2.0
#include "common/base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#define FIRST_BLOCK 16384u
#define ALIGN       16u

struct block {
    struct block *next;
    size_t size, used;
    _Alignas(ALIGN) char bytes[];
};

struct rx_arena {
    struct block *head;  /* owned list, newest first */
    struct block *first; /* the one that reset keeps */
    size_t max, total;
};

static bool add_block(struct rx_arena *arena, size_t size)
{
    if (size > arena->max - arena->total) {
        return false;
    }
    struct block *block = malloc(sizeof(*block) + size);
    if (!block) {
        return false;
    }
    *block = (struct block){.next = arena->head, .size = size};
    arena->head = block;
    arena->total += size;
    return true;
}

struct rx_arena *rx_arena_new(size_t max)
{
    struct rx_arena *arena = calloc(1, sizeof(*arena));
    if (!arena) {
        return NULL;
    }
    arena->max = max;
    if (!add_block(arena, max < FIRST_BLOCK ? max : FIRST_BLOCK)) {
        free(arena);
        return NULL;
    }
    arena->first = arena->head;
    return arena;
}

static void drop_blocks(struct rx_arena *arena, const struct block *keep)
{
    while (arena->head != keep) {
        struct block *next = arena->head->next;
        arena->total -= arena->head->size;
        free(arena->head);
        arena->head = next;
    }
}

void rx_arena_free(struct rx_arena *arena)
{
    if (arena) {
        drop_blocks(arena, NULL);
        free(arena);
    }
}

void rx_arena_reset(struct rx_arena *arena)
{
    drop_blocks(arena, arena->first);
    arena->head->used = 0;
}

void *rx_arena_alloc(struct rx_arena *arena, size_t n)
{
    if (n > SIZE_MAX - ALIGN) {
        return NULL;
    }
    size_t need = (n + ALIGN - 1) / ALIGN * ALIGN;
    struct block *block = arena->head;
    if (need > block->size - block->used) {
        /* Doubling keeps the number of blocks logarithmic; near the bound only what is needed. */
        size_t size = block->size * 2 > need ? block->size * 2 : need;
        if (!add_block(arena, size) && !add_block(arena, need)) {
            return NULL;
        }
        block = arena->head;
    }
    void *out = block->bytes + block->used;
    block->used += need;
    memset(out, 0, n);
    return out;
}

char *rx_arena_strdup(struct rx_arena *arena, struct rx_str text)
{
    char *copy = text.n < SIZE_MAX ? rx_arena_alloc(arena, text.n + 1) : NULL;
    if (copy && text.n) {
        memcpy(copy, text.p, text.n);
    }
    return copy;
}

char *rx_arena_printf(struct rx_arena *arena, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    char *out = n < 0 ? NULL : rx_arena_alloc(arena, (size_t)n + 1);
    if (out) {
        va_start(args, fmt);
        (void)vsnprintf(out, (size_t)n + 1, fmt, args);
        va_end(args);
    }
    return out;
}
