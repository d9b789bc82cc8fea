// SPDX-License-Identifier: Apache-2.0
/* Making a forest: what loaders call, and the check of every tree before it is used. */
#include <errno.h>
#include <float.h>
#include <stdlib.h>
#include <string.h>

#include "agent/engine/forest/compiled.h"
#include "agent/engine/forest/forest_core.h"

struct rx_forest *rx_forest_new(void)
{
    struct rx_forest *forest = calloc(1, sizeof(*forest));
    if (forest) {
        forest->divide = 1;
        forest->link_scale = 1;
        forest->best_iteration = -1;
        forest->keep_trees = SIZE_MAX;
    }
    return forest;
}

void rx_forest_free(struct rx_forest *forest)
{
    if (!forest) {
        return;
    }
    for (size_t i = 0; forest->names && i < forest->n_inputs; i++) {
        free(forest->names[i]);
    }
    free(forest->names);
    free(forest->base);
    free(forest->trees);
    free(forest->nodes);
    free(forest->cats);
    rx_forest_compiled_free(forest->compiled);
    free(forest);
}

int rx_forest_set_outputs(struct rx_forest *forest, size_t n, struct rx_error *err)
{
    if (n == 0 || n > RX_FOREST_MAX_OUTPUTS) {
        return rx_error_set(err, RX_ELIMIT, "%zu outputs: 1 to %u expected", n,
                            RX_FOREST_MAX_OUTPUTS);
    }
    double *base = calloc(n, sizeof(*base));
    if (!base) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    free(forest->base);
    forest->base = base;
    forest->n_outputs = n;
    return 0;
}

int rx_forest_set_name(struct rx_forest *forest, size_t index, struct rx_str name,
                       struct rx_error *err)
{
    if (!forest->names) {
        forest->names = calloc(forest->n_inputs, sizeof(*forest->names));
    }
    char *copy = forest->names ? rx_str_dup(name) : NULL;
    if (!copy) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    free(forest->names[index]);
    forest->names[index] = copy;
    return 0;
}

/* Makes room for n more items in *items; at most max in all. */
static int grow(void *items, size_t size, size_t n, size_t more, size_t max, size_t *cap,
                const char *what, struct rx_error *err)
{
    if (more > max || n > max - more) {
        return rx_error_set(err, RX_ELIMIT, "more than %zu %s", max, what);
    }
    if (n + more <= *cap) {
        return 0;
    }
    size_t want = n + more > 2 * *cap ? n + more : 2 * *cap;
    want = want > max ? max : want;
    void *grown = realloc(*(void **)items, want * size);
    if (!grown) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    *(void **)items = grown;
    *cap = want;
    return 0;
}

int rx_forest_add_tree(struct rx_forest *forest, size_t n_nodes, uint32_t group, float weight,
                       struct rx_forest_node **ret_nodes, struct rx_error *err)
{
    int rc = grow((void *)&forest->trees, sizeof(*forest->trees), forest->n_trees, 1,
                  RX_FOREST_MAX_TREES, &forest->trees_cap, "trees", err);
    if (rc == 0) {
        rc = grow((void *)&forest->nodes, sizeof(*forest->nodes), forest->n_nodes, n_nodes,
                  RX_FOREST_MAX_NODES, &forest->nodes_cap, "nodes", err);
    }
    if (rc < 0) {
        return rc;
    }
    forest->trees[forest->n_trees++] = (struct rx_forest_tree){
        .first_node = (uint32_t)forest->n_nodes,
        .n_nodes = (uint32_t)n_nodes,
        .group = group,
        .weight = weight,
    };
    *ret_nodes = forest->nodes + forest->n_nodes;
    memset(*ret_nodes, 0, n_nodes * sizeof(**ret_nodes));
    forest->n_nodes += n_nodes;
    return 0;
}

int rx_forest_add_categories(struct rx_forest *forest, size_t n_words, uint32_t *ret_begin,
                             uint32_t **ret_words, struct rx_error *err)
{
    int rc = grow((void *)&forest->cats, sizeof(*forest->cats), forest->n_cats, n_words,
                  RX_FOREST_MAX_BYTES / sizeof(uint32_t), &forest->cats_cap,
                  "words of category sets", err);
    if (rc < 0) {
        return rc;
    }
    *ret_begin = (uint32_t)forest->n_cats;
    *ret_words = forest->cats + forest->n_cats;
    if (n_words > 0) {
        memset(*ret_words, 0, n_words * sizeof(**ret_words));
    }
    forest->n_cats += n_words;
    return 0;
}

