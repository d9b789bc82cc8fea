// SPDX-License-Identifier: Apache-2.0
/* The wallet report as JSON. Its fields are documented in docs/wallets.md. Pure, thread-safe. */
#pragma once

#include "agent/engine/wallet/behaviour.h"
#include "agent/engine/wallet/ranking.h"

struct rx_wallet_report {
    const struct rx_history *history;
    enum rx_lot_method method;
    enum rx_period period;
    const struct rx_behaviour *behaviour; /* NULL: null */
    const struct rx_related *related;
    size_t n_related;
    const struct rx_ranking *ranking; /* NULL: null */
    size_t max_trades;                /* of the list, newest first; closed and open ones each */
};

/* Writes one object. -ENOMEM. */
int rx_wallet_report_write(struct rx_jw *w, const struct rx_wallet_report *report) RX_MUST_CHECK;
/* Rows of a ranking: an array. `page` holds indices (NULL: the first n). */
void rx_ranking_write(struct rx_jw *w, const struct rx_trades *trades,
                      const struct rx_ranking *ranking, const size_t *page, size_t n);

/* key: "2026-01-02T03:04:05Z", null for RX_TIME_UNKNOWN. */
void rx_jw_kv_time(struct rx_jw *w, const char *key, int64_t time);
/* key: the name's text, null for RX_NAME_NONE. */
void rx_jw_kv_name(struct rx_jw *w, const char *key, const struct rx_trades *trades, uint32_t name);
