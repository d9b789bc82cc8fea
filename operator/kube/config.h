// SPDX-License-Identifier: Apache-2.0
/*
 * Where the API server is and as whom we talk to it: kubeconfig (token, token file, client
 * certificate, exec plugin) or the pod's service account. Credentials change while we run: token
 * files are read again each 60 s and after a 401, CA and certificate files each 300 s, exec plugins
 * before their expiry. Thread-safe after loading.
 */
#pragma once

#include "common/base/clock.h"
#include "common/http/client.h"

struct rx_kube_config;

#define RX_KUBE_TOKEN_REREAD_MS (60 * RX_MS_PER_S)
#define RX_KUBE_CERT_REREAD_MS  (300 * RX_MS_PER_S)

/*
 * path: a kubeconfig; NULL = $KUBECONFIG, else the service account when there is one, else
 * ~/.kube/config. Reads all credentials once (an exec plugin is run: blocks at most 30 s).
 */
int rx_kube_config_load(const char *path, const struct rx_clock *clock, struct rx_kube_config **ret,
                        struct rx_error *err) RX_MUST_CHECK;
void rx_kube_config_free(struct rx_kube_config *config);

/* "https://10.96.0.1:443", without a trailing slash. Borrowed. */
const char *rx_kube_config_server(const struct rx_kube_config *config);
/* Whether it is a pod's service account. */
bool rx_kube_config_in_cluster(const struct rx_kube_config *config);
/* Namespace of the context or of the pod; "default" when none. Borrowed. */
const char *rx_kube_config_namespace(const struct rx_kube_config *config);

/* Credentials as they are now; immutable, reference-counted. */
struct rx_kube_auth {
    struct rx_http_tls tls;
    const char *authorization; /* whole header line "Authorization: Bearer ..."; NULL = none */
    uint64_t version;          /* another one means another certificate or CA: drop connections */
};
/* Never NULL; drop it with rx_kube_auth_unref. Reads small files when their time has come. */
struct rx_kube_auth *rx_kube_config_auth(struct rx_kube_config *config);
void rx_kube_auth_unref(struct rx_kube_auth *auth);
/* The server answered 401 to these credentials: get fresh ones. Cheap, does not block. */
void rx_kube_config_rejected(struct rx_kube_config *config, const struct rx_kube_auth *auth);

RX_DEFINE_CLEANUP(kube_config, struct rx_kube_config *, rx_kube_config_free);
RX_DEFINE_CLEANUP(kube_auth, struct rx_kube_auth *, rx_kube_auth_unref);
