// SPDX-License-Identifier: Apache-2.0
/* Units to SQL. Belongs to the writer's thread. */
#pragma once

#include "agent/store/sqlite.h"
#include "agent/store/unit.h"

struct rx_apply; /* prepared statements of one connection */

/* db: borrowed, outlives the result. */
int rx_apply_new(struct rx_sqlite *db, struct rx_apply **ret, struct rx_error *err) RX_MUST_CHECK;
void rx_apply_free(struct rx_apply *apply);
/* Commits the units from `first` to `last` in one transaction, or nothing. Others may append behind
 * `last` meanwhile. */
int rx_apply_units(struct rx_apply *apply, const struct rx_unit *first, const struct rx_unit *last,
                   struct rx_error *err) RX_MUST_CHECK;

RX_DEFINE_CLEANUP(apply, struct rx_apply *, rx_apply_free);
