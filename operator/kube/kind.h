// SPDX-License-Identifier: Apache-2.0
/* Names of Kubernetes resources and the URLs that reach them. Thread-safe: plain values. */
#pragma once

#include "common/base/buf.h"

/* One resource type; static storage. */
struct rx_kube_kind {
    const char *api_version; /* "v1", "apps/v1" */
    const char *kind;        /* "Deployment" */
    const char *plural;      /* "deployments" */
};

/*
 * Appends "/api/v1/namespaces/NS/PLURAL/NAME/SUB" (or "/apis/GROUP/VERSION/...") with each segment
 * percent-encoded. ns.n == 0: all namespaces (collections only). rx_kube_path_object refuses an
 * empty namespace or name, so that a call on one object can never become one on the collection.
 */
int rx_kube_path_collection(struct rx_buf *out, const struct rx_kube_kind *kind, struct rx_str ns,
                            struct rx_error *err) RX_MUST_CHECK;
int rx_kube_path_object(struct rx_buf *out, const struct rx_kube_kind *kind, struct rx_str ns,
                        struct rx_str name, const char *subresource, struct rx_error *err)
    RX_MUST_CHECK;
/* Appends "?key=value" or "&key=value", value percent-encoded. */
void rx_kube_path_query(struct rx_buf *out, const char *key, struct rx_str value);

/*
 * Orders two resource versions: < 0, 0 or > 0. They are decimal numbers of any length (KEP-5504);
 * RX_RV_UNKNOWN when either is not, and then nothing may be concluded from them.
 */
#define RX_RV_UNKNOWN 2
int rx_kube_rv_cmp(struct rx_str a, struct rx_str b);
