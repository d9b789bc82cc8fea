// SPDX-License-Identifier: Apache-2.0
/*
 * The API keys that open the agent: SHA-256 digests of one configured key and of the files of a
 * directory. Reload on one thread; check on any. A presented key is compared with every digest in
 * constant time, and the keys themselves are not kept.
 */
#pragma once

#include <stdint.h>

#include "common/base/error.h"
#include "common/base/str.h"

struct rx_keys;

#define RX_KEYS_MAX    64
#define RX_KEY_MIN_LEN 16
#define RX_KEY_MAX_LEN 256

/* dir and key: copied; "" or NULL = none. NULL when out of memory. */
struct rx_keys *rx_keys_new(const char *dir, const char *key) RX_MUST_CHECK;
void rx_keys_free(struct rx_keys *keys);

/*
 * Reads the directory again: every regular file whose name does not start with '.' is one key,
 * white space around it left out. On an error (which names the file, never its text) the keys stay
 * as they were. The first call must succeed before keys are checked.
 */
int rx_keys_reload(struct rx_keys *keys, struct rx_error *err) RX_MUST_CHECK;
size_t rx_keys_count(struct rx_keys *keys);

/* 1 + the number of the key that matches, 0 = none. digest gets the presented key's SHA-256: a name
 * for it that tells nothing. */
unsigned rx_keys_check(struct rx_keys *keys, struct rx_str presented, unsigned char digest[32]);

RX_DEFINE_CLEANUP(keys, struct rx_keys *, rx_keys_free);