/* --- the check ------------------------------------------------------------------------------- */

struct check {
    struct rx_forest *forest;
    size_t tree;
    uint32_t *depth; /* owned: of each node of the tree + 1; 0 = not reached yet */
    uint32_t *queue; /* owned: reached nodes in the order of their depth */
    struct rx_error *err;
};

static int refuse(const struct check *check, uint32_t node, const char *what)
{
    return rx_error_set(check->err, RX_EINVALID, "tree %zu, node %u: %s", check->tree, node, what);
}

static int check_leaf(const struct check *check, uint32_t index, struct rx_forest_node *node)
{
    if (!isfinite(node->value)) {
        return refuse(check, index, "leaf value: a finite number expected");
    }
    node->left = node->right = 0;
    return 0;
}

static int check_split(const struct check *check, uint32_t index, const struct rx_forest_node *node)
{
    const struct rx_forest *forest = check->forest;
    if (node->feature >= forest->n_inputs) {
        return rx_error_set(check->err, RX_EINVALID,
                            "tree %zu, node %u: feature %u of a model with %zu features",
                            check->tree, index, node->feature, forest->n_inputs);
    }
    if (node->kind == RX_NODE_NUMERIC && isnan(node->value)) {
        return refuse(check, index, "threshold: a number expected, not NaN");
    }
    if (node->kind == RX_NODE_CATEGORY &&
        (node->cat_begin > forest->n_cats || node->cat_words > forest->n_cats - node->cat_begin)) {
        return refuse(check, index, "its category set lies outside the table");
    }
    return 0;
}

static int check_child(const struct check *check, uint32_t index, const char *side, uint32_t child,
                       size_t *tail)
{
    const struct rx_forest_tree *tree = &check->forest->trees[check->tree];
    if (child >= tree->n_nodes) {
        return rx_error_set(check->err, RX_EINVALID,
                            "tree %zu, node %u: %s child %d of a tree with %u nodes", check->tree,
                            index, side, (int32_t)child, tree->n_nodes);
    }
    if (check->depth[child] > 0) {
        return rx_error_set(check->err, RX_EINVALID,
                            "tree %zu, node %u: %s child %u is reached twice (a cycle or a shared "
                            "branch)",
                            check->tree, index, side, child);
    }
    uint32_t depth = check->depth[index] + 1;
    if (depth > RX_FOREST_MAX_DEPTH + 1) {
        return rx_error_set(check->err, RX_ELIMIT, "tree %zu, node %u: deeper than %u levels",
                            check->tree, index, RX_FOREST_MAX_DEPTH);
    }
    check->depth[child] = depth;
    check->queue[(*tail)++] = child;
    return 0;
}

static int visit(const struct check *check, uint32_t index, size_t *tail)
{
    struct rx_forest_tree *tree = &check->forest->trees[check->tree];
    struct rx_forest_node *node = &check->forest->nodes[tree->first_node + index];
    switch ((enum rx_node_kind)node->kind) {
    case RX_NODE_UNUSED:
        return refuse(check, index, "was pruned, but the tree still leads to it");
    case RX_NODE_LEAF:
        tree->n_leaves++;
        tree->depth = check->depth[index] - 1; /* breadth first: the last one is the deepest */
        return check_leaf(check, index, node);
    case RX_NODE_CATEGORY:
        tree->has_categories = true;
        break;
    case RX_NODE_NUMERIC:
        break;
    }
    int rc = check_split(check, index, node);
    if (rc == 0) {
        rc = check_child(check, index, "left", node->left, tail);
    }
    return rc < 0 ? rc : check_child(check, index, "right", node->right, tail);
}

static int check_unreached(const struct check *check)
{
    const struct rx_forest_tree *tree = &check->forest->trees[check->tree];
    for (uint32_t i = 0; i < tree->n_nodes; i++) {
        if (check->depth[i] == 0 &&
            check->forest->nodes[tree->first_node + i].kind != RX_NODE_UNUSED) {
            return refuse(check, i, "no node leads to it");
        }
    }
    return 0;
}

