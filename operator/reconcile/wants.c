// SPDX-License-Identifier: Apache-2.0
#include "operator/reconcile/wants.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "common/base/map.h"

struct rx_wants {
    pthread_mutex_t lock;
    struct rx_map *sets; /* owned; protected by the lock */
};

struct rx_wants *rx_wants_new(size_t max_objects)
{
    struct rx_wants *wants = calloc(1, sizeof(*wants));
    if (!wants || !(wants->sets = rx_map_new(max_objects, free))) {
        free(wants);
        return NULL;
    }
    pthread_mutex_init(&wants->lock, NULL);
    return wants;
}

void rx_wants_free(struct rx_wants *wants)
{
    if (wants) {
        rx_map_free(wants->sets);
        pthread_mutex_destroy(&wants->lock);
        free(wants);
    }
}

bool rx_wants_get(struct rx_wants *wants, struct rx_str key, struct rx_want_set *ret)
{
    pthread_mutex_lock(&wants->lock);
    const struct rx_want_set *set = rx_map_get(wants->sets, key);
    if (set) {
        *ret = *set;
    }
    pthread_mutex_unlock(&wants->lock);
    return set != NULL;
}

int rx_wants_set(struct rx_wants *wants, struct rx_str key, const struct rx_want_set *set)
{
    int rc = 0;
    pthread_mutex_lock(&wants->lock);
    struct rx_want_set *have = rx_map_get(wants->sets, key);
    if (!have) {
        have = calloc(1, sizeof(*have));
        rc = have ? rx_map_set(wants->sets, key, have) : -ENOMEM;
    }
    if (rc == 0) {
        *have = *set;
    } else {
        free(have);
    }
    pthread_mutex_unlock(&wants->lock);
    return rc;
}

void rx_wants_forget(struct rx_wants *wants, struct rx_str key)
{
    pthread_mutex_lock(&wants->lock);
    rx_map_del(wants->sets, key);
    pthread_mutex_unlock(&wants->lock);
}

uint64_t rx_want_fingerprint(const unsigned char digest[8])
{
    uint64_t value;
    memcpy(&value, digest, sizeof(value));
    return value == 0 || value == RX_WANT_ANY ? 1 : value;
}

bool rx_want_holds(const struct rx_want *want, const struct rx_record *record)
{
    if (want->hash == 0 || !record) {
        return want->hash == 0 && !record;
    }
    if (want->hash == RX_WANT_ANY) {
        return true;
    }
    uint64_t digest = rx_want_fingerprint(record->owned.digest);
    return record->owned.applied && ((record->owned.consistent && digest == want->hash) ||
                                     (want->seen != 0 && digest == want->seen));
}

bool rx_wants_expects(struct rx_wants *wants, struct rx_str key, const struct rx_record *record)
{
    bool expected = false;
    pthread_mutex_lock(&wants->lock);
    const struct rx_want_set *set = rx_map_get(wants->sets, key);
    for (size_t i = 0; set && i < RX_WANTS_MAX && !expected; i++) {
        const struct rx_want *want = &set->child[i];
        expected = want->hash != 0 && want->hash != RX_WANT_ANY && rx_want_holds(want, record);
    }
    pthread_mutex_unlock(&wants->lock);
    return expected;
}
