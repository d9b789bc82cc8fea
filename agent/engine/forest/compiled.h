// SPDX-License-Identifier: Apache-2.0
/*
 * The layout that predictions run on: flat arrays without pointers, made from the canonical table.
 *
 * Each pair (feature, way of reading a missing value) that the model uses is a slot. A row is first
 * spread over the slots, where a missing value becomes -infinity (always left) or stays NaN (always
 * right), so that a step is one comparison without branches. A node is 8 bytes in most models:
 * threshold, slot, distance to its left child; the right child is the next one. A leaf holds its
 * value in the threshold's place, has distance 0 and reads slot 0, which is always -infinity: a
 * step stays there. Several trees (one row) or rows (a batch) walk side by side to hide latency.
 * Trees lie breadth first, so that the upper levels share cache lines.
 */
#pragma once

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

struct rx_node8 {
    union {
        float value;
        uint32_t node; /* category split: index in the canonical table */
    };
    uint16_t slot; /* RX_SLOT_CATEGORY8 set: category split */
    uint16_t left;
};
struct rx_node12 {
    union {
        float value;
        uint32_t node;
    };
    uint32_t slot; /* RX_SLOT_CATEGORY set: category split */
    uint32_t left;
};
struct rx_node16 {
    union {
        double value;
        uint32_t node;
    };
    uint32_t slot;
    uint32_t left;
};
#define RX_SLOT_CATEGORY8 0x8000u
#define RX_SLOT_CATEGORY  0x80000000u

struct rx_forest_slot {
    uint32_t input;
    bool flush;       /* |x| <= RX_LIGHTGBM_ZERO reads as `zero` */
    double nan, zero; /* what NaN reads as */
};

/* Walks of RX_FOREST_LANES trees side by side have the depth of the deepest. */
struct rx_forest_lanes {
    uint16_t depth;
    bool has_categories;
};

struct rx_forest_compiled {
    enum rx_forest_layout layout;
    size_t n_slots, n_nodes;
    struct rx_forest_slot *slots;  /* owned; [0] is the constant -infinity */
    void *nodes;                   /* owned; [0] is a leaf of 0 */
    uint32_t *roots;               /* owned; padded with 0 to a multiple of the lanes */
    uint32_t *outputs;             /* owned: of each tree */
    struct rx_forest_lanes *lanes; /* owned: of each group of trees */
};

int rx_forest_compile(const struct rx_forest *forest, struct rx_forest_compiled **ret,
                      struct rx_error *err) RX_MUST_CHECK;
void rx_forest_compiled_free(struct rx_forest_compiled *compiled);
RX_DEFINE_CLEANUP(forest_compiled, struct rx_forest_compiled *, rx_forest_compiled_free);
