// SPDX-License-Identifier: Apache-2.0
/*
 * Failure injection for unit tests. Test programs are linked with --wrap, so that our own calls of
 * the allocator, read, write and connect pass through here; those inside shared libraries do not.
 * Thread-safe counters, one plan a process.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Kinds of calls that can be made to fail. */
enum rx_torture_call { RX_TORTURE_ALLOC, RX_TORTURE_READ, RX_TORTURE_WRITE, RX_TORTURE_CONNECT };

/* Fails the n-th call from now (1 = the next) with ENOMEM or `errnum`; n = 0 disarms. */
void rx_torture_fail_nth(enum rx_torture_call call, long n, int errnum);
/* Fails the n-th call and all after it. */
void rx_torture_fail_from(enum rx_torture_call call, long n, int errnum);
/* Disarms all; true when any failure was injected since the last disarm. */
bool rx_torture_disarm(void);
/* read and write move at most n bytes a call (0 = no limit): short reads and writes. */
void rx_torture_max_io(size_t n);

/*
 * Runs fn(arg) with the 1st, 2nd, 3rd, ... call of that kind failing, until a run meets no
 * injected failure. fn returns 0 or a negative code; a run that met a failure must return `code`
 * (0 = any negative code), the last run 0. Other outcomes fail the running cmocka test. Leaks are
 * the sanitizer's to find. Returns the number of failures injected.
 */
long rx_torture(enum rx_torture_call call, int errnum, int code, int (*fn)(void *arg), void *arg);

/*
 * The same for allocations with -ENOMEM expected. For functions that survive a failed allocation by
 * design (a fallback) use rx_torture_tolerant: a run may then return 0 too.
 */
long rx_torture_alloc(int (*fn)(void *arg), void *arg);
long rx_torture_tolerant(int (*fn)(void *arg), void *arg);
