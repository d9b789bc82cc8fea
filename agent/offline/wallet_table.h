// SPDX-License-Identifier: Apache-2.0
/* Wallet reports and rankings as tables for people, in ASCII. Appends to a buffer. */
#pragma once

#include "agent/engine/wallet/report_json.h"

void rx_wallet_table(struct rx_buf *out, const struct rx_wallet_report *report);
void rx_ranking_table(struct rx_buf *out, const struct rx_trades *trades,
                      const struct rx_ranking *ranking, const size_t *page, size_t n, size_t total);
/* A number with `digits` decimals, or "-" when it is NaN, right-aligned in `width`. */
void rx_table_number(struct rx_buf *out, double value, int width, int digits);
