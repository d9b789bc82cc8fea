// SPDX-License-Identifier: Apache-2.0
/* From the canonical node table to the splits of treeshap_core.h. */
#include <errno.h>

#include "agent/engine/forest/treeshap_core.h"

/* One node on the way down. */
struct frame {
    uint32_t node;  /* index within the tree */
    uint32_t split; /* index in shap->splits */
    uint32_t inputs;
    int stage;   /* children entered */
    double path; /* product of the shares so far */
};

struct builder {
    const struct rx_forest *forest;
    struct rx_treeshap *shap;
    struct frame *frames; /* owned: depth + 1 */
    /* Owned, one an input: the place where the path decided on it, and z there. */
    uint32_t *place_of;
    double *z_of;
    /* Owned, of one tree: each split's level, and room to sort them by it. */
    uint32_t *level;
    struct rx_shap_split *sorted;
    uint32_t *level_start; /* owned: depth + 1 */
    size_t inputs;         /* most different inputs on one path of the tree */
    double base;
};

static void builder_fini(struct builder *builder)
{
    free(builder->frames);
    free(builder->place_of);
    free(builder->z_of);
    free(builder->level);
    free(builder->sorted);
    free(builder->level_start);
}
RX_DEFINE_CLEANUP_INPLACE(builder, struct builder, builder_fini);

void rx_treeshap_free(struct rx_treeshap *shap)
{
    if (!shap) {
        return;
    }
    free(shap->splits);
    free(shap->trees);
    free(shap->outputs);
    free(shap->groups);
    free(shap->cuts);
    free(shap->table);
    free(shap->points);
    free(shap->weights);
    free(shap);
}

void rx_shap_gauss(size_t n, double *points, double *weights)
{
    for (size_t i = 0; i < (n + 1) / 2; i++) {
        double x = cos(M_PI * ((double)i + 0.75) / ((double)n + 0.5));
        double slope = 1;
        for (int round = 0; round < 50; round++) {
            double p0 = 1;
            double p1 = x;
            for (size_t k = 2; k <= n; k++) {
                double p2 = ((2 * (double)k - 1) * x * p1 - ((double)k - 1) * p0) / (double)k;
                p0 = p1;
                p1 = p2;
            }
            slope = (double)n * (x * p1 - p0) / (x * x - 1);
            double step = p1 / slope;
            x -= step;
            if (fabs(step) < 1e-16) {
                break;
            }
        }
        double weight = 1 / ((1 - x * x) * slope * slope);
        points[i] = (1 - x) / 2;
        points[n - 1 - i] = (1 + x) / 2;
        weights[i] = weights[n - 1 - i] = weight;
    }
}

static enum rx_shap_way way_of(const struct rx_forest_node *node)
{
    switch ((enum rx_node_missing)node->missing) {
    case RX_MISSING_NONE:
        return RX_SHAP_NONE;
    case RX_MISSING_ZERO:
        return node->default_left ? RX_SHAP_ZERO_LEFT : RX_SHAP_ZERO_RIGHT;
    default:
        return node->default_left ? RX_SHAP_LEFT : RX_SHAP_RIGHT;
    }
}

static struct rx_shap_cut make_cut(const struct rx_forest *forest, uint32_t index)
{
    const struct rx_forest_node *node = &forest->nodes[index];
    struct rx_shap_cut cut = {.input = node->feature, .bound = node->value};
    cut.slot = (uint32_t)(way_of(node) * forest->n_inputs + node->feature);
    if (node->kind == RX_NODE_CATEGORY) {
        cut.slot = RX_SHAP_CATEGORY | index;
    } else if (forest->family == RX_FOREST_XGBOOST) {
        cut.bound = (double)nextafterf((float)node->value, -INFINITY);
    }
    return cut;
}

static double share_of(const struct rx_forest_node *parent, const struct rx_forest_node *child)
{
    if (!(parent->cover > 0)) {
        return 0.5;
    }
    return child->cover < parent->cover ? child->cover / parent->cover : 1;
}

static int check_cover(const struct rx_forest *forest, size_t tree, struct rx_error *err)
{
    const struct rx_forest_node *root = &forest->nodes[forest->trees[tree].first_node];
    if (root->kind != RX_NODE_LEAF && !(root->cover > 0)) {
        return rx_error_set(err, RX_EINVALID,
                            "tree %zu: no %s at the root: contributions need the cover of each "
                            "node",
                            tree,
                            forest->family == RX_FOREST_XGBOOST ? "sum_hessian" : "internal_count");
    }
    return 0;
}

