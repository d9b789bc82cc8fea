// SPDX-License-Identifier: Apache-2.0
/*
 * The risk of what one owner holds and owes: health of each lending account, volatility, value at
 * risk, concentration, correlation, liquidity, shocks, and one score. Everything is computed from
 * the input; what the input cannot give is NaN with a reason, and widens the score's interval.
 * Deterministic; thread-safe.
 */
#pragma once

#include "agent/engine/math/concentration.h"
#include "agent/engine/math/performance.h"
#include "agent/engine/portfolio/health.h"
#include "agent/engine/portfolio/passage.h"
#include "agent/engine/portfolio/series.h"
#include "agent/engine/portfolio/var.h"
#include "common/json/write.h"

#define RX_PORTFOLIO_MAX_ASSETS    RX_SERIES_MAX_ASSETS
#define RX_PORTFOLIO_MAX_POSITIONS 4096u
#define RX_PORTFOLIO_MAX_ACCOUNTS  256u
#define RX_PORTFOLIO_PATHS         2000u
#define RX_PORTFOLIO_SHOCKS        9
#define RX_PORTFOLIO_HORIZONS      2

/* All prices and values are in one unit, US dollars as a rule. */
struct rx_portfolio_asset {
    const char *name;                     /* borrowed */
    double price;                         /* present price, > 0 */
    const struct rx_price_point *history; /* borrowed; may be empty */
    size_t n_history;
    /* A constant-product pool against dollars: units of the asset, dollars. NaN when unknown. */
    double pool_units, pool_value;
};

struct rx_portfolio_position {
    const char *account, *protocol; /* borrowed; the two together name a lending account */
    struct rx_holding holding;
};

struct rx_portfolio_input {
    const struct rx_portfolio_asset *assets;
    size_t n_assets;
    const struct rx_portfolio_position *positions;
    size_t n_positions;
    uint64_t seed; /* of the simulated futures */
};

/* Why a number is missing. */
enum rx_portfolio_reason {
    RX_PORTFOLIO_KNOWN,
    RX_PORTFOLIO_NO_DEBT,    /* nothing to liquidate */
    RX_PORTFOLIO_NO_HISTORY, /* an asset has too few prices in common with the others */
    RX_PORTFOLIO_NO_EQUITY,  /* more is owed than held: a share of it says nothing */
    RX_PORTFOLIO_NO_POOL,    /* no pool of an asset is known */
    RX_PORTFOLIO_NOTHING_HELD,
    RX_PORTFOLIO_NO_LTV,
    RX_PORTFOLIO_REASON_MAX
};
/* "no_history", ...; "" for KNOWN. Static storage. */
const char *rx_portfolio_reason_name(enum rx_portfolio_reason reason);

/* Liquidation within one horizon. */
struct rx_portfolio_passage {
    double closed_form;        /* first passage of a diffusion; NaN when unknown */
    struct rx_passage history; /* block bootstrap; p NaN when unknown */
    enum rx_portfolio_reason reason;
};

struct rx_portfolio_account {
    const char *account, *protocol; /* borrowed from the input */
    size_t n_holdings;
    struct rx_holding *holdings; /* owned */
    struct rx_health health;
    double risk;                         /* rx_liquidation_risk */
    struct rx_liquidation_price *prices; /* owned, one an asset of the input */
    double shocked[RX_PORTFOLIO_SHOCKS]; /* factor after what is held moved by the shock */
    struct rx_portfolio_passage passage[RX_PORTFOLIO_HORIZONS];
};

struct rx_portfolio_volatility {
    int64_t interval; /* seconds between the returns used */
    size_t returns;
    double per_interval, daily, weekly, monthly, annual; /* standard deviations, by sqrt of time */
    double ewma_daily;
    enum rx_portfolio_reason reason;
};

struct rx_portfolio_liquidity {
    double value;    /* of the net holding, >= 0 */
    double slippage; /* share lost when all of it is sold into the pool at once; NaN unknown */
    double depth_1pct, depth_5pct; /* dollars that move the price by so much; NaN unknown */
};

enum rx_portfolio_component {
    RX_PORTFOLIO_LIQUIDATION,
    RX_PORTFOLIO_VOLATILITY,
    RX_PORTFOLIO_CONCENTRATION,
    RX_PORTFOLIO_LIQUIDITY,
    RX_PORTFOLIO_COMPONENTS
};
const char *rx_portfolio_component_name(enum rx_portfolio_component component);
/* .40, .25, .20, .15 */
double rx_portfolio_weight(enum rx_portfolio_component component);

struct rx_portfolio_score {
    double value; /* 0 = safest .. 100; NaN */
    enum rx_portfolio_reason reason;
};

struct rx_portfolio {
    size_t n_assets;
    double supplied, borrowed, equity;
    size_t n_accounts;
    struct rx_portfolio_account *accounts; /* owned, in order of appearance */
    double worst_factor;                   /* INFINITY without debt */
    double *weights;                       /* owned: net value of each asset / equity */
    struct rx_portfolio_volatility volatility;
    struct rx_var var95, var99; /* of the equity, horizon one day; valid when var_reason is KNOWN */
    enum rx_portfolio_reason var_reason;
    double *component_var;                 /* owned: shares of the 95 % variance-covariance VaR */
    double *correlation;                   /* owned: assets x assets; NaN for a constant price */
    double mean_correlation;               /* mean of the pairs held, by product of weights; NaN */
    struct rx_performance performance;     /* of the equity; n = 0 when unknown */
    struct rx_concentration concentration; /* of supplied values; n = 0 when nothing is held */
    struct rx_portfolio_liquidity *liquidity; /* owned, one an asset */
    double shocked_equity[RX_PORTFOLIO_SHOCKS];
    struct rx_portfolio_score components[RX_PORTFOLIO_COMPONENTS];
    double score, score_lo,
        score_hi;       /* weighted mean of the known; with the unknown safest/worst */
    double known_share; /* weight of the known components */
    const char *level;  /* "low" < 20, "medium" < 50, "high" < 80, "critical" */
};

/* Moves of the shock table, ascending: of the prices of all assets held more than owed. */
extern const double rx_portfolio_shocks[RX_PORTFOLIO_SHOCKS];
/* 24 h and 7 d, in seconds. */
extern const int64_t rx_portfolio_horizons[RX_PORTFOLIO_HORIZONS];

/* RX_EINVALID names the field; RX_ELIMIT; -ENOMEM. *ret is owned by the caller. */
int rx_portfolio_assess(const struct rx_portfolio_input *input, struct rx_portfolio **ret,
                        struct rx_error *err) RX_MUST_CHECK;
void rx_portfolio_free(struct rx_portfolio *portfolio);
RX_DEFINE_CLEANUP(portfolio, struct rx_portfolio *, rx_portfolio_free);

/* Writes the whole assessment as one object; `input` is the one that it was made from. */
void rx_portfolio_write(struct rx_jw *w, const struct rx_portfolio_input *input,
                        const struct rx_portfolio *portfolio);
