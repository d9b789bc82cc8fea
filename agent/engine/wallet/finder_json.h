// SPDX-License-Identifier: Apache-2.0
/* Answers of the smart-wallet finder as JSON: find, profile and bulk scan. Fields are documented in
 * docs/wallets.md. Pure, thread-safe. */
#pragma once

#include "agent/engine/wallet/finder.h"
#include "agent/engine/wallet/related.h"

void rx_finder_write_find(struct rx_jw *w, const struct rx_trades *trades,
                          const struct rx_finder_request *request,
                          const struct rx_finder_result *result);

/* `wallet` NULL: no trade in the window; score null, everything else empty. */
void rx_finder_write_profile(struct rx_jw *w, const struct rx_trades *trades,
                             const struct rx_finder_request *request, uint32_t name,
                             const struct rx_found_wallet *wallet, const struct rx_history *history,
                             const struct rx_related *neighbours, size_t n_neighbours);

/* results[i] belongs to tokens[i]. -ENOMEM. */
int rx_finder_write_bulk(struct rx_jw *w, const struct rx_trades *trades,
                         const struct rx_finder_request *request, const uint32_t *tokens,
                         struct rx_finder_result *const *results, size_t n) RX_MUST_CHECK;

/* One sentence about the wallet. */
void rx_finder_summary(struct rx_buf *out, const struct rx_found_wallet *wallet);
/* Signals by the size of their contribution, largest first. */
void rx_finder_order(const struct rx_found_wallet *wallet, enum rx_signal order[RX_SIGNAL_MAX]);
