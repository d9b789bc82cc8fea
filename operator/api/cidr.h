// SPDX-License-Identifier: Apache-2.0
/* Address ranges, as strictly read as by the apiserver's CEL library. Thread-safe. */
#pragma once

#include <stdbool.h>

#include "common/base/str.h"

struct rx_cidr {
    bool v6;
    unsigned bits;
    unsigned char address[16];
};

/* "10.0.0.0/8", "2001:db8::/32"; no zone, no leading zeros, no IPv4-mapped IPv6. False when it is
 * none. */
bool rx_cidr_parse(struct rx_str text, struct rx_cidr *ret);
/* One address without a prefix length, IPv6 without brackets. */
bool rx_cidr_parse_address(struct rx_str text, struct rx_cidr *ret);
/* Whether inner lies within outer. */
bool rx_cidr_contains(const struct rx_cidr *outer, const struct rx_cidr *inner);
