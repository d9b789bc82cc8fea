// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/portfolio/portfolio.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "agent/engine/math/amm.h"
#include "agent/engine/portfolio/assess.h"

#define MISSING (__builtin_nan(""))

const double rx_portfolio_shocks[RX_PORTFOLIO_SHOCKS] = {-0.5, -0.3, -0.2, -0.1, -0.05,
                                                         0.05, 0.1,  0.2,  0.5};
const int64_t rx_portfolio_horizons[RX_PORTFOLIO_HORIZONS] = {86400, 7 * 86400};

static const struct {
    const char *name;
    double weight;
} components[RX_PORTFOLIO_COMPONENTS] = {
    [RX_PORTFOLIO_LIQUIDATION] = {"liquidation", .40},
    [RX_PORTFOLIO_VOLATILITY] = {"volatility", .25},
    [RX_PORTFOLIO_CONCENTRATION] = {"concentration", .20},
    [RX_PORTFOLIO_LIQUIDITY] = {"liquidity", .15},
};

const char *rx_portfolio_component_name(enum rx_portfolio_component component)
{
    return components[component].name;
}

double rx_portfolio_weight(enum rx_portfolio_component component)
{
    return components[component].weight;
}

const char *rx_portfolio_reason_name(enum rx_portfolio_reason reason)
{
    static const char *const names[RX_PORTFOLIO_REASON_MAX] = {
        [RX_PORTFOLIO_KNOWN] = "",
        [RX_PORTFOLIO_NO_DEBT] = "no_debt",
        [RX_PORTFOLIO_NO_HISTORY] = "no_price_history",
        [RX_PORTFOLIO_NO_EQUITY] = "no_equity",
        [RX_PORTFOLIO_NO_POOL] = "no_pool",
        [RX_PORTFOLIO_NOTHING_HELD] = "nothing_held",
        [RX_PORTFOLIO_NO_LTV] = "no_ltv",
    };
    return names[reason];
}

/* ---- input ---- */

static int check_asset(const struct rx_portfolio_asset *asset, size_t i, struct rx_error *err)
{
    if (!(asset->price > 0) || !isfinite(asset->price)) {
        return rx_error_set(err, RX_EINVALID, "assets[%zu] (%s): a price above zero expected", i,
                            asset->name);
    }
    if (asset->pool_units <= 0 || asset->pool_value <= 0) { /* NaN passes: unknown */
        return rx_error_set(err, RX_EINVALID, "assets[%zu] (%s): pool reserves above zero expected",
                            i, asset->name);
    }
    return 0;
}

static int check_position(const struct rx_portfolio_input *input, size_t i, struct rx_error *err)
{
    const struct rx_holding *h = &input->positions[i].holding;
    const char *wrong = NULL;
    if (h->asset >= input->n_assets) {
        wrong = "asset: not in the list of assets";
    } else if (!(h->amount >= 0) || !isfinite(h->amount)) {
        wrong = "amount: a number of 0 or more expected";
    } else if (!h->debt && !(h->threshold >= 0 && h->threshold <= 1)) {
        wrong = "threshold: a share from 0 to 1 expected";
    } else if (!h->debt && (h->ltv < 0 || h->ltv > 1)) {
        wrong = "ltv: a share from 0 to 1 expected";
    }
    return wrong ? rx_error_set(err, RX_EINVALID, "positions[%zu].%s", i, wrong) : 0;
}

static int check(const struct rx_portfolio_input *input, struct rx_error *err)
{
    if (input->n_positions == 0 || input->n_positions > RX_PORTFOLIO_MAX_POSITIONS) {
        return rx_error_set(err, RX_ELIMIT, "positions: 1 to %u expected, got %zu",
                            RX_PORTFOLIO_MAX_POSITIONS, input->n_positions);
    }
    if (input->n_assets == 0 || input->n_assets > RX_PORTFOLIO_MAX_ASSETS) {
        return rx_error_set(err, RX_ELIMIT, "assets: 1 to %u expected, got %zu",
                            RX_PORTFOLIO_MAX_ASSETS, input->n_assets);
    }
    int rc = 0;
    for (size_t i = 0; i < input->n_assets && rc == 0; i++) {
        rc = check_asset(&input->assets[i], i, err);
    }
    for (size_t i = 0; i < input->n_positions && rc == 0; i++) {
        rc = check_position(input, i, err);
    }
    return rc;
}

