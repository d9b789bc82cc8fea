// SPDX-License-Identifier: Apache-2.0
/* Tables of the contributions of small trees, made by sweeping each combination of outcomes. */
#include <errno.h>

#include "agent/engine/forest/treeshap_core.h"

#define CUTS       RX_SHAP_GROUP_CUTS
#define MAX_SPLITS ((1u << CUTS) - 1) /* of a tree whose paths have at most CUTS splits */
#define MAX_PLACES (2 * MAX_SPLITS + 1)
#define NONE       UINT32_MAX

/* A small tree. Sets of splits are bit masks. */
struct small {
    const struct rx_shap_split *splits;
    uint32_t split_of[MAX_PLACES]; /* NONE: a leaf */
    uint32_t below[MAX_SPLITS];    /* the split and all under it */
    unsigned level[MAX_SPLITS];    /* splits above it */
    rx_shap_vector points, weights;
};

static uint32_t bit(uint32_t split)
{
    return (uint32_t)1 << split;
}

static unsigned count(uint32_t set)
{
    return (unsigned)__builtin_popcount(set);
}

/* False when a path has more than CUTS splits. */
static bool look_at(const struct rx_treeshap *shap, const struct rx_shap_tree *tree,
                    struct small *small)
{
    if (tree->n_splits > MAX_SPLITS) {
        return false;
    }
    small->splits = shap->splits + tree->first_split;
    memset(small->split_of, 0xff, sizeof(small->split_of));
    for (uint32_t i = 0; i < tree->n_splits; i++) {
        small->split_of[small->splits[i].at] = i;
    }
    small->level[0] = 0;
    for (uint32_t i = (uint32_t)tree->n_splits; i-- > 0;) {
        small->below[i] = bit(i);
        for (int side = 0; side < 2; side++) {
            uint32_t child = small->split_of[small->splits[i].to[side]];
            small->below[i] |= child == NONE ? 0 : small->below[child];
        }
    }
    for (uint32_t i = 0; i < tree->n_splits; i++) {
        for (int side = 0; side < 2; side++) {
            uint32_t child = small->split_of[small->splits[i].to[side]];
            if (child != NONE) {
                small->level[child] = small->level[i] + 1;
            }
        }
        if (small->level[i] >= CUTS) {
            return false;
        }
    }
    double numbers[2 * RX_SHAP_LANES];
    rx_shap_gauss(RX_SHAP_LANES, numbers, numbers + RX_SHAP_LANES);
    memcpy(&small->points, numbers, sizeof(small->points));
    memcpy(&small->weights, numbers + RX_SHAP_LANES, sizeof(small->weights));
    return true;
}

/* Room for one group of n cuts and its table; new numbers are 0. */
static int reserve(struct rx_treeshap *shap, size_t n, struct rx_error *err)
{
    size_t rows = ((size_t)1 << n) * n;
    if (shap->n_groups == shap->groups_cap) {
        size_t cap = 2 * shap->groups_cap + 16;
        struct rx_shap_group *groups = realloc(shap->groups, cap * sizeof(*groups));
        if (!groups) {
            return rx_error_errno(err, ENOMEM, "contributions");
        }
        shap->groups = groups;
        shap->groups_cap = cap;
    }
    if (shap->n_cuts + n > shap->cuts_cap) {
        size_t cap = 2 * (shap->n_cuts + n) + 16;
        struct rx_shap_cut *cuts = realloc(shap->cuts, cap * sizeof(*cuts));
        if (!cuts) {
            return rx_error_errno(err, ENOMEM, "contributions");
        }
        shap->cuts = cuts;
        shap->cuts_cap = cap;
    }
    if (shap->n_table + rows > shap->table_cap) {
        size_t cap = 2 * (shap->n_table + rows);
        double *table = realloc(shap->table, cap * sizeof(*table));
        if (!table) {
            return rx_error_errno(err, ENOMEM, "contributions");
        }
        shap->table = table;
        shap->table_cap = cap;
    }
    return 0;
}

/*
 * The splits of `set` as a tree of their own: leaves below splits of `own` count, and the place
 * `leaf`; all else is worth 0. Inputs are numbered within the set. Returns how many splits.
 */
