// SPDX-License-Identifier: Apache-2.0
/*
 * Where credentials come from: one context of a kubeconfig, or the pod's service account. Only
 * reads; config.h keeps what it says fresh. Thread-safe: no shared state.
 */
#pragma once

#include <stdbool.h>

#include "common/base/error.h"
#include "operator/kube/exec.h"

/* Every string is owned and NULL when absent. Paths are absolute or relative to our directory. */
struct rx_kube_source {
    char *server, *ns;
    char *ca_file, *ca_pem, *server_name;
    bool insecure, in_cluster;
    char *cert_file, *cert_pem, *key_file, *key_pem;
    char *token, *token_file;
    struct rx_kube_exec *exec; /* owned */
};

/* As rx_kube_config_load's path. On failure *ret needs no freeing. */
int rx_kube_source_load(const char *path, struct rx_kube_source *ret, struct rx_error *err)
    RX_MUST_CHECK;
/* Parses a kubeconfig's text; dir: that of the file, for relative paths in it. */
int rx_kube_source_parse(struct rx_str text, const char *dir, struct rx_kube_source *ret,
                         struct rx_error *err) RX_MUST_CHECK;
/* The service account mounted at root ("/var/run/secrets/kubernetes.io/serviceaccount"). */
int rx_kube_source_in_cluster(const char *root, const char *host, const char *port,
                              struct rx_kube_source *ret, struct rx_error *err) RX_MUST_CHECK;
void rx_kube_source_free(struct rx_kube_source *source);

RX_DEFINE_CLEANUP_INPLACE(kube_source, struct rx_kube_source, rx_kube_source_free);
