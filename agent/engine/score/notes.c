// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/score/notes.h"

#include <stdarg.h>
#include <stdio.h>

void rx_notes_add(struct rx_notes *notes, const char *reason, const char *fmt, ...)
{
    if (notes->n == RX_NOTES_MAX) {
        return;
    }
    struct rx_note *item = &notes->items[notes->n++];
    va_list args;
    va_start(args, fmt);
    vsnprintf(item->path, sizeof(item->path), fmt, args);
    va_end(args);
    item->reason = reason;
}

void rx_notes_write(struct rx_jw *w, const char *key, const struct rx_notes *notes)
{
    rx_jw_key(w, key);
    rx_jw_begin_array(w);
    for (size_t i = 0; i < notes->n; i++) {
        rx_jw_begin_object(w);
        rx_jw_kv_cstr(w, "path", notes->items[i].path);
        rx_jw_kv_cstr(w, "reason", notes->items[i].reason);
        rx_jw_end_object(w);
    }
    rx_jw_end_array(w);
}
