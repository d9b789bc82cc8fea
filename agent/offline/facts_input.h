// SPDX-License-Identifier: Apache-2.0
/* Stored answers of other services, as input of the offline commands. Blocking; one thread. */
#pragma once

#include "agent/engine/features/upstream.h"

/*
 * Reads the body of one answer and adds it to `facts`; which service it is from is found out.
 * token: the wanted one, or empty. observed_at: Unix seconds, or -1 for the time of the file.
 * *ret_solana becomes true when the answer is about a token on Solana. An answer that is an error
 * of the service is RX_ESTATUS: "a.json: goplus: rate_limited: code 4029: ..." (retryable when
 * asking again may help).
 */
int rx_facts_read(const char *path, struct rx_str token, int64_t observed_at,
                  struct rx_facts *facts, bool *ret_solana, struct rx_error *err) RX_MUST_CHECK;
