// SPDX-License-Identifier: Apache-2.0
/*
 * The running operator: caches fed on the loop's thread, a queue of keys, workers that take them.
 * The order of threads: the loop's thread makes and frees it; workers live in between.
 */
#pragma once

#include "common/base/loop.h"
#include "common/base/metrics.h"
#include "operator/kube/config.h"

struct rx_operator;

struct rx_operator_options {
    struct rx_loop *loop;
    struct rx_kube_config *config;
    struct rx_metrics *metrics;
    unsigned workers;
    const char *const *namespaces; /* NULL-terminated; NULL = all; outlives the operator */
    const char *instance;          /* reportingInstance of events, such as the pod's name */
};

int rx_operator_new(const struct rx_operator_options *options, struct rx_operator **ret,
                    struct rx_error *err) RX_MUST_CHECK;
/* Begins to watch. Workers begin when all caches are filled. */
void rx_operator_start(struct rx_operator *operator);
/* All caches are filled. Any thread. */
bool rx_operator_ready(const struct rx_operator *operator);
/* Takes nothing more from the queue and waits until the workers have finished what they are at. */
void rx_operator_stop(struct rx_operator *operator);
/* Stops first when needed. */
void rx_operator_free(struct rx_operator *operator);

RX_DEFINE_CLEANUP(operator, struct rx_operator *, rx_operator_free);
