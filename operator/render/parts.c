// SPDX-License-Identifier: Apache-2.0
#include "operator/render/parts.h"

#include <errno.h>
#include <stdio.h>

json_t *rx_part_str(struct rx_str text)
{
    return json_stringn(text.p ? text.p : "", text.n);
}

json_t *rx_part_selector_labels(const struct rx_rxd *rxd)
{
    return json_pack("{s:s, s:o, s:s}", "app.kubernetes.io/name", RX_AGENT_NAME,
                     "app.kubernetes.io/instance", rx_part_str(rxd->name),
                     "app.kubernetes.io/component", "agent");
}

json_t *rx_part_selector(const struct rx_rxd *rxd)
{
    return json_pack("{s:o}", "matchLabels", rx_part_selector_labels(rxd));
}

json_t *rx_part_labels(const struct rx_rxd *rxd)
{
    rx_auto(build) json_t *labels = rx_part_selector_labels(rxd);

    if (json_object_set_new(labels, RX_MANAGED_BY_LABEL, json_string(RX_MANAGED_BY)) < 0) {
        return NULL;
    }
    return RX_TAKE(labels);
}

static json_t *owner_reference(const struct rx_rxd *rxd)
{
    return json_pack("{s:s, s:s, s:o, s:o, s:b, s:b}", "apiVersion", RX_API_VERSION, "kind",
                     RX_RXD_KIND, "name", rx_part_str(rxd->name), "uid", rx_part_str(rxd->uid),
                     "controller", 1, "blockOwnerDeletion", 1);
}

json_t *rx_part_object(const struct rx_render_in *in, const char *api_version, const char *kind,
                       const char *suffix)
{
    const struct rx_rxd *rxd = in->rxd;
    char name[RX_CHILD_NAME_MAX];

    snprintf(name, sizeof(name), RX_STR_FMT "%s", RX_STR_ARG(rxd->name), suffix);
    return json_pack("{s:s, s:s, s:{s:s, s:o, s:o, s:[o]}}", "apiVersion", api_version, "kind",
                     kind, "metadata", "name", name, "namespace", rx_part_str(rxd->ns), "labels",
                     rx_part_labels(rxd), "ownerReferences", owner_reference(rxd));
}

int rx_part_finish(const struct rx_render_in *in, const char *api_version, const char *kind,
                   const char *suffix, const char *member, json_t *value, json_t **ret,
                   struct rx_error *err)
{
    rx_auto(build) json_t *object = rx_part_object(in, api_version, kind, suffix);

    /* json_object_set_new refuses a NULL value and frees the value when the object is NULL. */
    if (json_object_set_new(object, member, value) < 0) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    *ret = RX_TAKE(object);
    return 0;
}

bool rx_part_put(json_t *object, const char *key, json_t *value)
{
    return json_object_set_new(object, key, value) == 0;
}

json_t *rx_part_map(const struct rx_json *map)
{
    rx_auto(build) json_t *copy = json_object();

    RX_JSON_FOREACH (member, map) {
        if (json_object_setn_new(copy, member.key.p, member.key.n,
                                 rx_part_str(rx_json_str(member.value))) < 0) {
            return NULL;
        }
    }
    return RX_TAKE(copy);
}

/* Maps from label to value, where an empty value means something. */
static bool is_label_map(struct rx_str key)
{
    return rx_str_is(key, "matchLabels");
}

static bool dropped(struct rx_str key, const struct rx_json *value)
{
    switch (rx_json_type(value)) {
    case RX_JSON_ARRAY:
        return rx_json_len(value) == 0;
    case RX_JSON_OBJECT:
        return is_label_map(key) && rx_json_len(value) == 0;
    case RX_JSON_STR:
        return rx_json_str(value).n == 0;
    case RX_JSON_NULL:
        return true;
    default:
        return false;
    }
}

static json_t *copy_object(const struct rx_json *value)
{
    rx_auto(build) json_t *copy = json_object();

    RX_JSON_FOREACH (member, value) {
        if (dropped(member.key, member.value)) {
            continue;
        }
        json_t *item =
            is_label_map(member.key) ? rx_part_map(member.value) : rx_part_copy(member.value);
        if (json_object_setn_new(copy, member.key.p, member.key.n, item) < 0) {
            return NULL;
        }
    }
    return RX_TAKE(copy);
}

static json_t *copy_array(const struct rx_json *value)
{
    rx_auto(build) json_t *copy = json_array();

    RX_JSON_FOREACH (item, value) {
        if (json_array_append_new(copy, rx_part_copy(item.value)) < 0) {
            return NULL;
        }
    }
    return RX_TAKE(copy);
}

json_t *rx_part_copy(const struct rx_json *value)
{
    switch (rx_json_type(value)) {
    case RX_JSON_OBJECT:
        return copy_object(value);
    case RX_JSON_ARRAY:
        return copy_array(value);
    default:
        return rx_build_from(value);
    }
}

bool rx_part_keys_generated(const struct rx_rxd *rxd)
{
    return rxd->api_keys && rxd->existing_secret.n == 0;
}

void rx_part_keys_secret(const struct rx_rxd *rxd, char out[256])
{
    if (!rxd->api_keys) {
        out[0] = '\0';
    } else if (rxd->existing_secret.n > 0) {
        snprintf(out, 256, RX_STR_FMT, RX_STR_ARG(rxd->existing_secret));
    } else {
        snprintf(out, 256, RX_STR_FMT "-api-keys", RX_STR_ARG(rxd->name));
    }
}
