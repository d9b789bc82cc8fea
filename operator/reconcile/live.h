// SPDX-License-Identifier: Apache-2.0
/* What the caches keep of children beyond their digest. Plain values; thread-safe. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/json/read.h"

/* Of a Deployment. */
struct rx_deploy_live {
    int64_t observed_generation;
    int32_t spec_replicas;
    int32_t replicas, ready, updated, available;
    bool owns_replicas;     /* our main apply holds spec.replicas */
    bool is_available;      /* condition Available is True */
    bool rolled_out;        /* condition Progressing: NewReplicaSetAvailable */
    bool deadline_exceeded; /* condition Progressing: ProgressDeadlineExceeded */
};

/* Of a Service. */
struct rx_service_live {
    char cluster_ip[48]; /* "" when headless or not allocated */
};

/* project functions of struct rx_store_options */
void rx_deploy_project(const struct rx_json *object, void *extra);
void rx_service_project(const struct rx_json *object, void *extra);
