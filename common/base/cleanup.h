// SPDX-License-Identifier: Apache-2.0
/*
 * Scope-bound release of memory, descriptors and module objects. One exit style a function: declare
 * an owner with rx_autofree, rx_autoclose or rx_auto(module), hand it over with RX_TAKE.
 */
#pragma once

#include <stdlib.h>
#include <unistd.h>

#define RX_MUST_CHECK      __attribute__((warn_unused_result))
#define RX_PRINTF(fmt, va) __attribute__((format(printf, fmt, va)))

/* Frees the malloc'd pointer at the end of the scope. */
#define rx_autofree __attribute__((cleanup(rx_cleanup_free)))
/* Closes the descriptor at the end of the scope when it is >= 0. */
#define rx_autoclose __attribute__((cleanup(rx_cleanup_close)))
/* Calls the cleanup that RX_DEFINE_CLEANUP(module, ...) made. */
#define rx_auto(module) __attribute__((cleanup(rx_##module##_cleanup)))

/* Defines rx_<module>_cleanup for values of `type`, which calls func(value) (func copes with NULL).
 */
#define RX_DEFINE_CLEANUP(module, type, func)                                                      \
    static inline void rx_##module##_cleanup(type *value)                                          \
    {                                                                                              \
        func(*value);                                                                              \
    }                                                                                              \
    struct rx_##module##_cleanup_needs_semicolon

/* Defines rx_<module>_cleanup for embedded objects, which calls func(&object). */
#define RX_DEFINE_CLEANUP_INPLACE(module, type, func)                                              \
    static inline void rx_##module##_cleanup(type *value)                                          \
    {                                                                                              \
        func(value);                                                                               \
    }                                                                                              \
    struct rx_##module##_cleanup_needs_semicolon

/* Moves ownership out of a pointer variable: yields its value and leaves NULL behind. */
#define RX_TAKE(ptr)                                                                               \
    ({                                                                                             \
        __typeof__(ptr) rx_taken_ = (ptr);                                                         \
        (ptr) = NULL;                                                                              \
        rx_taken_;                                                                                 \
    })

/* The same for a descriptor; leaves -1 behind. */
#define RX_TAKE_FD(fd)                                                                             \
    ({                                                                                             \
        int rx_taken_ = (fd);                                                                      \
        (fd) = -1;                                                                                 \
        rx_taken_;                                                                                 \
    })

#define RX_ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

static inline void rx_cleanup_free(void *ptr)
{
    free(*(void **)ptr);
}

static inline void rx_cleanup_close(const int *fd)
{
    if (*fd >= 0) {
        close(*fd);
    }
}
