// SPDX-License-Identifier: Apache-2.0
/*
 * What `radarx-agent portfolio` reads: positions, price histories, pools, from CSV or JSON files.
 * Every error names file, place and what was expected. One thread.
 */
#pragma once

#include "agent/engine/portfolio/portfolio.h"

struct rx_holdings;

struct rx_holdings *rx_holdings_new(void) RX_MUST_CHECK; /* NULL: out of memory */
void rx_holdings_free(struct rx_holdings *holdings);
RX_DEFINE_CLEANUP(holdings, struct rx_holdings *, rx_holdings_free);

/*
 * CSV with the columns asset, side (supply or borrow), amount and, when present, account, protocol,
 * decimals (amount is then in base units), liquidation_threshold, ltv, price; or a JSON array of
 * objects with these members, alone or as "positions" of an object.
 */
int rx_holdings_read_positions(struct rx_holdings *holdings, const char *path, struct rx_error *err)
    RX_MUST_CHECK;
/*
 * CSV with asset (or symbol), timestamp (Unix seconds or milliseconds) and price (or USD_price); or
 * JSON {"ASSET": price | [[timestamp, price], ...]}. Assets that no position has are left out.
 * After the positions; may be called again.
 */
int rx_holdings_read_prices(struct rx_holdings *holdings, const char *path, struct rx_error *err)
    RX_MUST_CHECK;
/* CSV with asset, units, value: the reserves of its pool against dollars. After the positions. */
int rx_holdings_read_pools(struct rx_holdings *holdings, const char *path, struct rx_error *err)
    RX_MUST_CHECK;
/*
 * Sorts histories, takes the present price of each asset from its history where no position gave
 * one, and checks that collateral beside a debt has a threshold. *ret borrows from `holdings`.
 */
int rx_holdings_input(struct rx_holdings *holdings, struct rx_portfolio_input *ret,
                      struct rx_error *err) RX_MUST_CHECK;
