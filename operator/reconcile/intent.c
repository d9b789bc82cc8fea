// SPDX-License-Identifier: Apache-2.0
#include "operator/reconcile/intent.h"

#include <string.h>

#include "common/base/sha256.h"

void rx_intent_fini(struct rx_intent *intent)
{
    json_decref(intent->tree);
    intent->tree = NULL;
}

/*
 * Keys are sorted, and before "metadata" come only apiVersion, kind and a ConfigMap's data, whose
 * values are strings: the first such text outside a string is the object's own metadata, and inside
 * a string its quotes would be escaped.
 */
static int find_metadata(struct rx_intent *intent, struct rx_error *err)
{
    static const char mark[] = ",\"metadata\":{";
    const json_t *metadata = json_object_get(intent->tree, "metadata");
    const char *at = intent->text->p ? strstr(intent->text->p, mark) : NULL;
    if (!at || json_object_size(metadata) == 0 || json_object_get(metadata, "annotations")) {
        return rx_error_set(err, RX_EINVALID, "intent: metadata without annotations expected");
    }
    intent->metadata = (size_t)(at - intent->text->p) + sizeof(mark) - 1;
    return 0;
}

int rx_intent_render(const struct rx_render_child *child, const struct rx_render_in *in,
                     struct rx_buf *text, struct rx_intent *ret, struct rx_error *err)
{
    rx_auto(intent) struct rx_intent intent = {.text = text};
    int rc = child->render(in, &intent.tree, err);
    if (rc < 0) {
        return rx_error_wrap(err, "render %s", child->kind);
    }
    rx_buf_clear(text);
    rc = rx_build_write(intent.tree, text);
    if (rc < 0) {
        return rx_error_set(err, rc, "%s cannot be written", child->kind);
    }
    struct rx_sha256 sha;
    rx_sha256_init(&sha);
    rx_sha256_update(&sha, text->p, text->n);
    rx_sha256_final(&sha, intent.hash);
    rc = find_metadata(&intent, err);
    if (rc == 0) {
        *ret = intent;
        intent.tree = NULL;
    }
    return rc;
}

int rx_intent_body(const struct rx_intent *intent, const char *field, struct rx_str value,
                   struct rx_buf *body, struct rx_error *err)
{
    rx_buf_clear(body);
    rx_buf_add(body, intent->text->p, intent->metadata);
    rx_buf_puts(body, "\"annotations\":{\"" RX_HASH_ANNOTATION "\":\"");
    rx_buf_add_hex(body, intent->hash, sizeof(intent->hash));
    rx_buf_printf(body, "\"},\"%s\":\"" RX_STR_FMT "\",", field, RX_STR_ARG(value));
    rx_buf_add(body, intent->text->p + intent->metadata, intent->text->n - intent->metadata);
    int rc = rx_buf_error(body, err);
    return rc < 0 ? rx_error_wrap(err, "intent") : 0;
}
