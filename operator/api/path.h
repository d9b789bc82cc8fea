// SPDX-License-Identifier: Apache-2.0
/* A field path that grows and shrinks during a walk: "spec.sources[1].name". Internal to api/. */
#pragma once

#include <stdio.h>
#include <string.h>

#include "common/base/str.h"

struct rx_path {
    char text[512]; /* cut when too long */
    size_t n;
};

/* Each push returns the length to hand to rx_path_pop. */
static inline size_t rx_path_push(struct rx_path *path, const char *sep, struct rx_str part,
                                  const char *end)
{
    size_t before = path->n;
    int r = snprintf(path->text + path->n, sizeof(path->text) - path->n, "%s" RX_STR_FMT "%s", sep,
                     RX_STR_ARG(part), end);
    if (r > 0) {
        path->n += (size_t)r;
        if (path->n >= sizeof(path->text)) {
            path->n = sizeof(path->text) - 1;
        }
    }
    return before;
}

static inline size_t rx_path_push_key(struct rx_path *path, struct rx_str key)
{
    return rx_path_push(path, path->n ? "." : "", key, "");
}

static inline size_t rx_path_push_index(struct rx_path *path, size_t index)
{
    char text[24];
    snprintf(text, sizeof(text), "%zu", index);
    return rx_path_push(path, "[", rx_str_of(text), "]");
}

static inline void rx_path_pop(struct rx_path *path, size_t before)
{
    path->n = before;
    path->text[before] = '\0';
}
