// SPDX-License-Identifier: Apache-2.0
/*
 * What `drift` compares: the columns that two tables share, sorted, and the labels of targets.
 *
 * A column p_NAME is a probability (p_NAME_lo and p_NAME_hi are left out); a column NAME beside it
 * holds that target's labels. Other columns are features: when any is in the feature registry, only
 * those that are; a list of names overrides both. One thread.
 */
#pragma once

#include "agent/engine/drift/verdict.h"
#include "agent/offline/number_table.h"

struct rx_drift_files {
    const char *baseline, *current;               /* paths */
    const char *baseline_labels, *current_labels; /* paths or NULL: one row for each row */
    const char *columns;                          /* "a,b,c" or NULL */
    const char *group; /* column that tells which rows belong together; may be absent */
};

struct rx_drift_input {
    struct rx_number_table *table[4]; /* owned: baseline, current and their labels (or NULL) */
    struct rx_drift_column *columns;  /* owned, with the arrays in it */
    size_t n_columns;
    struct rx_drift_target *targets; /* owned, with the arrays in it */
    size_t n_targets;
};

int rx_drift_input_read(const struct rx_drift_files *files, struct rx_drift_input **ret,
                        struct rx_error *err) RX_MUST_CHECK;
void rx_drift_input_free(struct rx_drift_input *input);
RX_DEFINE_CLEANUP(drift_input, struct rx_drift_input *, rx_drift_input_free);
