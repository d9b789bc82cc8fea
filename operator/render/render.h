// SPDX-License-Identifier: Apache-2.0
/*
 * The children of a RadarXDeployment: pure functions from the CR to Kubernetes objects. The objects
 * hold exactly what the apiserver stores back (no nulls, no empty lists that it drops, canonical
 * quantities), so that a digest of the applied fields can be compared. Thread-safe.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/base/error.h"
#include "common/json/build.h"
#include "operator/api/rxd.h"

#define RX_HASH_ANNOTATION "radarx.io/applied-hash" /* SHA-256 of the object without it */
#define RX_CONFIG_ANNOTATION                                                                       \
    "radarx.io/config-hash" /* on pods: SHA-256 of the ConfigMap's data                            \
                             */
#define RX_MANAGED_BY_LABEL "app.kubernetes.io/managed-by"
#define RX_MANAGED_BY       "radarx-operator"
#define RX_AGENT_NAME       "radarx-agent"
#define RX_AGENT_PORT       8080
#define RX_FIELD_MANAGER    "radarx-operator"

struct rx_render_in {
    const struct rx_rxd *rxd;
    struct rx_str operator_namespace; /* empty: the operator runs outside the cluster */
};

struct rx_render_child {
    const char *api_version, *kind, *plural;
    const char *suffix; /* child's name = CR's name + suffix */
    bool create_only;   /* created once by POST, never changed */
    /* Whether the CR wants this child; one that it does not want is deleted. */
    bool (*enabled)(const struct rx_render_in *in);
    /* The object without the hash annotation. */
    int (*render)(const struct rx_render_in *in, json_t **ret, struct rx_error *err);
};

/* Every child that there may be, in the order in which they are applied. */
extern const struct rx_render_child rx_render_children[];
extern const size_t rx_render_children_n;

/* "NAME" + suffix; the result holds at most 40 + 16 bytes. */
#define RX_CHILD_NAME_MAX 64
void rx_render_name(const struct rx_render_child *child, const struct rx_rxd *rxd,
                    char out[RX_CHILD_NAME_MAX]);

/*
 * The complete object to apply, hash annotation included; *ret is owned by the caller. Errors:
 * -ENOMEM, RX_EINVALID for a CR that the apiserver would have refused.
 */
int rx_render_child(const struct rx_render_child *child, const struct rx_render_in *in,
                    json_t **ret, struct rx_error *err) RX_MUST_CHECK;

/* Puts the two generated keys into the rendered Secret (data key-1, key-2, base64). The views are
 * not kept. */
int rx_render_secret_keys(json_t *secret, struct rx_str key1, struct rx_str key2) RX_MUST_CHECK;

/* The pods' label selector as text for status.selector: "a=b,c=d". At most RX_SELECTOR_MAX bytes.
 */
#define RX_SELECTOR_MAX 256
void rx_render_selector(const struct rx_rxd *rxd, char out[RX_SELECTOR_MAX]);

/* status.effective: what became of the fields that were left out. Owned by the caller. */
int rx_render_effective(const struct rx_render_in *in, json_t **ret, struct rx_error *err)
    RX_MUST_CHECK;

/* The agents' image with its tag. At most RX_IMAGE_MAX bytes. */
#define RX_IMAGE_MAX 400
void rx_render_image(const struct rx_rxd *rxd, char out[RX_IMAGE_MAX]);
