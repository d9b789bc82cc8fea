// SPDX-License-Identifier: Apache-2.0
/*
 * An error value with context. It lives on the caller's stack and never allocates.
 *
 * Fallible functions return 0 or a negative code: a negated errno, or one of enum rx_code. Those
 * that owe the user a sentence take a last `struct rx_error *err`, which may be NULL and is
 * untouched on success. Library layers fill errors in; only the top-level caller logs them.
 * Thread-safe: no shared state.
 */
#pragma once

#include <stdbool.h>

#include "common/base/cleanup.h"

enum rx_code {
    RX_EPARSE = -1001, /* text is not of the expected form */
    RX_ELIMIT = -1002, /* a documented bound was exceeded */
    RX_EINVALID =
        -1003,          /* well-formed, but not acceptable: names the field and what was expected */
    RX_EPROTO = -1004,  /* a peer broke its protocol */
    RX_ESTATUS = -1005, /* a peer answered with an error of its own */
    RX_ECONFLICT = -1006,
    RX_EGONE = -1007, /* the peer no longer has what a resume needs (HTTP 410) */
    RX_ECLOSED = -1008,
};

struct rx_error {
    int code;       /* as returned */
    bool retryable; /* the same call may succeed later */
    char msg[256];  /* "outermost: ...: innermost", always NUL-terminated, cut at the end when too
                       long */
};

/* Fills *err (when not NULL), retryable = false; returns `code` for `return rx_error_set(...)`. */
int rx_error_set(struct rx_error *err, int code, const char *fmt, ...) RX_PRINTF(3, 4);

/* As rx_error_set with a negated errno, appending its text: "open /x: No such file or directory".
 */
int rx_error_errno(struct rx_error *err, int errnum, const char *fmt, ...) RX_PRINTF(3, 4);

/* Prefixes the message: "prefix: old"; returns err->code (RX_EINVALID when err is NULL). */
int rx_error_wrap(struct rx_error *err, const char *fmt, ...) RX_PRINTF(2, 3);

/* Name of a code for logs and metrics: "parse", "limit", ..., or the errno's text. Static storage.
 */
const char *rx_code_name(int code);

#ifdef __clang_analyzer__
/* The analyzer sees one file at a time: these say what comes back. */
#define rx_error_set(err, code, ...)                                                               \
    ({                                                                                             \
        const int rx_code_ = (code);                                                               \
        (void)rx_error_set(err, rx_code_, __VA_ARGS__);                                            \
        rx_code_;                                                                                  \
    })
#define rx_error_errno(err, errnum, ...)                                                           \
    ({                                                                                             \
        const int rx_errnum_ = (errnum);                                                           \
        __builtin_assume(rx_errnum_ != 0);                                                         \
        (void)rx_error_errno(err, rx_errnum_, __VA_ARGS__);                                        \
        rx_errnum_ < 0 ? rx_errnum_ : -rx_errnum_;                                                 \
    })
#endif
