// SPDX-License-Identifier: Apache-2.0
/*
 * Lending accounts: health factor, the prices at which an account can be liquidated, and what a
 * shock does to it. Health factor = sum(collateral price threshold) / sum(debt price) (Aave
 * protocol whitepaper 2020): liquidation is possible below 1. Pure functions; thread-safe.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* One line of an account: so much of one asset supplied or borrowed. */
struct rx_holding {
    size_t asset; /* index into the prices */
    bool debt;
    double amount;    /* units of the asset, >= 0 */
    double threshold; /* of supplied assets: share of the value that counts, 0..1 */
    double ltv;       /* share that may be borrowed against; NaN when unknown */
};

struct rx_health {
    double collateral, debt; /* value in the prices' unit */
    double counted;          /* collateral value times threshold */
    double factor;           /* counted / debt; INFINITY without debt */
    double borrowable; /* max(0, sum(collateral price ltv) - debt); NaN when an ltv is unknown */
};

/* prices[asset] > 0. */
void rx_health(const struct rx_holding *holdings, size_t n, const double *prices,
               struct rx_health *ret);

/* Where one asset's price alone must go for the factor to be 1. */
struct rx_liquidation_price {
    bool exists;  /* false: no price of this asset alone liquidates the account */
    bool falling; /* the danger is below the present price */
    double price;
    double distance; /* price / present price - 1 */
};

void rx_liquidation_price(const struct rx_holding *holdings, size_t n, const double *prices,
                          size_t asset, struct rx_liquidation_price *ret);

/*
 * 0..100 from a health factor: 0 from 2 on, 20 at 1.5, 60 at 1.2, 95 at 1, then 5 more down to 0;
 * straight between. 0 for INFINITY (no debt), NaN for NaN.
 */
double rx_liquidation_risk(double factor);

/* factor after prices[asset] *= 1 + shock for the assets with moves[asset]; scratch[assets]. */
double rx_health_shocked(const struct rx_holding *holdings, size_t n, const double *prices,
                         const bool *moves, size_t assets, double shock, double *scratch);