/* ---- accounts ---- */

static struct rx_portfolio_account *account_of(struct rx_portfolio *p,
                                               const struct rx_portfolio_position *position)
{
    for (size_t i = 0; i < p->n_accounts; i++) {
        if (strcmp(p->accounts[i].account, position->account) == 0 &&
            strcmp(p->accounts[i].protocol, position->protocol) == 0) {
            return &p->accounts[i];
        }
    }
    return NULL;
}

static int group(struct rx_portfolio *p, const struct rx_portfolio_input *input,
                 struct rx_error *err)
{
    for (size_t i = 0; i < input->n_positions; i++) {
        const struct rx_portfolio_position *position = &input->positions[i];
        struct rx_portfolio_account *account = account_of(p, position);
        if (!account) {
            if (p->n_accounts == RX_PORTFOLIO_MAX_ACCOUNTS) {
                return rx_error_set(err, RX_ELIMIT, "positions: more than %u accounts",
                                    RX_PORTFOLIO_MAX_ACCOUNTS);
            }
            account = &p->accounts[p->n_accounts];
            account->account = position->account;
            account->protocol = position->protocol;
            account->holdings = calloc(input->n_positions, sizeof(*account->holdings));
            account->prices = calloc(input->n_assets, sizeof(*account->prices));
            p->n_accounts++;
            if (!account->holdings || !account->prices) {
                return rx_error_set(err, -ENOMEM, "out of memory");
            }
        }
        account->holdings[account->n_holdings++] = position->holding;
    }
    return 0;
}

static void assess_account(struct rx_portfolio_account *account, const double *prices,
                           size_t n_assets, const bool *held, double *scratch)
{
    rx_health(account->holdings, account->n_holdings, prices, &account->health);
    account->risk = rx_liquidation_risk(account->health.factor);
    for (size_t a = 0; a < n_assets; a++) {
        rx_liquidation_price(account->holdings, account->n_holdings, prices, a,
                             &account->prices[a]);
    }
    for (size_t s = 0; s < RX_PORTFOLIO_SHOCKS; s++) {
        account->shocked[s] = rx_health_shocked(account->holdings, account->n_holdings, prices,
                                                held, n_assets, rx_portfolio_shocks[s], scratch);
    }
}

/* ---- the whole ---- */

/* Net value of each asset, and which of them are held rather than owed. */
static void add_up(struct rx_portfolio *p, const struct rx_portfolio_input *input,
                   const double *prices, double *supplied, bool *held)
{
    for (size_t i = 0; i < input->n_positions; i++) {
        const struct rx_holding *h = &input->positions[i].holding;
        const double value = h->amount * prices[h->asset];
        p->weights[h->asset] += h->debt ? -value : value;
        if (h->debt) {
            p->borrowed += value;
        } else {
            p->supplied += value;
            supplied[h->asset] += value;
        }
    }
    p->equity = p->supplied - p->borrowed;
    double moving = 0;
    for (size_t a = 0; a < input->n_assets; a++) {
        held[a] = p->weights[a] > 0;
        p->liquidity[a].value = fmax(0, p->weights[a]);
        moving += p->liquidity[a].value;
        p->weights[a] = p->equity > 0 ? p->weights[a] / p->equity : MISSING;
    }
    for (size_t s = 0; s < RX_PORTFOLIO_SHOCKS; s++) {
        p->shocked_equity[s] = p->equity + moving * rx_portfolio_shocks[s];
    }
}

