// SPDX-License-Identifier: Apache-2.0
/*
 * One "Tree=" block of a LightGBM model file as nodes of the canonical table. Not thread-safe on
 * one forest.
 */
#pragma once

#include "agent/engine/forest/forest_core.h"
#include "agent/engine/forest/lightgbm_text.h"

/*
 * Appends the tree to the forest as output `group`. Inner node i of the file becomes node i, leaf j
 * node (leaves - 1) + j. Errors name the field and the number in it. Linear trees are refused.
 */
int rx_lgb_tree_read(const struct rx_lgb_fields *fields, uint32_t group, struct rx_forest *forest,
                     struct rx_error *err) RX_MUST_CHECK;
