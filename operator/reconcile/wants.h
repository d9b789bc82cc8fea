// SPDX-License-Identifier: Apache-2.0
/*
 * What the last pass over each RadarXDeployment wanted of its children, as fingerprints. It answers
 * two questions without rendering: is this event of a child news, and is the CR still settled. Both
 * compare the digest of the fields we own (kube/owned.h) with the intent's hash. Thread-safe.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/cleanup.h"
#include "operator/kube/store.h"

#define RX_WANTS_MAX 16 /* children of one CR */

struct rx_wants; /* table */

/* One child's intent. */
struct rx_want {
    uint64_t hash; /* of the intent; 0 = the child must not exist; RX_WANT_ANY = only exist */
    uint64_t seen; /* a digest that was found equal to the intent though it hashes differently */
};
#define RX_WANT_ANY UINT64_MAX

/* All of one CR: a plain value. */
struct rx_want_set {
    uint64_t uid; /* fingerprint */
    int64_t generation;
    bool complete; /* every want is that of `generation` */
    struct rx_want child[RX_WANTS_MAX];
};

struct rx_wants *rx_wants_new(size_t max_objects) RX_MUST_CHECK;
void rx_wants_free(struct rx_wants *wants);

/* A copy; false when the CR is not known. */
bool rx_wants_get(struct rx_wants *wants, struct rx_str key, struct rx_want_set *ret);
/* Stores a copy. 0, -ENOMEM or RX_ELIMIT. */
int rx_wants_set(struct rx_wants *wants, struct rx_str key, const struct rx_want_set *set)
    RX_MUST_CHECK;
void rx_wants_forget(struct rx_wants *wants, struct rx_str key);

/* First 8 bytes of a digest; never 0 or RX_WANT_ANY. */
uint64_t rx_want_fingerprint(const unsigned char digest[8]);
/* Whether the live child is what is wanted; record NULL = absent. Ownership is not looked at. */
bool rx_want_holds(const struct rx_want *want, const struct rx_record *record);
/* Whether some want of the CR is this child as it is now: the event is no news. */
bool rx_wants_expects(struct rx_wants *wants, struct rx_str key, const struct rx_record *record);

RX_DEFINE_CLEANUP(wants, struct rx_wants *, rx_wants_free);
