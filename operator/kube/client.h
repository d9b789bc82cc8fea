// SPDX-License-Identifier: Apache-2.0
/*
 * Blocking calls to the API server for one worker thread. Every call starts from a zeroed result,
 * has a time-out, bounds the answer and tries once more with fresh credentials after a 401. Workers
 * never sleep: a Retry-After is handed to the caller, who puts the work back for that long.
 */
#pragma once

#include "common/base/metrics.h"
#include "common/json/read.h"
#include "operator/kube/config.h"
#include "operator/kube/kind.h"

#define RX_KUBE_FIELD_MANAGER "radarx-operator"
#define RX_KUBE_TIMEOUT_MS    (30 * RX_MS_PER_S)
#define RX_KUBE_MAX_BODY      (4u << 20)

struct rx_kube_client;

struct rx_kube_client_options {
    struct rx_kube_config *config; /* borrowed */
    struct rx_metrics *metrics;    /* borrowed; may be NULL */
};
int rx_kube_client_new(const struct rx_kube_client_options *options, struct rx_kube_client **ret,
                       struct rx_error *err) RX_MUST_CHECK;
void rx_kube_client_free(struct rx_kube_client *client);
/* Retry-After of the last call, at most 300 s; 0 when it gave none. */
int64_t rx_kube_client_retry_after_ms(const struct rx_kube_client *client);

/* What the server said. doc is the parsed body of any JSON answer (an object, or a Status). */
struct rx_kube_result {
    unsigned status;         /* HTTP; 0 when there was no answer */
    struct rx_json_doc *doc; /* owned; may be NULL */
};
void rx_kube_result_free(struct rx_kube_result *result);

/* Which object. */
struct rx_kube_ref {
    const struct rx_kube_kind *kind;
    struct rx_str ns, name;
};

/*
 * All return 0 for a 2xx answer. Otherwise negative with err filled from the server's Status
 * message: -ENOENT (404), RX_ECONFLICT (409), RX_EINVALID (400, 422), RX_EGONE (410), -EACCES
 * (401, 403), RX_ESTATUS (others, retryable for 429 and 5xx), or a transport error (retryable).
 * result may be NULL when the answer does not matter; else it is freed by the caller in every case.
 */
int rx_kube_get(struct rx_kube_client *client, const struct rx_kube_ref *ref,
                struct rx_kube_result *result, struct rx_error *err) RX_MUST_CHECK;
/* Server-side apply of a whole intent, force = true. manager: NULL = RX_KUBE_FIELD_MANAGER. */
int rx_kube_apply(struct rx_kube_client *client, const struct rx_kube_ref *ref, const char *manager,
                  struct rx_str intent, struct rx_kube_result *result, struct rx_error *err)
    RX_MUST_CHECK;
/* POST to the collection of ref->ns (ref->name is not used in the path but must be given). */
int rx_kube_create(struct rx_kube_client *client, const struct rx_kube_ref *ref,
                   struct rx_str object, struct rx_kube_result *result, struct rx_error *err)
    RX_MUST_CHECK;
/* uid.n > 0: only that very object. Background propagation. -ENOENT when it was gone already. */
int rx_kube_delete(struct rx_kube_client *client, const struct rx_kube_ref *ref, struct rx_str uid,
                   struct rx_error *err) RX_MUST_CHECK;
/* JSON merge patch; subresource may be NULL. */
int rx_kube_merge_patch(struct rx_kube_client *client, const struct rx_kube_ref *ref,
                        const char *subresource, struct rx_str patch, struct rx_kube_result *result,
                        struct rx_error *err) RX_MUST_CHECK;

RX_DEFINE_CLEANUP(kube_client, struct rx_kube_client *, rx_kube_client_free);
RX_DEFINE_CLEANUP_INPLACE(kube_result, struct rx_kube_result, rx_kube_result_free);
