// SPDX-License-Identifier: Apache-2.0
/* From the canonical table to the layout of compiled.h. */
#include <errno.h>
#include <stdlib.h>

#include "agent/engine/forest/compiled.h"

/* Ways of reading a value; a slot is made for each (feature, way) in use. */
enum way { RAW, LEFT, NONE, ZERO_LEFT, ZERO_RIGHT, WAY_MAX };

struct compiler {
    const struct rx_forest *forest;
    struct rx_forest_compiled *out; /* borrowed */
    uint32_t *slot_of;              /* owned: n_inputs x WAY_MAX, 0 = none yet */
    uint32_t *queue, *place;        /* owned: of one tree; breadth-first order and its inverse */
};

void rx_forest_compiled_free(struct rx_forest_compiled *compiled)
{
    if (!compiled) {
        return;
    }
    free(compiled->slots);
    free(compiled->nodes);
    free(compiled->roots);
    free(compiled->outputs);
    free(compiled->lanes);
    free(compiled);
}

static enum way way_of(const struct rx_forest_node *node)
{
    if (node->kind == RX_NODE_CATEGORY) {
        return RAW;
    }
    if (node->missing == RX_MISSING_NONE) {
        return NONE;
    }
    if (node->missing == RX_MISSING_ZERO) {
        return node->default_left ? ZERO_LEFT : ZERO_RIGHT;
    }
    return node->default_left ? LEFT : RAW;
}

static struct rx_forest_slot make_slot(uint32_t input, enum way way)
{
    static const struct rx_forest_slot slots[WAY_MAX] = {
        [RAW] = {.nan = RX_READS_RIGHT, .zero = RX_READS_ZERO},
        [LEFT] = {.nan = RX_READS_LEFT, .zero = RX_READS_ZERO},
        [NONE] = {.nan = RX_READS_ZERO, .zero = RX_READS_ZERO},
        [ZERO_LEFT] = {.nan = RX_READS_LEFT, .zero = RX_READS_LEFT},
        [ZERO_RIGHT] = {.nan = RX_READS_RIGHT, .zero = RX_READS_RIGHT},
    };
    struct rx_forest_slot slot = slots[way];
    slot.input = input;
    return slot;
}

/* Numbers the slots in order of first use. */
static int make_slots(struct compiler *compiler, struct rx_error *err)
{
    const struct rx_forest *forest = compiler->forest;
    struct rx_forest_compiled *out = compiler->out;
    size_t most = forest->n_inputs * WAY_MAX;
    compiler->slot_of = calloc(most ? most : 1, sizeof(*compiler->slot_of));
    out->slots = calloc(RX_FOREST_MAX_SLOTS, sizeof(*out->slots));
    if (!compiler->slot_of || !out->slots) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    out->n_slots = 1;
    for (size_t i = 0; i < forest->n_nodes; i++) {
        const struct rx_forest_node *node = &forest->nodes[i];
        if (node->kind != RX_NODE_NUMERIC && node->kind != RX_NODE_CATEGORY) {
            continue;
        }
        uint32_t *slot = &compiler->slot_of[node->feature * (size_t)WAY_MAX + way_of(node)];
        if (*slot > 0) {
            continue;
        }
        if (out->n_slots == RX_FOREST_MAX_SLOTS) {
            out->layout = RX_LAYOUT_CANONICAL;
            return 0;
        }
        *slot = (uint32_t)out->n_slots;
        out->slots[out->n_slots++] = make_slot(node->feature, way_of(node));
    }
    return 0;
}

static size_t order_tree(const struct compiler *compiler, const struct rx_forest_tree *tree)
{
    const struct rx_forest_node *nodes = compiler->forest->nodes + tree->first_node;
    size_t tail = 1;
    compiler->queue[0] = compiler->place[0] = 0;
    for (size_t head = 0; head < tail; head++) {
        const struct rx_forest_node *node = &nodes[compiler->queue[head]];
        if (node->kind == RX_NODE_LEAF) {
            continue;
        }
        compiler->place[node->left] = (uint32_t)tail;
        compiler->queue[tail++] = node->left;
        compiler->place[node->right] = (uint32_t)tail;
        compiler->queue[tail++] = node->right;
    }
    return tail;
}

static double leaf_of(const struct rx_forest *forest, const struct rx_forest_tree *tree,
                      double value)
{
    /* libxgboost multiplies a sum that begins at +0. */
    return forest->dart ? (double)((0.0f + (float)value) * tree->weight) : value;
}

static void put_node(struct rx_forest_compiled *out, size_t at, uint64_t key, bool category,
                     uint32_t slot, uint32_t left)
{
    if (out->layout == RX_LAYOUT_NARROW) {
        slot = category ? slot | RX_SLOT_CATEGORY8 : slot;
        ((struct rx_node8 *)out->nodes)[at] =
            (struct rx_node8){.key = (uint32_t)key, .slot = (uint16_t)slot, .left = (uint16_t)left};
        return;
    }
    slot = category ? slot | RX_SLOT_CATEGORY : slot;
    if (out->layout == RX_LAYOUT_WIDE) {
        ((struct rx_node12 *)out->nodes)[at] =
            (struct rx_node12){.key = (uint32_t)key, .slot = slot, .left = left};
    } else {
        ((struct rx_node16 *)out->nodes)[at] =
            (struct rx_node16){.key = key, .slot = slot, .left = left};
    }
}

