// SPDX-License-Identifier: Apache-2.0
/* Settings from a JSON object. Thread-safe on different settings. */
#pragma once

#include "common/base/config.h"
#include "common/base/str.h"

/*
 * Sets fields from a JSON object. Nested objects become dotted keys ({"server":{"listen":..}} is
 * server.listen), arrays of scalars are joined with commas, null leaves the setting as it is, and
 * RX_CONFIG_JSON rows get their value as compact JSON text. An unknown key is an error. `from`
 * names the source in errors. On error settings before the failing one are already changed.
 */
int rx_config_json(const struct rx_config_table *table, void *settings, struct rx_str text,
                   const char *from, struct rx_error *err) RX_MUST_CHECK;
