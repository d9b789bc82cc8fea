// SPDX-License-Identifier: Apache-2.0
/* Parts of the wallet report, each a member of the open object. */
#pragma once

#include "agent/engine/wallet/report_json.h"

/* The chain of most rows' tokens; RX_NAME_NONE without rows. */
uint32_t rx_main_chain(const struct rx_history *history);
void rx_write_trades(struct rx_jw *w, const struct rx_wallet_report *report, int64_t from);
void rx_write_behaviour(struct rx_jw *w, const struct rx_wallet_report *report);
void rx_write_related(struct rx_jw *w, const struct rx_wallet_report *report);
/* Ranks and percentile, into the open object. */
void rx_write_rank(struct rx_jw *w, const struct rx_ranking *ranking,
                   const struct rx_rank_row *row);
