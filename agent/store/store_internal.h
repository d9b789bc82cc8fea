// SPDX-License-Identifier: Apache-2.0
/* Inside of the store only. */
#pragma once

struct rx_store;

/* Borrowed from the store. */
const char *rx_store_path(const struct rx_store *store);
