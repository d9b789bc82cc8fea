// SPDX-License-Identifier: Apache-2.0
/* String views: a pointer and a length, not NUL-terminated, never owned. Thread-safe: plain values.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "common/base/cleanup.h"

struct rx_str {
    const char *p; /* borrowed; may be NULL only when n == 0 */
    size_t n;
};

#define RX_STR(literal)  ((struct rx_str){"" literal, sizeof(literal) - 1})
#define RX_STR_FMT       "%.*s"
#define RX_STR_ARG(view) (int)((view).n), (view).p ? (view).p : ""

static inline struct rx_str rx_str_of(const char *text)
{
    return (struct rx_str){text, text ? strlen(text) : 0};
}

bool rx_str_eq(struct rx_str a, struct rx_str b);
bool rx_str_eq_nocase(struct rx_str a, struct rx_str b); /* ASCII only */
bool rx_str_is(struct rx_str a, const char *text);
bool rx_str_starts(struct rx_str a, struct rx_str prefix);
bool rx_str_ends(struct rx_str a, struct rx_str suffix);

/* Without leading and trailing ASCII white space. */
struct rx_str rx_str_trim(struct rx_str a);

/* Index of the first `c`, or -1. */
ptrdiff_t rx_str_find(struct rx_str a, char c);

/*
 * Cuts the text before the first `sep` into *ret_part and moves *rest behind the separator. False
 * when *rest is exhausted (p == NULL). "a,,b" gives "a", "", "b"; "" gives one "".
 */
bool rx_str_cut(struct rx_str *rest, char sep, struct rx_str *ret_part);

/* malloc'd NUL-terminated copy, owned by the caller; NULL on allocation failure. */
char *rx_str_dup(struct rx_str a) RX_MUST_CHECK;

/* Whether the bytes are valid UTF-8 without NUL. */
bool rx_str_is_utf8(struct rx_str a);
/* Bytes of the valid UTF-8 sequence at offset `at`; 0 when there is none. */
size_t rx_utf8_len(struct rx_str a, size_t at);

/* Compares in time that depends only on the lengths, for secrets. */
bool rx_str_eq_secret(struct rx_str a, struct rx_str b);