static void assess_liquidity(struct rx_portfolio *p, const struct rx_portfolio_input *input)
{
    for (size_t a = 0; a < input->n_assets; a++) {
        const struct rx_portfolio_asset *asset = &input->assets[a];
        struct rx_portfolio_liquidity *l = &p->liquidity[a];
        /* Selling moves the price of the dollars up by as much as that of the asset goes down. */
        l->slippage = rx_amm_slippage(l->value / asset->price, asset->pool_units);
        l->depth_1pct = rx_amm_depth(.01, asset->pool_value);
        l->depth_5pct = rx_amm_depth(.05, asset->pool_value);
    }
}

static int allocate(struct rx_portfolio *p, size_t assets, struct rx_error *err)
{
    p->accounts = calloc(RX_PORTFOLIO_MAX_ACCOUNTS, sizeof(*p->accounts));
    p->weights = calloc(assets, sizeof(*p->weights));
    p->component_var = calloc(assets, sizeof(*p->component_var));
    p->correlation = calloc(assets * assets, sizeof(*p->correlation));
    p->liquidity = calloc(assets, sizeof(*p->liquidity));
    if (!p->accounts || !p->weights || !p->component_var || !p->correlation || !p->liquidity) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    p->n_assets = assets;
    return 0;
}

static int assess(struct rx_portfolio *p, const struct rx_portfolio_input *input, double *prices,
                  double *scratch, bool *held, struct rx_error *err)
{
    const size_t assets = input->n_assets;
    for (size_t a = 0; a < assets; a++) {
        prices[a] = input->assets[a].price;
    }
    int rc = group(p, input, err);
    if (rc < 0) {
        return rc;
    }
    add_up(p, input, prices, scratch, held);
    /* Assets that are listed but not supplied do not spread anything. n stays 0 without any. */
    size_t supplied = 0;
    for (size_t a = 0; a < assets; a++) {
        scratch[supplied] = scratch[a];
        supplied += scratch[a] > 0;
    }
    (void)rx_concentration(scratch, supplied, &p->concentration);
    p->worst_factor = HUGE_VAL;
    for (size_t i = 0; i < p->n_accounts; i++) {
        assess_account(&p->accounts[i], prices, assets, held, scratch);
        p->worst_factor = fmin(p->worst_factor, p->accounts[i].health.factor);
    }
    assess_liquidity(p, input);
    rc = rx_portfolio_assess_returns(p, input, prices, err);
    if (rc == 0) {
        rx_portfolio_assess_score(p);
    }
    return rc;
}

int rx_portfolio_assess(const struct rx_portfolio_input *input, struct rx_portfolio **ret,
                        struct rx_error *err)
{
    int rc = check(input, err);
    if (rc < 0) {
        return rc;
    }
    rx_auto(portfolio) struct rx_portfolio *p = calloc(1, sizeof(*p));
    rx_autofree double *prices = calloc(input->n_assets, sizeof(*prices));
    rx_autofree double *scratch = calloc(input->n_assets, sizeof(*scratch));
    rx_autofree bool *held = calloc(input->n_assets, sizeof(*held));
    if (!p || !prices || !scratch || !held) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    rc = allocate(p, input->n_assets, err);
    if (rc == 0) {
        rc = assess(p, input, prices, scratch, held, err);
    }
    if (rc == 0) {
        *ret = RX_TAKE(p);
    }
    return rc;
}

void rx_portfolio_free(struct rx_portfolio *portfolio)
{
    if (!portfolio) {
        return;
    }
    for (size_t i = 0; i < portfolio->n_accounts; i++) {
        free(portfolio->accounts[i].holdings);
        free(portfolio->accounts[i].prices);
    }
    free(portfolio->accounts);
    free(portfolio->weights);
    free(portfolio->component_var);
    free(portfolio->correlation);
    free(portfolio->liquidity);
    free(portfolio);
}
