// SPDX-License-Identifier: Apache-2.0
/* Standard base64 with padding (RFC 4648 section 4). Thread-safe. */
#pragma once

#include "common/base/buf.h"

void rx_base64_encode(struct rx_buf *out, const void *bytes, size_t n);
/* RX_EPARSE when not canonical base64. */
int rx_base64_decode(struct rx_buf *out, struct rx_str text) RX_MUST_CHECK;