static size_t cut_out(const struct small *small, uint32_t set, uint32_t own, uint32_t leaf,
                      struct rx_shap_split *ret)
{
    size_t n = 0;
    uint32_t inputs[CUTS];
    for (uint32_t i = 0; set >> i; i++) {
        if (!(set & bit(i))) {
            continue;
        }
        struct rx_shap_split split = small->splits[i];
        for (int side = 0; side < 2; side++) {
            uint32_t child = small->split_of[split.to[side]];
            bool inside = child != NONE && (set & bit(child));
            bool counts = child == NONE && ((own & bit(i)) || split.to[side] == leaf);
            split.weight[side] = inside || counts ? split.weight[side] : 0;
        }
        inputs[n] = split.cut.input;
        uint32_t column = 0;
        while (inputs[column] != split.cut.input) {
            column++;
        }
        split.cut.input = column;
        ret[n++] = split;
    }
    return n;
}

static void fill(const struct small *small, const struct rx_shap_split *splits, size_t n,
                 double *table)
{
    rx_shap_vector product[MAX_PLACES];
    rx_shap_vector sum[CUTS];
    uint8_t on[MAX_PLACES];
    uint8_t left[CUTS];
    const struct rx_shap_work work = {.product = product, .sum = sum, .on = on, .left = left};
    for (size_t row = 0; row < (size_t)1 << n; row++) {
        memset(sum, 0, sizeof(sum));
        for (size_t i = 0; i < n; i++) {
            left[i] = row >> i & 1;
        }
        rx_shap_sweep(splits, n, &small->points, &small->weights, RX_SHAP_LANES, &work);
        for (size_t i = 0; i < n; i++) {
            table[row * n + i] = 0;
            for (size_t lane = 0; lane < RX_SHAP_LANES; lane++) {
                table[row * n + i] += sum[i][lane];
            }
        }
    }
}

static int add_group(struct rx_treeshap *shap, const struct small *small, uint32_t set,
                     uint32_t own, uint32_t leaf, struct rx_error *err)
{
    size_t n = count(set);
    int r = reserve(shap, n, err);
    if (r < 0) {
        return r;
    }
    struct rx_shap_split splits[CUTS] = {0};
    (void)cut_out(small, set, own, leaf, splits);
    shap->groups[shap->n_groups++] = (struct rx_shap_group){
        .first_cut = (uint32_t)shap->n_cuts, .n_cuts = (uint32_t)n, .table = shap->n_table};
    for (uint32_t i = 0; set >> i; i++) {
        if (set & bit(i)) {
            shap->cuts[shap->n_cuts++] = small->splits[i].cut;
        }
    }
    fill(small, splits, n, shap->table + shap->n_table);
    shap->n_table += ((size_t)1 << n) * n;
    return 0;
}

/* `path` are the splits above. At most CUTS levels deep. */
static int add_groups(struct rx_treeshap *shap, const struct small *small, uint32_t path,
                      uint32_t split, struct rx_error *err)
{
    uint32_t below = small->below[split];
    if (count(path | below) <= CUTS) {
        return add_group(shap, small, path | below, below, NONE, err);
    }
    path |= bit(split);
    int r = 0;
    for (int side = 0; r == 0 && side < 2; side++) {
        uint32_t place = small->splits[split].to[side];
        uint32_t child = small->split_of[place];
        r = child == NONE ? add_group(shap, small, path, 0, place, err)
                          : add_groups(shap, small, path, child, err);
    }
    return r;
}

int rx_shap_tabulate(struct rx_treeshap *shap, const struct rx_shap_tree *tree, bool *ret,
                     struct rx_error *err)
{
    /* What the largest of such trees needs: a group for each leaf. */
    const size_t most = ((size_t)1 << CUTS) * CUTS * (1u << CUTS);
    struct small small = {0};
    *ret = (shap->n_table + most) * sizeof(*shap->table) <= RX_SHAP_TABLE_BYTES &&
           look_at(shap, tree, &small);
    return *ret ? add_groups(shap, &small, 0, 0, err) : 0;
}
