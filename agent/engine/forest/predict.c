// SPDX-License-Identifier: Apache-2.0
/* Margins on the compiled layout. One walk serves all layouts: the layout is a constant where it is
 * inlined. Sums are taken in the order of the trees whatever walks side by side. */
#include "agent/engine/forest/compiled.h"

#define LANES       RX_FOREST_LANES
#define INLINE      static inline __attribute__((always_inline))
#define BLOCK_ROWS  64
#define BLOCK_SLOTS (LANES * RX_FOREST_MAX_SLOTS) /* values of a block of rows, on the stack */
/* Walks longer than this ask at every step whether all have arrived. */
#define PATIENCE 8
/* The lanes must be unrolled to stay in registers. */
#ifdef __clang__
#define EACH_LANE _Pragma("unroll") for (size_t i = 0; i < LANES; i++)
#else
#define EACH_LANE _Pragma("GCC unroll 16") for (size_t i = 0; i < LANES; i++)
#endif
/* Large scratch that is written before it is read needs no zeros first. */
#if defined(__has_attribute) && __has_attribute(uninitialized)
#define SCRATCH __attribute__((uninitialized))
#else
#define SCRATCH
#endif

/* --- rows over slots ------------------------------------------------------------------------- */

/* Key of what a missing value or a small one reads as. */
static uint64_t key_of(uint8_t reads)
{
    return reads == RX_READS_ZERO ? rx_key_double(0) : reads == RX_READS_LEFT ? 0 : UINT64_MAX;
}

static void spread_float(const struct rx_forest_compiled *c, const double *row, uint32_t *x)
{
    x[0] = 0;
    for (size_t i = 1; i < c->n_slots; i++) {
        const struct rx_forest_slot *slot = &c->slots[i];
        float value = (float)row[slot->input];
        uint32_t missing = slot->nan == RX_READS_LEFT ? 0 : UINT32_MAX;
        x[i] = value == value ? rx_key_float(value) : missing;
    }
}

static void spread_double(const struct rx_forest_compiled *c, const double *row, uint64_t *x)
{
    x[0] = 0;
    for (size_t i = 1; i < c->n_slots; i++) {
        const struct rx_forest_slot *slot = &c->slots[i];
        double value = row[slot->input];
        if (isnan(value)) {
            x[i] = key_of(slot->nan);
        } else if (fabs(value) <= RX_LIGHTGBM_ZERO) {
            x[i] = key_of(slot->zero);
        } else {
            x[i] = rx_key_double(value);
        }
    }
}

/* --- one step ----------------------------------------------------------------------------------
 */

/* 1 when a category split sends the key's value to the right. */
static __attribute__((noinline)) size_t category_right(const struct rx_forest *forest,
                                                       uint64_t node, double value)
{
    return rx_forest_category_left(forest, &forest->nodes[node], value) ? 0 : 1;
}

/* Distance to the next node; 0 at a leaf. */
INLINE size_t step(const struct rx_forest *forest, enum rx_forest_layout layout, const void *nodes,
                   size_t at, const void *x, bool categories)
{
    if (layout == RX_LAYOUT_NARROW) {
        const struct rx_node8 *node = (const struct rx_node8 *)nodes + at;
        const uint32_t *keys = x;
        if (categories && node->slot & RX_SLOT_CATEGORY8) {
            float value = rx_float_of_bits(keys[node->slot & ~RX_SLOT_CATEGORY8]);
            return node->left + category_right(forest, node->key, (double)value);
        }
        return (size_t)node->left + (keys[node->slot] >= node->key);
    }
    if (layout == RX_LAYOUT_WIDE) {
        const struct rx_node12 *node = (const struct rx_node12 *)nodes + at;
        const uint32_t *keys = x;
        if (categories && node->slot & RX_SLOT_CATEGORY) {
            float value = rx_float_of_bits(keys[node->slot & ~RX_SLOT_CATEGORY]);
            return node->left + category_right(forest, node->key, (double)value);
        }
        return (size_t)node->left + (keys[node->slot] >= node->key);
    }
    const struct rx_node16 *node = (const struct rx_node16 *)nodes + at;
    const uint64_t *keys = x;
    if (categories && node->slot & RX_SLOT_CATEGORY) {
        double value = rx_double_of_bits(keys[node->slot & ~RX_SLOT_CATEGORY]);
        return node->left + category_right(forest, node->key, value);
    }
    return (size_t)node->left + (keys[node->slot] > node->key);
}

