// SPDX-License-Identifier: Apache-2.0
/*
 * The layout that predictions run on: flat arrays without pointers, made from the canonical table.
 *
 * Each pair (feature, way of reading a missing value) that the model uses is a slot. A row is first
 * spread over the slots as keys: unsigned integers in the order of the numbers, where a missing
 * value becomes 0 (always left) or all ones (always right), so that a step is one comparison of
 * integers without branches. A node is 8 bytes in most models: key of the threshold, slot, distance
 * to its left child; the right child is the next one. A leaf holds the key of its value in the
 * threshold's place, has distance 0 and reads slot 0, which is always 0: a step stays there.
 * Several trees (one row) or rows (a batch) walk side by side to hide latency. Trees lie breadth
 * first, so that the upper levels share cache lines.
 */
#pragma once

#include <string.h>

#include "agent/engine/forest/forest_core.h"

/* Trees or rows that walk side by side. */
#define RX_FOREST_LANES 8
/* Models with more slots are walked on the canonical table: a row's slots are on the stack. */
#define RX_FOREST_MAX_SLOTS 2048

enum rx_forest_layout {
    RX_LAYOUT_CANONICAL, /* no compiled nodes */
    RX_LAYOUT_NARROW,    /* struct rx_node8 */
    RX_LAYOUT_WIDE,      /* struct rx_node12 */
    RX_LAYOUT_DOUBLE     /* struct rx_node16 */
};

/* key: of the threshold or the leaf's value; index in the canonical table at category splits, which
 * the highest bit of the slot tells. */
struct rx_node8 {
    uint32_t key;
    uint16_t slot, left;
};
struct rx_node12 {
    uint32_t key, slot, left;
};
struct rx_node16 {
    uint64_t key;
    uint32_t slot, left;
};
#define RX_SLOT_CATEGORY8 0x8000u
#define RX_SLOT_CATEGORY  0x80000000u

/* What a value reads as when it is missing, or nearly 0 in LightGBM. */
enum rx_slot_reads { RX_READS_ZERO, RX_READS_LEFT, RX_READS_RIGHT };

struct rx_forest_slot {
    uint32_t input;
    uint8_t nan, zero; /* enum rx_slot_reads */
};

/* Walks of RX_FOREST_LANES trees side by side have the depth of the deepest. */
struct rx_forest_lanes {
    uint16_t depth;
    bool has_categories;
};

struct rx_forest_compiled {
    enum rx_forest_layout layout;
    size_t n_slots, n_nodes;
    struct rx_forest_slot *slots;  /* owned; [0] is the constant 0 */
    void *nodes;                   /* owned; [0] is a leaf */
    uint32_t *roots;               /* owned; padded with 0 to a multiple of the lanes */
    uint32_t *outputs;             /* owned: of each tree */
    struct rx_forest_lanes *lanes; /* owned: of each group of trees */
};

/* Order-preserving keys of numbers; both zeros have one key at rx_key_*, their own at rx_bits_*. */
static inline uint32_t rx_bits_float(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof(bits));
    return bits ^ ((uint32_t) - (int32_t)(bits >> 31) | UINT32_C(0x80000000));
}
static inline float rx_float_of_bits(uint32_t key)
{
    uint32_t bits = key ^ (((key >> 31) - 1) | UINT32_C(0x80000000));
    float value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}
static inline uint64_t rx_bits_double(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    return bits ^ ((uint64_t) - (int64_t)(bits >> 63) | UINT64_C(0x8000000000000000));
}
static inline double rx_double_of_bits(uint64_t key)
{
    uint64_t bits = key ^ (((key >> 63) - 1) | UINT64_C(0x8000000000000000));
    double value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}
static inline uint32_t rx_key_float(float value)
{
    return rx_bits_float(value + 0.0f); /* -0 + 0 is +0 */
}
static inline uint64_t rx_key_double(double value)
{
    return rx_bits_double(value + 0.0);
}

int rx_forest_compile(const struct rx_forest *forest, struct rx_forest_compiled **ret,
                      struct rx_error *err) RX_MUST_CHECK;
void rx_forest_compiled_free(struct rx_forest_compiled *compiled);
RX_DEFINE_CLEANUP(forest_compiled, struct rx_forest_compiled *, rx_forest_compiled_free);