/* Fills the split's side and goes down there when it is a split itself. */
static void enter_child(struct builder *builder, const struct rx_forest_tree *tree,
                        struct rx_shap_tree *out, struct frame *frame, bool left)
{
    const struct rx_forest_node *nodes = builder->forest->nodes + tree->first_node;
    const struct rx_forest_node *parent = &nodes[frame->node];
    uint32_t index = left ? parent->left : parent->right;
    const struct rx_forest_node *child = &nodes[index];
    struct rx_shap_split *split = &builder->shap->splits[frame->split];
    double share = share_of(parent, child);
    split->to[left] = (uint32_t)out->n_places++;
    split->share[left] = share;
    uint32_t inputs = frame->inputs + (split->before == 0);
    double path = frame->path * share;
    if (child->kind == RX_NODE_LEAF) {
        double value = child->value * (double)tree->weight;
        split->weight[left] = value;
        builder->base += path * value;
        builder->inputs = inputs > builder->inputs ? inputs : builder->inputs;
        return;
    }
    split->weight[left] = 1;
    builder->place_of[parent->feature] = split->to[left];
    builder->z_of[parent->feature] = split->z_before * share;
    uint32_t next = (uint32_t)builder->shap->n_splits++;
    builder->level[out->n_splits++] = (uint32_t)(frame - builder->frames) + 1;
    builder->shap->splits[next] = (struct rx_shap_split){
        .cut = make_cut(builder->forest, tree->first_node + index),
        .at = split->to[left],
        .before = builder->place_of[child->feature],
        .z_before = builder->z_of[child->feature],
    };
    frame[1] = (struct frame){.node = index, .split = next, .inputs = inputs, .path = path};
}

/* Left before right, parents before children; an explicit stack as deep as the tree. */
static void add_splits(struct builder *builder, const struct rx_forest_tree *tree,
                       struct rx_shap_tree *out)
{
    struct rx_treeshap *shap = builder->shap;
    out->n_places = out->n_splits = 1;
    builder->level[0] = 0;
    builder->frames[0] = (struct frame){.split = (uint32_t)shap->n_splits, .path = 1};
    shap->splits[shap->n_splits++] =
        (struct rx_shap_split){.cut = make_cut(builder->forest, tree->first_node), .z_before = 1};
    for (size_t depth = 1; depth > 0;) {
        struct frame *frame = &builder->frames[depth - 1];
        const struct rx_shap_split *split = &shap->splits[frame->split];
        uint32_t input = split->cut.input;
        size_t before = shap->n_splits;
        if (frame->stage < 2) {
            enter_child(builder, tree, out, frame, frame->stage++ == 0);
            depth += shap->n_splits > before;
            continue;
        }
        builder->place_of[input] = split->before;
        builder->z_of[input] = split->z_before;
        depth--;
    }
}

/* Level by level, in the order they have within one. */
static void sort_splits(struct builder *builder, const struct rx_shap_tree *tree)
{
    struct rx_shap_split *splits = builder->shap->splits + tree->first_split;
    uint32_t *start = builder->level_start;
    memset(start, 0, (builder->forest->depth + 1) * sizeof(*start));
    for (size_t i = 0; i < tree->n_splits; i++) {
        start[builder->level[i] + 1]++;
    }
    for (size_t k = 1; k <= builder->forest->depth; k++) {
        start[k] += start[k - 1];
    }
    for (size_t i = 0; i < tree->n_splits; i++) {
        builder->sorted[start[builder->level[i]]++] = splits[i];
    }
    memcpy(splits, builder->sorted, tree->n_splits * sizeof(*splits));
}

static int add_tree(struct builder *builder, size_t index, struct rx_shap_output *output,
                    struct rx_error *err)
{
    struct rx_treeshap *shap = builder->shap;
    const struct rx_forest_tree *tree = &builder->forest->trees[index];
    const struct rx_forest_node *root = &builder->forest->nodes[tree->first_node];
    if (root->kind == RX_NODE_LEAF) {
        output->base += root->value * (double)tree->weight;
        return 0;
    }
    struct rx_shap_tree *out = &shap->trees[shap->n_trees];
    *out = (struct rx_shap_tree){.first_split = shap->n_splits};
    builder->inputs = 0;
    builder->base = 0;
    add_splits(builder, tree, out);
    sort_splits(builder, out);
    output->base += builder->base;
    bool tabled = false;
    int r = rx_shap_tabulate(shap, out, &tabled, err);
    if (r < 0) {
        return r;
    }
    if (tabled) {
        output->n_groups = shap->n_groups - output->first_group;
        shap->n_splits = out->first_split;
        return 0;
    }
    shap->n_trees++;
    output->n_trees++;
    const size_t degree = 2 * RX_SHAP_LANES;
    out->n_points = (builder->inputs + degree - 1) / degree * RX_SHAP_LANES;
    shap->max_points = out->n_points > shap->max_points ? out->n_points : shap->max_points;
    shap->max_splits = out->n_splits > shap->max_splits ? out->n_splits : shap->max_splits;
    shap->max_places = out->n_places > shap->max_places ? out->n_places : shap->max_places;
    return 0;
}

