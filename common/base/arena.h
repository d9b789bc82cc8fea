// SPDX-License-Identifier: Apache-2.0
/* Bump allocator: everything in it is freed at once. First block 16 KiB, bounded in total. Not
 * thread-safe. */
#pragma once

#include <stddef.h>

#include "common/base/cleanup.h"
#include "common/base/str.h"

struct rx_arena;

/* `max` bounds the bytes of all blocks. NULL on allocation failure. */
struct rx_arena *rx_arena_new(size_t max) RX_MUST_CHECK;
void rx_arena_free(struct rx_arena *arena);
/* Forgets all allocations and keeps the first block. */
void rx_arena_reset(struct rx_arena *arena);

/* n zeroed bytes aligned to 16; NULL when out of memory or over the bound. Borrowed: dies with the
 * arena. */
void *rx_arena_alloc(struct rx_arena *arena, size_t n) RX_MUST_CHECK;
/* NUL-terminated copy; NULL as above. */
char *rx_arena_strdup(struct rx_arena *arena, struct rx_str text) RX_MUST_CHECK;
char *rx_arena_printf(struct rx_arena *arena, const char *fmt, ...) RX_PRINTF(2, 3) RX_MUST_CHECK;

RX_DEFINE_CLEANUP(arena, struct rx_arena *, rx_arena_free);
