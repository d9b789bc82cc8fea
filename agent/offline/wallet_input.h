// SPDX-License-Identifier: Apache-2.0
/* Trades and prices from CSV (plain or .gz) or JSON files into one set. Blocking; one thread. */
#pragma once

#include "agent/engine/wallet/trades.h"

/* Reads `trades` and, unless NULL, `prices`; the set is finished. A name that ends in ".json" is
 * JSON, everything else CSV. Errors name file, line and column, or the path inside the JSON. */
int rx_wallet_read(const char *trades, const char *prices, struct rx_trades **ret,
                   struct rx_error *err) RX_MUST_CHECK;
