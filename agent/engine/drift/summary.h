// SPDX-License-Identifier: Apache-2.0
/*
 * What a server keeps of the rows that it saw, so that it can test for drift later: for each column
 * a uniform random sample of bounded size and the number of missing values. Memory is
 * columns x capacity x 8 bytes, whatever the number of rows; a row costs O(columns).
 *
 * Source: reservoir sampling, J. Vitter 1985 (algorithm R); the choice comes from SplitMix64
 * (G. Steele, D. Lea, C. Flood 2014) with a seed of the caller's, so the same rows give the same
 * sample. All columns keep the same rows.
 *
 * One owner; no locks.
 */
#pragma once

#include <stdint.h>

#include "agent/engine/drift/drift.h"

#define RX_SUMMARY_MAX_CAPACITY 1000000

struct rx_drift_summary;

/* RX_EINVALID (no columns, no capacity), RX_ELIMIT, -ENOMEM. */
int rx_drift_summary_new(size_t columns, size_t capacity, uint64_t seed,
                         struct rx_drift_summary **ret, struct rx_error *err) RX_MUST_CHECK;
void rx_drift_summary_free(struct rx_drift_summary *summary);
RX_DEFINE_CLEANUP(drift_summary, struct rx_drift_summary *, rx_drift_summary_free);

/* row[columns]; what is not finite is missing. */
void rx_drift_summary_add(struct rx_drift_summary *summary, const double *row);
/* Forgets all rows: a new window begins. */
void rx_drift_summary_clear(struct rx_drift_summary *summary);
uint64_t rx_drift_summary_rows(const struct rx_drift_summary *summary); /* seen, not kept */

/* The kept rows of a column. *ret->sorted is malloc'd and the caller's to free; the missing count
 * is that of the kept rows. -ENOMEM. */
int rx_drift_summary_sample(const struct rx_drift_summary *summary, size_t column,
                            struct rx_drift_sample *ret) RX_MUST_CHECK;
