// SPDX-License-Identifier: Apache-2.0
/* What a request says about a token: address, chain and horizons. Pure; thread-safe. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/str.h"

#define RX_CHAINS 8

/* Canonical name of a chain or one of its other names, any case; NULL when unknown. Static. */
const char *rx_chain_find(struct rx_str text);
/* "ethereum, bsc, ..." for messages. */
extern const char rx_chain_names[];
/* Whether addresses of a (canonical) chain are 0x and 40 hex digits. */
bool rx_chain_is_evm(const char *chain);

/* 0x + 40 hex digits in any case; RX_EINVALID names the field. */
int rx_address_evm(struct rx_str text, uint8_t out[20], struct rx_error *err) RX_MUST_CHECK;
/* 32 to 44 base58 characters. */
bool rx_address_is_solana(struct rx_str text);

/* Comma list of horizons to a mask of rx_horizons within `enabled`; RX_EINVALID names what was
 * expected. A horizon may be repeated. */
int rx_horizons_parse(struct rx_str text, unsigned enabled, unsigned *ret, struct rx_error *err)
    RX_MUST_CHECK;
/* "true", "false", "1", "0". */
int rx_flag_parse(struct rx_str text, const char *name, bool *ret, struct rx_error *err)
    RX_MUST_CHECK;