INLINE double leaf(enum rx_forest_layout layout, const void *nodes, size_t at)
{
    switch (layout) {
    case RX_LAYOUT_NARROW:
        return (double)rx_float_of_bits(((const struct rx_node8 *)nodes)[at].key);
    case RX_LAYOUT_WIDE:
        return (double)rx_float_of_bits(((const struct rx_node12 *)nodes)[at].key);
    default:
        return rx_double_of_bits(((const struct rx_node16 *)nodes)[at].key);
    }
}

/* Lane i walks from at[i] with the values x + i * stride bytes. */
INLINE void walk(const struct rx_forest *forest, enum rx_forest_layout layout, const void *nodes,
                 size_t at[LANES], const char *x, size_t stride, uint32_t depth, bool categories)
{
    uint32_t sure = depth < PATIENCE ? depth : PATIENCE;
    for (uint32_t d = 0; d < sure; d++) {
        EACH_LANE
        {
            at[i] += step(forest, layout, nodes, at[i], x + i * stride, categories);
        }
    }
    size_t moved = 1;
    for (uint32_t d = sure; d < depth && moved; d++) {
        moved = 0;
        EACH_LANE
        {
            size_t by = step(forest, layout, nodes, at[i], x + i * stride, categories);
            at[i] += by;
            moved |= by;
        }
    }
}

INLINE double add(enum rx_forest_layout layout, double sum, double value)
{
    return layout == RX_LAYOUT_DOUBLE ? sum + value : (double)((float)sum + (float)value);
}

/* --- one row -----------------------------------------------------------------------------------
 */

INLINE void row_of(const struct rx_forest *forest, enum rx_forest_layout layout, const void *x,
                   double *out)
{
    const struct rx_forest_compiled *c = forest->compiled;
    for (size_t t = 0; t < forest->n_trees; t += LANES) {
        size_t at[LANES];
        EACH_LANE
        {
            at[i] = c->roots[t + i];
        }
        const struct rx_forest_lanes *lanes = &c->lanes[t / LANES];
        if (lanes->has_categories) {
            walk(forest, layout, c->nodes, at, x, 0, lanes->depth, true);
        } else {
            walk(forest, layout, c->nodes, at, x, 0, lanes->depth, false);
        }
        size_t n = forest->n_trees - t < LANES ? forest->n_trees - t : LANES;
        for (size_t i = 0; i < n; i++) {
            double *sum = &out[c->outputs[t + i]];
            *sum = add(layout, *sum, leaf(layout, c->nodes, at[i]));
        }
    }
}

static void row_canonical(const struct rx_forest *forest, const double *row, double *out)
{
    bool xgboost = forest->family == RX_FOREST_XGBOOST;
    for (size_t t = 0; t < forest->n_trees; t++) {
        const struct rx_forest_tree *tree = &forest->trees[t];
        const struct rx_forest_node *nodes = forest->nodes + tree->first_node;
        const struct rx_forest_node *node = nodes;
        while (node->kind != RX_NODE_LEAF) {
            double x = row[node->feature];
            node = nodes + rx_forest_step(forest, node, xgboost ? (double)(float)x : x);
        }
        double *sum = &out[tree->group];
        if (xgboost) {
            float value = (float)node->value;
            value = forest->dart ? (0.0f + value) * tree->weight : value;
            *sum = (double)((float)*sum + value);
        } else {
            *sum += node->value;
        }
    }
}

