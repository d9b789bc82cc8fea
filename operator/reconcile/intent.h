// SPDX-License-Identifier: Apache-2.0
/*
 * What a child shall be, as a tree and as text. The text is written once for the hash; what is sent
 * is that text with the hash and a precondition put into its metadata, which saves a second writing
 * of the tree for each apply. Not thread-safe.
 */
#pragma once

#include "operator/render/render.h"

struct rx_intent {
    json_t *tree;           /* owned; without the hash annotation */
    struct rx_buf *text;    /* borrowed: the compact tree, until its owner writes to it again */
    size_t metadata;        /* offset in text of the first member of metadata */
    unsigned char hash[32]; /* SHA-256 of text: what the annotation holds, in hex */
};

/* Renders the child and writes it into text. */
int rx_intent_render(const struct rx_render_child *child, const struct rx_render_in *in,
                     struct rx_buf *text, struct rx_intent *ret, struct rx_error *err)
    RX_MUST_CHECK;
/*
 * Writes into body what is to be applied: the hash annotation, and metadata[field] = value (plain
 * text without quotes) as a precondition.
 */
int rx_intent_body(const struct rx_intent *intent, const char *field, struct rx_str value,
                   struct rx_buf *body, struct rx_error *err) RX_MUST_CHECK;
void rx_intent_fini(struct rx_intent *intent);

RX_DEFINE_CLEANUP_INPLACE(intent, struct rx_intent, rx_intent_fini);
