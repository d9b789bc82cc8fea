// SPDX-License-Identifier: Apache-2.0
/* Recorded pools as the tapes that a backtest plays. One thread. */
#pragma once

#include "agent/engine/backtest/backtest.h"
#include "agent/replay/tables.h"

struct rx_tapes {
    struct rx_tape *tapes; /* owned; pools without events are left out */
    size_t n;
    struct rx_sync *events;     /* owned: of all tapes */
    struct rx_lp_transfer *lps; /* owned: of all tapes */
};

/* Copies what the sorted tables hold. lp: the transfers were read. -ENOMEM. */
int rx_tapes_make(const struct rx_tables *tables, bool lp, struct rx_tapes *ret,
                  struct rx_error *err) RX_MUST_CHECK;
void rx_tapes_free(struct rx_tapes *tapes);
RX_DEFINE_CLEANUP_INPLACE(tapes, struct rx_tapes, rx_tapes_free);
