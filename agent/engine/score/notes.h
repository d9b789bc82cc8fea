// SPDX-License-Identifier: Apache-2.0
/* Lists of {path, reason} that an answer carries: what is null and why, what is known with a
 * reservation. Not thread-safe. */
#pragma once

#include "common/json/write.h"

#define RX_NOTES_MAX     320
#define RX_NOTE_PATH_MAX 80

struct rx_note {
    char path[RX_NOTE_PATH_MAX];
    const char *reason; /* static */
};

struct rx_notes {
    size_t n;
    struct rx_note items[RX_NOTES_MAX];
};

/* Beyond RX_NOTES_MAX nothing is added. */
void rx_notes_add(struct rx_notes *notes, const char *reason, const char *fmt, ...) RX_PRINTF(3, 4);
/* "key": [{"path", "reason"}]. */
void rx_notes_write(struct rx_jw *w, const char *key, const struct rx_notes *notes);
