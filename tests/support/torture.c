// SPDX-License-Identifier: Apache-2.0
#include "tests/support/torture.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define KINDS        4
#define MOST_RUNS    100000
#define TOLERATE_ALL 1

struct plan {
    atomic_long left; /* calls until the failure; 0 = disarmed */
    atomic_bool stay; /* keep failing afterwards */
    atomic_int errnum;
};

static struct plan plans[KINDS];
static atomic_bool injected;
static atomic_size_t max_io;

static void arm(enum rx_torture_call call, long n, int errnum, bool stay)
{
    atomic_store(&plans[call].left, 0);
    atomic_store(&plans[call].errnum, errnum);
    atomic_store(&plans[call].stay, stay);
    atomic_store(&plans[call].left, n);
}

void rx_torture_fail_nth(enum rx_torture_call call, long n, int errnum)
{
    arm(call, n, errnum, false);
}

void rx_torture_fail_from(enum rx_torture_call call, long n, int errnum)
{
    arm(call, n, errnum, true);
}

bool rx_torture_disarm(void)
{
    for (int i = 0; i < KINDS; i++) {
        atomic_store(&plans[i].left, 0);
    }
    return atomic_exchange(&injected, false);
}

void rx_torture_max_io(size_t n)
{
    atomic_store(&max_io, n);
}

static bool should_fail(enum rx_torture_call call)
{
    struct plan *plan = &plans[call];
    long left = atomic_load(&plan->left);
    while (left > 0) {
        long next = left > 1 ? left - 1 : atomic_load(&plan->stay) ? 1 : 0;
        if (!atomic_compare_exchange_weak(&plan->left, &left, next)) {
            continue;
        }
        if (left == 1) {
            atomic_store(&injected, true);
            errno = atomic_load(&plan->errnum);
            return true;
        }
        return false;
    }
    return false;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *ptr, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t n);
ssize_t __real_read(int fd, void *bytes, size_t n);
ssize_t __real_write(int fd, const void *bytes, size_t n);
int __real_connect(int fd, const struct sockaddr *address, socklen_t n);

void *__wrap_malloc(size_t size);
void *__wrap_malloc(size_t size)
{
    return should_fail(RX_TORTURE_ALLOC) ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size)
{
    return should_fail(RX_TORTURE_ALLOC) ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *ptr, size_t size);
void *__wrap_realloc(void *ptr, size_t size)
{
    return should_fail(RX_TORTURE_ALLOC) ? NULL : __real_realloc(ptr, size);
}

char *__wrap_strdup(const char *text);
char *__wrap_strdup(const char *text)
{
    return should_fail(RX_TORTURE_ALLOC) ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t n);
char *__wrap_strndup(const char *text, size_t n)
{
    return should_fail(RX_TORTURE_ALLOC) ? NULL : __real_strndup(text, n);
}

static size_t limited(size_t n)
{
    size_t most = atomic_load(&max_io);
    return most > 0 && n > most ? most : n;
}

ssize_t __wrap_read(int fd, void *bytes, size_t n);
ssize_t __wrap_read(int fd, void *bytes, size_t n)
{
    return should_fail(RX_TORTURE_READ) ? -1 : __real_read(fd, bytes, limited(n));
}

ssize_t __wrap_write(int fd, const void *bytes, size_t n);
ssize_t __wrap_write(int fd, const void *bytes, size_t n)
{
    return should_fail(RX_TORTURE_WRITE) ? -1 : __real_write(fd, bytes, limited(n));
}

int __wrap_connect(int fd, const struct sockaddr *address, socklen_t n);
int __wrap_connect(int fd, const struct sockaddr *address, socklen_t n)
{
    return should_fail(RX_TORTURE_CONNECT) ? -1 : __real_connect(fd, address, n);
}

/* code: 0 = any negative one, TOLERATE_ALL = 0 as well. */
static long torture(enum rx_torture_call call, int errnum, int code, int (*fn)(void *arg),
                    void *arg)
{
    for (long n = 1; n < MOST_RUNS; n++) {
        rx_torture_disarm();
        rx_torture_fail_nth(call, n, errnum);
        int r = fn(arg);
        bool failed = rx_torture_disarm();
        if (!failed) {
            if (r != 0) {
                fail_msg("run %ld without a failure returned %d", n, r);
            }
            return n - 1;
        }
        bool accepted = code == TOLERATE_ALL ? r <= 0 : code == 0 ? r < 0 : r == code;
        if (!accepted) {
            fail_msg("failing call %ld returned %d, expected %d", n, r, code);
        }
    }
    fail_msg("still failing after %d runs", MOST_RUNS);
    return -1;
}

long rx_torture(enum rx_torture_call call, int errnum, int code, int (*fn)(void *arg), void *arg)
{
    return torture(call, errnum, code, fn, arg);
}

long rx_torture_alloc(int (*fn)(void *arg), void *arg)
{
    return torture(RX_TORTURE_ALLOC, ENOMEM, -ENOMEM, fn, arg);
}

long rx_torture_tolerant(int (*fn)(void *arg), void *arg)
{
    return torture(RX_TORTURE_ALLOC, ENOMEM, TOLERATE_ALL, fn, arg);
}