void rx_forest_margins(const struct rx_forest *forest, const double *row, double *out)
{
    for (size_t i = 0; i < forest->n_outputs; i++) {
        out[i] = forest->base[i];
    }
    const struct rx_forest_compiled *c = forest->compiled;
    if (c->layout == RX_LAYOUT_CANONICAL) {
        row_canonical(forest, row, out);
    } else if (c->layout == RX_LAYOUT_DOUBLE) {
        SCRATCH uint64_t x[RX_FOREST_MAX_SLOTS];
        spread_double(c, row, x);
        row_of(forest, RX_LAYOUT_DOUBLE, x, out);
    } else {
        SCRATCH uint32_t x[RX_FOREST_MAX_SLOTS];
        spread_float(c, row, x);
        if (c->layout == RX_LAYOUT_NARROW) {
            row_of(forest, RX_LAYOUT_NARROW, x, out);
        } else {
            row_of(forest, RX_LAYOUT_WIDE, x, out);
        }
    }
}

/* --- many rows ---------------------------------------------------------------------------------
 */

/* Trees outside, rows inside: a tree stays in the nearest cache while a block passes it. n is a
 * multiple of the lanes; sums[n][n_outputs]. */
INLINE void block_of(const struct rx_forest *forest, enum rx_forest_layout layout, const char *x,
                     size_t stride, size_t n, double *sums)
{
    const struct rx_forest_compiled *c = forest->compiled;
    for (size_t t = 0; t < forest->n_trees; t++) {
        const struct rx_forest_tree *tree = &forest->trees[t];
        for (size_t r = 0; r < n; r += LANES) {
            size_t at[LANES];
            EACH_LANE
            {
                at[i] = c->roots[t];
            }
            if (tree->has_categories) {
                walk(forest, layout, c->nodes, at, x + r * stride, stride, tree->depth, true);
            } else {
                walk(forest, layout, c->nodes, at, x + r * stride, stride, tree->depth, false);
            }
            EACH_LANE
            {
                double *sum = &sums[(r + i) * forest->n_outputs + tree->group];
                *sum = add(layout, *sum, leaf(layout, c->nodes, at[i]));
            }
        }
    }
}

static void block_of_floats(const struct rx_forest *forest, const double *rows, size_t n,
                            double *sums)
{
    const struct rx_forest_compiled *c = forest->compiled;
    SCRATCH uint32_t x[BLOCK_SLOTS];
    for (size_t r = 0; r < n; r++) {
        spread_float(c, rows + r * forest->n_inputs, x + r * c->n_slots);
    }
    size_t stride = c->n_slots * sizeof(uint32_t);
    if (c->layout == RX_LAYOUT_NARROW) {
        block_of(forest, RX_LAYOUT_NARROW, (const char *)x, stride, n, sums);
    } else {
        block_of(forest, RX_LAYOUT_WIDE, (const char *)x, stride, n, sums);
    }
}

static void block_of_doubles(const struct rx_forest *forest, const double *rows, size_t n,
                             double *sums)
{
    const struct rx_forest_compiled *c = forest->compiled;
    SCRATCH uint64_t x[BLOCK_SLOTS];
    for (size_t r = 0; r < n; r++) {
        spread_double(c, rows + r * forest->n_inputs, x + r * c->n_slots);
    }
    block_of(forest, RX_LAYOUT_DOUBLE, (const char *)x, c->n_slots * sizeof(uint64_t), n, sums);
}

void rx_forest_margins_batch(const struct rx_forest *forest, const double *rows, size_t n,
                             double *out)
{
    const struct rx_forest_compiled *c = forest->compiled;
    size_t done = 0;
    if (c->layout != RX_LAYOUT_CANONICAL) {
        size_t block = BLOCK_SLOTS / c->n_slots / LANES * LANES;
        block = block > BLOCK_ROWS ? BLOCK_ROWS : block;
        while (n - done >= LANES) {
            size_t some = n - done < block ? (n - done) / LANES * LANES : block;
            double *sums = out + done * forest->n_outputs;
            for (size_t i = 0; i < some * forest->n_outputs; i++) {
                sums[i] = forest->base[i % forest->n_outputs];
            }
            const double *from = rows + done * forest->n_inputs;
            if (c->layout == RX_LAYOUT_DOUBLE) {
                block_of_doubles(forest, from, some, sums);
            } else {
                block_of_floats(forest, from, some, sums);
            }
            done += some;
        }
    }
    for (; done < n; done++) {
        rx_forest_margins(forest, rows + done * forest->n_inputs, out + done * forest->n_outputs);
    }
}