static int check_tree(struct check *check)
{
    struct rx_forest_tree *tree = &check->forest->trees[check->tree];
    if (tree->n_nodes == 0) {
        return rx_error_set(check->err, RX_EINVALID, "tree %zu: at least one node expected",
                            check->tree);
    }
    if (tree->group >= check->forest->n_outputs) {
        return rx_error_set(check->err, RX_EINVALID, "tree %zu: output %u of a model with %zu",
                            check->tree, tree->group, check->forest->n_outputs);
    }
    if (!isfinite(tree->weight)) {
        return rx_error_set(check->err, RX_EINVALID, "tree %zu: its weight is not finite",
                            check->tree);
    }
    memset(check->depth, 0, tree->n_nodes * sizeof(*check->depth));
    tree->depth = tree->n_leaves = 0;
    size_t tail = 1;
    check->queue[0] = 0;
    check->depth[0] = 1;
    for (size_t head = 0; head < tail; head++) {
        int rc = visit(check, check->queue[head], &tail);
        if (rc < 0) {
            return rc;
        }
    }
    return check_unreached(check);
}

static int check_trees(struct rx_forest *forest, struct rx_error *err)
{
    size_t most = 1;
    for (size_t i = 0; i < forest->n_trees; i++) {
        most = forest->trees[i].n_nodes > most ? forest->trees[i].n_nodes : most;
    }
    rx_autofree uint32_t *depth = calloc(most, sizeof(*depth));
    rx_autofree uint32_t *queue = calloc(most, sizeof(*queue));
    if (!depth || !queue) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    struct check check = {.forest = forest, .depth = depth, .queue = queue, .err = err};
    for (; check.tree < forest->n_trees; check.tree++) {
        int rc = check_tree(&check);
        if (rc < 0) {
            return rc;
        }
    }
    return 0;
}

static void keep_first(struct rx_forest *forest)
{
    forest->trees_in_file = forest->n_trees;
    forest->n_trees = forest->keep_trees < forest->n_trees ? forest->keep_trees : forest->n_trees;
    forest->n_nodes = forest->depth = forest->n_leaves = 0;
    for (size_t i = 0; i < forest->n_trees; i++) {
        const struct rx_forest_tree *tree = &forest->trees[i];
        forest->n_nodes += tree->n_nodes;
        forest->depth = tree->depth > forest->depth ? tree->depth : forest->depth;
        forest->n_leaves += tree->n_leaves;
    }
}

static double largest_leaf(const struct rx_forest *forest, const struct rx_forest_tree *tree)
{
    double most = 0;
    for (size_t i = 0; i < tree->n_nodes; i++) {
        const struct rx_forest_node *node = &forest->nodes[tree->first_node + i];
        most = node->kind == RX_NODE_LEAF ? fmax(most, fabs(node->value)) : most;
    }
    return forest->dart ? most * fabs((double)tree->weight) : most;
}

/* No row may reach a sum that the precision of the sums cannot hold. */
static int check_sums(const struct rx_forest *forest, struct rx_error *err)
{
    double highest = forest->family == RX_FOREST_XGBOOST ? (double)FLT_MAX : DBL_MAX;
    rx_autofree double *sums = calloc(forest->n_outputs, sizeof(*sums));
    if (!sums) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    for (size_t i = 0; i < forest->n_outputs; i++) {
        sums[i] = fabs(forest->base[i]);
    }
    for (size_t i = 0; i < forest->n_trees; i++) {
        double *sum = &sums[forest->trees[i].group];
        *sum += largest_leaf(forest, &forest->trees[i]);
        if (!(*sum < highest / 2)) {
            return rx_error_set(err, RX_EINVALID,
                                "tree %zu: leaf values: the sum of the trees can overflow", i);
        }
    }
    return 0;
}

int rx_forest_finish(struct rx_forest *forest, struct rx_error *err)
{
    if (forest->n_outputs == 0 || forest->n_inputs > RX_FOREST_MAX_INPUTS) {
        return rx_error_set(err, RX_ELIMIT,
                            "%zu features and %zu outputs: at most %u and at least 1",
                            forest->n_inputs, forest->n_outputs, RX_FOREST_MAX_INPUTS);
    }
    for (size_t i = 0; i < forest->n_outputs; i++) {
        if (!isfinite(forest->base[i])) {
            return rx_error_set(err, RX_EINVALID, "base margin %zu: a finite number expected", i);
        }
    }
    int rc = check_trees(forest, err);
    if (rc < 0) {
        return rc;
    }
    keep_first(forest);
    rc = check_sums(forest, err);
    if (rc < 0) {
        return rc;
    }
    return rx_forest_compile(forest, &forest->compiled, err);
}