/* Trees by output, so that a row's sums are kept for one output at a time. */
static int add_trees(struct builder *builder, struct rx_error *err)
{
    const struct rx_forest *forest = builder->forest;
    struct rx_treeshap *shap = builder->shap;
    rx_autofree size_t *order = calloc(forest->n_trees + 1, sizeof(*order));
    rx_autofree size_t *start = calloc(forest->n_outputs + 1, sizeof(*start));
    if (!order || !start) {
        return rx_error_errno(err, ENOMEM, "contributions");
    }
    for (size_t i = 0; i < forest->n_trees; i++) {
        start[forest->trees[i].group + 1]++;
    }
    for (size_t k = 1; k <= forest->n_outputs; k++) {
        start[k] += start[k - 1];
    }
    for (size_t i = 0; i < forest->n_trees; i++) {
        order[start[forest->trees[i].group]++] = i;
    }
    /* start[k] is now where output k ends. */
    for (size_t k = 0, at = 0; k < forest->n_outputs; k++) {
        shap->outputs[k] = (struct rx_shap_output){
            .first_tree = shap->n_trees, .first_group = shap->n_groups, .base = forest->base[k]};
        for (; at < start[k]; at++) {
            int r = check_cover(forest, order[at], err);
            r = r < 0 ? r : add_tree(builder, order[at], &shap->outputs[k], err);
            if (r < 0) {
                return r;
            }
        }
    }
    return 0;
}

static int make_rules(struct rx_treeshap *shap, struct rx_error *err)
{
    size_t lanes = RX_SHAP_LANES;
    size_t n = rx_shap_rule(shap->max_points + lanes);
    shap->points = calloc(n + 1, sizeof(*shap->points));
    shap->weights = calloc(n + 1, sizeof(*shap->weights));
    rx_autofree double *numbers = calloc(2 * shap->max_points + 1, sizeof(*numbers));
    if (!shap->points || !shap->weights || !numbers) {
        return rx_error_errno(err, ENOMEM, "contributions");
    }
    for (size_t points = lanes; points <= shap->max_points; points += lanes) {
        rx_shap_gauss(points, numbers, numbers + points);
        memcpy(shap->points + rx_shap_rule(points), numbers, points * sizeof(*numbers));
        memcpy(shap->weights + rx_shap_rule(points), numbers + points, points * sizeof(*numbers));
    }
    return 0;
}

static size_t largest_tree(const struct rx_forest *forest)
{
    size_t most = 0;
    for (size_t i = 0; i < forest->n_trees; i++) {
        most = forest->trees[i].n_nodes > most ? forest->trees[i].n_nodes : most;
    }
    return most;
}

static int allocate(struct builder *builder, struct rx_error *err)
{
    const struct rx_forest *forest = builder->forest;
    struct rx_treeshap *shap = builder->shap;
    size_t splits = forest->n_nodes / 2 + 1;
    size_t most = largest_tree(forest) / 2 + 1;
    shap->splits = calloc(splits, sizeof(*shap->splits));
    shap->trees = calloc(forest->n_trees + 1, sizeof(*shap->trees));
    shap->outputs = calloc(forest->n_outputs, sizeof(*shap->outputs));
    builder->frames = calloc(forest->depth + 1, sizeof(*builder->frames));
    builder->level_start = calloc(forest->depth + 1, sizeof(*builder->level_start));
    builder->level = calloc(most, sizeof(*builder->level));
    builder->sorted = calloc(most, sizeof(*builder->sorted));
    builder->place_of = calloc(forest->n_inputs + 1, sizeof(*builder->place_of));
    builder->z_of = calloc(forest->n_inputs + 1, sizeof(*builder->z_of));
    if (!shap->splits || !shap->trees || !shap->outputs || !builder->frames ||
        !builder->level_start || !builder->level || !builder->sorted || !builder->place_of ||
        !builder->z_of) {
        return rx_error_errno(err, ENOMEM, "contributions");
    }
    for (size_t i = 0; i < forest->n_inputs; i++) {
        builder->z_of[i] = 1;
    }
    return 0;
}

int rx_treeshap_new(const struct rx_forest *forest, struct rx_treeshap **ret, struct rx_error *err)
{
    rx_auto(treeshap) struct rx_treeshap *shap = calloc(1, sizeof(*shap));
    if (!shap) {
        return rx_error_errno(err, ENOMEM, "contributions");
    }
    shap->forest = forest;
    shap->n_ways =
        forest->family == RX_FOREST_XGBOOST ? RX_SHAP_XGBOOST_WAYS : (size_t)RX_SHAP_WAY_MAX;
    rx_auto(builder) struct builder builder = {.forest = forest, .shap = shap};
    int r = allocate(&builder, err);
    r = r < 0 ? r : add_trees(&builder, err);
    r = r < 0 ? r : make_rules(shap, err);
    if (r < 0) {
        return r;
    }
    *ret = RX_TAKE(shap);
    return 0;
}
