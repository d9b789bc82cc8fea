// SPDX-License-Identifier: Apache-2.0
/*
 * A RadarXDeployment as the operator uses it: the CR's fields with everything that was left out
 * filled in. A plain value without memory of its own; its views and JSON values are borrowed from
 * the document it was read from. Thread-safe: no shared state.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/json/read.h"

#define RX_API_GROUP    "radarx.io"
#define RX_API_VERSION  "radarx.io/v1"
#define RX_RXD_KIND     "RadarXDeployment"
#define RX_RXD_PLURAL   "radarxdeployments"
#define RX_ALERT_KIND   "AlertSubscription"
#define RX_ALERT_PLURAL "alertsubscriptions"

#define RX_RXD_NAME_MAX    40 /* bytes of metadata.name */
#define RX_RXD_SOURCES_MAX 8

struct rx_rxd_image {
    struct rx_str repository, tag; /* empty: this release's */
    struct rx_str pull_policy;
    const struct rx_json *pull_secrets; /* array of {name}, or NULL */
};

struct rx_rxd_scaling {
    bool enabled;
    int min, max;
    int target_cpu, target_memory; /* percent of the request; 0 = not a metric */
    const struct rx_json *behavior;
};

struct rx_rxd_engine {
    struct rx_str log_level;
    int64_t rate_per_minute, rate_per_hour;
    struct rx_str cache_ttl, background_interval;
    const struct rx_json *horizons, *multipliers; /* NULL = all */
};

struct rx_rxd_network {
    bool enabled;
    const struct rx_json *ingress_from; /* NULL = this namespace; empty array = nobody */
    const struct rx_json *prometheus;   /* a namespace selector, or NULL */
    const struct rx_json *egress_cidrs; /* NULL = any address */
};

struct rx_rxd {
    struct rx_str ns, name, uid, resource_version;
    int64_t generation;
    bool deleting; /* metadata.deletionTimestamp is set */
    bool suspend;
    int replicas; /* while autoscaling is off */
    struct rx_rxd_image image;
    const struct rx_json *requests, *limits;
    struct rx_rxd_scaling scaling;
    int min_available; /* -1 = left out */
    struct rx_rxd_engine engine;
    const struct rx_json *sources; /* array, or NULL */
    bool api_keys;                 /* auth.mode ApiKey */
    struct rx_str existing_secret; /* empty = the generated one */
    struct rx_rxd_network network;
    const struct rx_json *pod_template; /* object, or NULL */
};

/*
 * Reads a CR (the whole object) and checks the cross-field rules of rules.h; the rest of the schema
 * is the apiserver's business, a field of another type counts as left out. RX_EINVALID with
 * "path: message" of the first rule that does not hold; metadata is filled in nevertheless, so that
 * the caller can report the error on the object.
 */
int rx_rxd_read(const struct rx_json *object, struct rx_rxd *ret, struct rx_error *err)
    RX_MUST_CHECK;

/* The fewest agents that the spec asks for: 0 when suspended, the autoscaler's minimum, or
 * replicas. */
int rx_rxd_floor(const struct rx_rxd *rxd);
