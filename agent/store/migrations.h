// SPDX-License-Identifier: Apache-2.0
/* Versions of the database's layout. */
#pragma once

#include "agent/store/sqlite.h"

/* Newest version this release knows. */
int rx_migrations_latest(void);
/*
 * Brings the database to the newest version, each step in a transaction of its own. RX_EINVALID
 * when the file is newer than this release.
 */
int rx_migrate(struct rx_sqlite *db, struct rx_error *err) RX_MUST_CHECK;
