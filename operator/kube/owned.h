// SPDX-License-Identifier: Apache-2.0
/*
 * What of a live object is ours. Server-side apply records in metadata.managedFields which fields a
 * manager owns; the live object cut down to them, plus its identity (apiVersion, kind, name,
 * namespace), is the intent that was applied, unless somebody changed it since. Its SHA-256 equals
 * the hash of that intent, so drift shows in 32 bytes an object and no tree is kept. Fields that
 * others own (an autoscaler's replicas, defaults, status) do not take part. Thread-safe.
 */
#pragma once

#include "common/base/buf.h"
#include "common/json/read.h"

#define RX_KUBE_HASH_ANNOTATION "radarx.io/applied-hash"

struct rx_kube_owned {
    bool applied;             /* the manager has an Apply entry at all */
    bool consistent;          /* digest == the hash annotation, and we own the annotation */
    unsigned char digest[32]; /* SHA-256 of what we own, without the annotation */
    unsigned char hash[8]; /* the annotation's first bytes; zeros when it is not a hash of ours */
};

/*
 * object: as the server sent it, with managedFields. scratch: cleared and used for the text, so
 * that a caller may keep its memory. The text is compact with sorted keys, as rx_build_write's.
 */
int rx_kube_owned_digest(const struct rx_json *object, const char *manager, const char *api_version,
                         const char *kind, struct rx_buf *scratch, struct rx_kube_owned *ret,
                         struct rx_error *err) RX_MUST_CHECK;

/* Whether the Apply entry of the manager names the field, "spec.replicas" (no lists on the way). */
bool rx_kube_owns(const struct rx_json *object, const char *manager, const char *path);