static void put_canonical(const struct compiler *compiler, const struct rx_forest_tree *tree,
                          size_t i)
{
    const struct rx_forest *forest = compiler->forest;
    struct rx_forest_compiled *out = compiler->out;
    uint32_t canonical = tree->first_node + compiler->queue[i];
    const struct rx_forest_node *node = &forest->nodes[canonical];
    bool wide = out->layout == RX_LAYOUT_DOUBLE;
    if (node->kind == RX_NODE_LEAF) {
        double value = leaf_of(forest, tree, node->value);
        uint64_t key = wide ? rx_bits_double(value) : rx_bits_float((float)value);
        put_node(out, out->n_nodes + i, key, false, 0, 0);
        return;
    }
    bool category = node->kind == RX_NODE_CATEGORY;
    uint64_t key = wide ? rx_key_double(node->value) : rx_key_float((float)node->value);
    uint32_t slot = compiler->slot_of[node->feature * (size_t)WAY_MAX + way_of(node)];
    put_node(out, out->n_nodes + i, category ? canonical : key, category, slot,
             compiler->place[node->left] - (uint32_t)i);
}

static void put_tree(const struct compiler *compiler, size_t index)
{
    const struct rx_forest *forest = compiler->forest;
    struct rx_forest_compiled *out = compiler->out;
    const struct rx_forest_tree *tree = &forest->trees[index];
    size_t n = order_tree(compiler, tree);
    out->roots[index] = (uint32_t)out->n_nodes;
    out->outputs[index] = tree->group;
    for (size_t i = 0; i < n; i++) {
        put_canonical(compiler, tree, i);
    }
    out->n_nodes += n;
    struct rx_forest_lanes *lanes = &out->lanes[index / RX_FOREST_LANES];
    lanes->depth = tree->depth > lanes->depth ? (uint16_t)tree->depth : lanes->depth;
    lanes->has_categories |= tree->has_categories;
}

static enum rx_forest_layout choose_layout(const struct rx_forest *forest, size_t largest_tree)
{
    if (forest->family == RX_FOREST_LIGHTGBM_TREES) {
        return RX_LAYOUT_DOUBLE;
    }
    /* No child lies farther away than the tree is long. */
    return largest_tree <= UINT16_MAX ? RX_LAYOUT_NARROW : RX_LAYOUT_WIDE;
}

static int put_trees(struct compiler *compiler, struct rx_error *err)
{
    static const size_t sizes[] = {[RX_LAYOUT_NARROW] = sizeof(struct rx_node8),
                                   [RX_LAYOUT_WIDE] = sizeof(struct rx_node12),
                                   [RX_LAYOUT_DOUBLE] = sizeof(struct rx_node16)};
    const struct rx_forest *forest = compiler->forest;
    struct rx_forest_compiled *out = compiler->out;
    size_t largest = 1;
    for (size_t i = 0; i < forest->n_trees; i++) {
        largest = forest->trees[i].n_nodes > largest ? forest->trees[i].n_nodes : largest;
    }
    out->layout = choose_layout(forest, largest);
    size_t groups = forest->n_trees / RX_FOREST_LANES + 1;
    out->nodes = calloc(forest->n_nodes + 1, sizes[out->layout]);
    out->roots = calloc(groups * RX_FOREST_LANES, sizeof(*out->roots));
    out->outputs = calloc(groups * RX_FOREST_LANES, sizeof(*out->outputs));
    out->lanes = calloc(groups, sizeof(*out->lanes));
    compiler->queue = calloc(largest, sizeof(*compiler->queue));
    compiler->place = calloc(largest, sizeof(*compiler->place));
    if (!out->nodes || !out->roots || !out->outputs || !out->lanes || !compiler->queue ||
        !compiler->place) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    out->n_nodes = 1;
    for (size_t i = 0; i < forest->n_trees; i++) {
        put_tree(compiler, i);
    }
    return 0;
}

int rx_forest_compile(const struct rx_forest *forest, struct rx_forest_compiled **ret,
                      struct rx_error *err)
{
    rx_auto(forest_compiled) struct rx_forest_compiled *out = calloc(1, sizeof(*out));
    if (!out) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    struct compiler compiler = {.forest = forest, .out = out};
    out->layout = RX_LAYOUT_NARROW;
    int rc = make_slots(&compiler, err);
    if (rc == 0 && out->layout != RX_LAYOUT_CANONICAL) {
        rc = put_trees(&compiler, err);
    }
    free(compiler.slot_of);
    free(compiler.queue);
    free(compiler.place);
    if (rc < 0) {
        return rc;
    }
    *ret = RX_TAKE(out);
    return 0;
}
