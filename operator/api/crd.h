// SPDX-License-Identifier: Apache-2.0
/* The embedded CRDs, parsed once on first use and kept for the life of the process. Thread-safe. */
#pragma once

#include "common/base/error.h"
#include "common/json/read.h"

/* The openAPIV3Schema of a kind of radarx.io/v1, borrowed; *ret is NULL for another kind. */
int rx_crd_schema(struct rx_str kind, const struct rx_json **ret, struct rx_error *err)
    RX_MUST_CHECK;
