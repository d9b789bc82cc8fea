// SPDX-License-Identifier: Apache-2.0
/* What several renderers share; internal to render/. Every result is owned by the caller, NULL when
 * out of memory. */
#pragma once

#include "operator/render/render.h"

#define RX_DATA_DIR        "/var/lib/radarx"
#define RX_CONFIG_DIR      "/etc/radarx"
#define RX_CONFIG_KEY      "radarx.json"
#define RX_KEYS_DIR        "/etc/radarx/keys"
#define RX_SOURCES_DIR     "/etc/radarx/sources"
#define RX_SOURCE_FILE     "rpc-url"
#define RX_DRAIN_SECONDS   10 /* the agent answers what it has begun */
#define RX_PRESTOP_SECONDS 5  /* until every proxy has heard that the pod is leaving */

json_t *rx_part_str(struct rx_str text);
/* name, instance and component: what never changes for an agent. */
json_t *rx_part_selector_labels(const struct rx_rxd *rxd);
/* {matchLabels: selector labels} */
json_t *rx_part_selector(const struct rx_rxd *rxd);
/* The selector's labels and managed-by. */
json_t *rx_part_labels(const struct rx_rxd *rxd);
/* {apiVersion, kind, metadata} of a child. */
json_t *rx_part_object(const struct rx_render_in *in, const char *api_version, const char *kind,
                       const char *suffix);
/* rx_part_object with one more top-level member; steals value (NULL = out of memory). */
int rx_part_finish(const struct rx_render_in *in, const char *api_version, const char *kind,
                   const char *suffix, const char *member, json_t *value, json_t **ret,
                   struct rx_error *err);
/*
 * A copy of a part of the CR as the apiserver stores it back in a child: without empty lists, empty
 * maps of labels, empty texts and nulls.
 */
json_t *rx_part_copy(const struct rx_json *value);
/* A copy of {text: text} as it is. */
json_t *rx_part_map(const struct rx_json *map);
/* Sets the member, steals the value; false when either is NULL (out of memory). */
bool rx_part_put(json_t *object, const char *key, json_t *value);

/* The ConfigMap's data, which the pods' annotation is a digest of. */
json_t *rx_part_config_data(const struct rx_rxd *rxd);
/* The agent's container. */
json_t *rx_part_container(const struct rx_rxd *rxd);
/* Name of the Secret with the API keys; empty without keys. */
void rx_part_keys_secret(const struct rx_rxd *rxd, char out[256]);
/* Whether the Secret is the operator's own. */
bool rx_part_keys_generated(const struct rx_rxd *rxd);

int rx_render_serviceaccount(const struct rx_render_in *in, json_t **ret, struct rx_error *err);
int rx_render_configmap(const struct rx_render_in *in, json_t **ret, struct rx_error *err);
int rx_render_secret(const struct rx_render_in *in, json_t **ret, struct rx_error *err);
int rx_render_deployment(const struct rx_render_in *in, json_t **ret, struct rx_error *err);
int rx_render_service(const struct rx_render_in *in, json_t **ret, struct rx_error *err);
int rx_render_hpa(const struct rx_render_in *in, json_t **ret, struct rx_error *err);
int rx_render_pdb(const struct rx_render_in *in, json_t **ret, struct rx_error *err);
int rx_render_network_deny(const struct rx_render_in *in, json_t **ret, struct rx_error *err);
int rx_render_network_allow(const struct rx_render_in *in, json_t **ret, struct rx_error *err);
