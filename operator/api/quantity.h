// SPDX-License-Identifier: Apache-2.0
/*
 * Kubernetes quantities as far as the CRD admits them: up to 15 digits with at most three decimal
 * places, suffix m, k, M, G, T, Ki, Mi, Gi or Ti. Thread-safe.
 */
#pragma once

#include <stdbool.h>

#include "common/json/read.h"

struct rx_quantity {
    __int128 milli;
    bool binary; /* written with a power of 1024 */
};

/* From a string or a non-negative integer; false when it is no such quantity. */
bool rx_quantity_read(const struct rx_json *value, struct rx_quantity *ret);
/* As the apiserver writes it back: "1000m" becomes "1", "1024Mi" becomes "1Gi". */
#define RX_QUANTITY_TEXT_MAX 48
void rx_quantity_format(struct rx_quantity quantity, char out[RX_QUANTITY_TEXT_MAX]);
