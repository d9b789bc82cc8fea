// SPDX-License-Identifier: Apache-2.0
/*
 * Credential plugins of a kubeconfig (client.authentication.k8s.io/v1 and v1beta1): a program that
 * prints an ExecCredential. Run by fork and exec without a shell; output and time are bounded.
 * Thread-safe.
 */
#pragma once

#include <stdint.h>

#include "common/json/read.h"

#define RX_KUBE_EXEC_TIMEOUT_MS 30000

struct rx_kube_exec {
    char *api_version; /* all owned */
    char **argv;       /* NULL-terminated; argv[0] is looked up in PATH */
    char **env;        /* "NAME=value" added to ours, NULL-terminated */
    char
        *cluster_json; /* spec.cluster of KUBERNETES_EXEC_INFO; NULL: provideClusterInfo is false */
    char *install_hint;
};

struct rx_kube_credential {
    char *token, *cert_pem, *key_pem; /* owned, may be NULL */
    int64_t expires_ns;               /* since 1970; 0 = does not expire */
};

/* user.exec of a kubeconfig. Relative commands are taken from dir as the format asks. */
int rx_kube_exec_parse(const struct rx_json *exec, const char *dir, struct rx_kube_exec **ret,
                       struct rx_error *err) RX_MUST_CHECK;
void rx_kube_exec_free(struct rx_kube_exec *exec);
/* Blocks at most RX_KUBE_EXEC_TIMEOUT_MS. The plugin's stderr goes to ours. */
int rx_kube_exec_run(const struct rx_kube_exec *exec, struct rx_kube_credential *ret,
                     struct rx_error *err) RX_MUST_CHECK;
void rx_kube_credential_free(struct rx_kube_credential *credential);

RX_DEFINE_CLEANUP(kube_exec, struct rx_kube_exec *, rx_kube_exec_free);
RX_DEFINE_CLEANUP_INPLACE(kube_credential, struct rx_kube_credential, rx_kube_credential_free);
