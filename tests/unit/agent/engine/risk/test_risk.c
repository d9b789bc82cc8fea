// SPDX-License-Identifier: Apache-2.0
/* Components, composite, flags and floors on tokens made by hand. covers measure.c and rules.c */
#include "agent/engine/risk/risk.h"

#include <math.h>

#include "agent/engine/risk/measure.h"
#include "tests/support/test.h"

static struct rx_risk_result result;
static double x[RX_F_MAX];
static const struct rx_risk_range unknown = {RX_NAN, RX_NAN, RX_NAN};

static void clear(void)
{
    for (int i = 0; i < RX_F_MAX; i++) {
        x[i] = RX_NAN;
    }
}

static void compute(const struct rx_risk_rug *rug)
{
    rx_risk_compute(x, rug, NULL, RX_RISK_EVM, &result);
}

static const struct rx_risk_component *of(enum rx_risk risk)
{
    return &result.component[risk];
}

static const struct rx_risk_flag *find_flag(const char *id)
{
    for (size_t i = 0; i < result.n_flags; i++) {
        if (strcmp(result.flags[i].rule->id, id) == 0) {
            return &result.flags[i];
        }
    }
    return NULL;
}

/* Every input of every rule for the chain at its safest (or riskiest) end. */
static void set_all(enum rx_risk_chain chain, bool risky)
{
    size_t n = 0;
    const struct rx_risk_rule *rules = rx_risk_rules(&n);
    clear();
    for (size_t i = 0; i < n; i++) {
        if (rules[i].feature == RX_F_INVALID || !(rules[i].chains & chain)) {
            continue;
        }
        double *value = &x[rules[i].feature];
        const double end = risky ? rules[i].full : rules[i].none;
        const bool upwards = (rules[i].none < rules[i].full) == risky;
        *value = upwards ? fmax(*value, end) : fmin(*value, end);
    }
    x[RX_F_TRUST_LISTED] = !risky;
}

static void test_nothing_known(void **state)
{
    (void)state;
    clear();
    compute(NULL);
    for (int i = 0; i < RX_RISK_MAX; i++) {
        const struct rx_risk_component *c = of((enum rx_risk)i);
        assert_false(c->known);
        assert_true(isnan(c->value));
        assert_true(c->lo == 0);
        assert_true(c->hi > 80 && c->hi <= 100);
        assert_true(c->known_share == 0);
        assert_int_equal(c->n_parts, 0);
    }
    assert_int_equal(result.n_flags, 0);
}

static void test_all_safe(void **state)
{
    (void)state;
    const struct rx_risk_rug rug = {{0, 0, 0}, {0, 0, 0}};
    set_all(RX_RISK_EVM, false);
    compute(&rug);
    for (int i = 0; i < RX_RISK_MAX; i++) {
        const struct rx_risk_component *c = of((enum rx_risk)i);
        assert_true(c->known);
        assert_true(c->value == 0 && c->lo == 0 && c->hi == 0);
        assert_true(fabs(c->known_share - 1) < 1e-12);
    }
    assert_int_equal(result.n_flags, 0);
}

static void test_all_risky(void **state)
{
    (void)state;
    const struct rx_risk_rug rug = {{1, 1, 1}, {1, 1, 1}};
    size_t n = 0;
    const struct rx_risk_rule *rules = rx_risk_rules(&n);
    set_all(RX_RISK_EVM, true);
    compute(&rug);
    for (int i = 0; i < RX_RISK_MAX; i++) {
        const struct rx_risk_component *c = of((enum rx_risk)i);
        assert_true(c->value > 85 && c->value <= 100);
        assert_true(c->lo == c->value && c->hi == c->value);
    }
    for (size_t i = 0; i < n; i++) {
        const bool applies = (rules[i].chains & RX_RISK_EVM) != 0;
        assert_true(!applies || find_flag(rules[i].id));
    }
    for (size_t i = 1; i < result.n_flags; i++) {
        assert_true(result.flags[i - 1].rule->severity >= result.flags[i].rule->severity);
    }
}

/* The model alone: the mean of a day and a week, the contract unknown. */
static void test_model_only(void **state)
{
    (void)state;
    const struct rx_risk_rug rug = {{0.2, 0.1, 0.3}, {0.4, 0.3, 0.5}};
    clear();
    compute(&rug);
    const struct rx_risk_component *c = of(RX_RISK_RUG);
    assert_true(c->known);
    assert_true(fabs(c->lo - 20) < 1e-9);
    assert_true(c->hi > 99);
    assert_true(fabs(c->known_share - 0.5) < 1e-12);
    assert_true(c->value > 30 && c->value < 50);
    assert_int_equal(c->n_parts, 2);
    assert_string_equal(c->parts[0].id, "rug_probability");
    assert_true(fabs(c->parts[0].points - 30) < 1e-9);
    assert_string_equal(c->parts[1].id, "unknown_inputs");
    /* One horizon: the other is somewhere beyond it. */
    const struct rx_risk_rug day = {{0.2, 0.1, 0.3}, unknown};
    compute(&day);
    assert_true(fabs(of(RX_RISK_RUG)->lo - 10) < 1e-9);
    assert_true(fabs(of(RX_RISK_RUG)->known_share - 0.25) < 1e-12);
    const struct rx_risk_rug week = {unknown, {0.4, 0.3, 0.5}};
    compute(&week);
    assert_true(fabs(of(RX_RISK_RUG)->lo - 15) < 1e-9);
    /* The composite is known by its rug component; the missing ones count. */
    assert_true(of(RX_RISK_COMPOSITE)->known);
    assert_false(of(RX_RISK_DEV)->known);
    assert_true(of(RX_RISK_COMPOSITE)->value >= 25);
}

/* A noisy-or of two measures by hand, with its shares. */
static void test_noisy_or(void **state)
{
    (void)state;
    set_all(RX_RISK_EVM, false);
    x[RX_F_BOT_SCORE] = 0.9;        /* full strength: q = 0.5 */
    x[RX_F_DUPLICATE_RATIO] = 0.45; /* half strength: q = 0.2 */
    compute(NULL);
    const struct rx_risk_component *c = of(RX_RISK_SOCIAL);
    assert_true(fabs(c->value - 60) < 1e-9);
    assert_int_equal(c->n_parts, 2);
    const double a = log(0.5);
    const double b = log(0.8);
    assert_string_equal(c->parts[0].id, "high_bot_activity");
    assert_true(fabs(c->parts[0].points - 60 * a / (a + b)) < 1e-9);
    assert_true(c->parts[0].value == 0.9);
    assert_true(fabs(c->parts[1].points - 60 * b / (a + b)) < 1e-9);
    assert_non_null(find_flag("high_bot_activity"));
    assert_non_null(find_flag("suspicious_social_pattern"));
}

/* Each deal-breaker holds its component and the composite up, whatever else is known. */
static void test_deal_breakers(void **state)
{
    (void)state;
    static const struct {
        enum rx_feature feature;
        double value;
        const char *flag;
        enum rx_risk component;
        double floor;
    } cases[] = {
        {RX_F_IS_HONEYPOT, 1, "honeypot", RX_RISK_RUG, 95},
        {RX_F_CANNOT_SELL_ALL, 1, "cannot_sell", RX_RISK_RUG, 95},
        {RX_F_RUGGED, 1, "rugged", RX_RISK_RUG, 97},
        {RX_F_DENY_LIST_HIT, 1, "deny_listed", RX_RISK_RUG, 97},
        {RX_F_SELL_TAX, 0.5, "sell_tax_high", RX_RISK_RUG, 90},
        {RX_F_SELL_TAX, 1, "sell_tax_high", RX_RISK_RUG, 95},
        {RX_F_FAILED_SELL_RATIO, 0.9, "sells_fail", RX_RISK_RUG, 95},
        {RX_F_SIPHONED_RATIO, 0.05, "sells_siphoned", RX_RISK_RUG, 80},
        {RX_F_IS_MINTABLE, 1, "mintable", RX_RISK_RUG, 40},
        {RX_F_HAS_BLACKLIST, 1, "blacklist", RX_RISK_RUG, 35},
        {RX_F_CAN_TAKE_BACK, 1, "take_back_ownership", RX_RISK_RUG, 60},
        {RX_F_OWNER_CHANGE_BALANCE, 1, "owner_changes_balances", RX_RISK_RUG, 75},
        {RX_F_HIDDEN_OWNER, 1, "hidden_owner", RX_RISK_RUG, 55},
        {RX_F_OPEN_SOURCE, 0, "closed_source", RX_RISK_RUG, 50},
        {RX_F_LP_TOP, 1, "single_lp_holder", RX_RISK_LIQUIDITY, 40},
        {RX_F_CREATOR_PRIOR_RUGS, 1, "serial_rugger", RX_RISK_DEV, 70},
    };
    const struct rx_risk_rug rug = {{0, 0, 0}, {0, 0, 0}};
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        set_all(RX_RISK_EVM, false);
        x[RX_F_TRUST_LISTED] = 0;
        x[cases[i].feature] = cases[i].value;
        compute(&rug);
        assert_non_null(find_flag(cases[i].flag));
        const struct rx_risk_component *c = of(cases[i].component);
        const struct rx_risk_component *all = of(RX_RISK_COMPOSITE);
        assert_true(c->floor == cases[i].floor && c->value >= cases[i].floor);
        assert_true(all->floor == cases[i].floor && all->value >= cases[i].floor);
        assert_true(all->lo >= cases[i].floor);
        assert_string_equal(all->floor_rule->id, cases[i].flag);
        /* Even when it is all that is known. */
        clear();
        x[RX_F_TRUST_LISTED] = 0;
        x[cases[i].feature] = cases[i].value;
        compute(NULL);
        assert_true(of(cases[i].component)->value >= cases[i].floor);
    }
}

/* Powers of a token that a trust list names weigh a quarter and have no floor; when it is not
 * known whether one does, the interval has both. */
static void test_trust(void **state)
{
    (void)state;
    const struct rx_risk_rug rug = {{0, 0, 0}, {0, 0, 0}};
    set_all(RX_RISK_EVM, false);
    x[RX_F_IS_MINTABLE] = 1;
    compute(&rug);
    assert_true(fabs(of(RX_RISK_RUG)->value - 35.0 / 4) < 1e-9);
    assert_true(of(RX_RISK_RUG)->floor == 0);
    x[RX_F_TRUST_LISTED] = RX_NAN;
    compute(&rug);
    assert_true(of(RX_RISK_RUG)->value == 40);
    assert_true(fabs(of(RX_RISK_RUG)->lo - 35.0 / 4) < 1e-9);
    assert_true(of(RX_RISK_RUG)->hi == 40);
    /* Not so for what is no power. */
    x[RX_F_TRUST_LISTED] = 1;
    x[RX_F_IS_HONEYPOT] = 1;
    compute(&rug);
    assert_true(of(RX_RISK_RUG)->value >= 95);
}

static void test_chains(void **state)
{
    (void)state;
    set_all(RX_RISK_SOLANA, false);
    const struct rx_risk_rug rug = {{0, 0, 0}, {0, 0, 0}};
    x[RX_F_FREEZE_AUTHORITY] = 1;
    x[RX_F_IS_MINTABLE] = 1; /* of EVM: nothing to do with this token */
    x[RX_F_TRUST_LISTED] = 0;
    rx_risk_compute(x, &rug, NULL, RX_RISK_SOLANA, &result);
    assert_non_null(find_flag("freezable"));
    assert_null(find_flag("mintable"));
    assert_true(fabs(of(RX_RISK_RUG)->known_share - 1) < 1e-12);
    compute(&rug);
    assert_null(find_flag("freezable"));
    assert_non_null(find_flag("mintable"));
    assert_true(of(RX_RISK_RUG)->known_share < 1);
}

/* Two views of one measure: the worse counts, one of them is enough to know. */
static void test_views(void **state)
{
    (void)state;
    set_all(RX_RISK_EVM, false);
    x[RX_F_TOP10] = RX_NAN;
    x[RX_F_TOP10_UPSTREAM] = 0.95;
    compute(NULL);
    const double one = of(RX_RISK_DISTRIBUTION)->value;
    assert_true(fabs(one - 50) < 1e-9);
    assert_true(fabs(of(RX_RISK_DISTRIBUTION)->known_share - 1) < 1e-12);
    x[RX_F_TOP10] = 0.4;
    compute(NULL);
    assert_true(of(RX_RISK_DISTRIBUTION)->value == one);
}

static void test_composite(void **state)
{
    (void)state;
    const struct rx_risk_rug rug = {{0.5, 0.5, 0.5}, {0.5, 0.5, 0.5}};
    set_all(RX_RISK_EVM, false);
    compute(&rug);
    const struct rx_risk_component *all = of(RX_RISK_COMPOSITE);
    assert_true(fabs(all->value - 100 * (1 - pow(0.5, 0.40))) < 1e-9);
    double sum = 0;
    for (size_t i = 0; i < all->n_parts; i++) {
        sum += all->parts[i].points;
    }
    assert_true(fabs(sum - all->value) < 1e-9);
    assert_string_equal(all->parts[0].id, "rug_risk");
    struct rx_risk_weights w = rx_risk_weights_default();
    memset(w.component, 0, sizeof(w.component));
    w.component[RX_RISK_RUG] = 1;
    rx_risk_compute(x, &rug, &w, RX_RISK_EVM, &result);
    assert_true(fabs(of(RX_RISK_COMPOSITE)->value - 50) < 1e-9);
    /* Liquidity alone is enough for a composite; dev alone is not. */
    clear();
    x[RX_F_W_NOW] = 100;
    compute(NULL);
    assert_true(of(RX_RISK_COMPOSITE)->known);
    clear();
    x[RX_F_CREATOR_SHARE] = 0.5;
    compute(NULL);
    assert_true(of(RX_RISK_DEV)->known);
    assert_false(of(RX_RISK_COMPOSITE)->known);
    assert_true(of(RX_RISK_COMPOSITE)->hi > of(RX_RISK_COMPOSITE)->lo);
}

static void test_component_flag(void **state)
{
    (void)state;
    const struct rx_risk_rug rug = {{0.9, 0.8, 0.95}, {0.9, 0.8, 0.95}};
    set_all(RX_RISK_EVM, false);
    compute(&rug);
    const struct rx_risk_flag *flag = find_flag("high_contract_risk");
    assert_non_null(flag);
    char text[256];
    rx_risk_flag_text(flag, text, sizeof(text));
    assert_string_equal(text, "All signs of a rug pull together are strong. rug_risk is 90 points; "
                              "flagged at 70 points or more.");
}

/* The table itself: names, ranges, one direction a feature, floors that their points reach. */
static void test_table(void **state)
{
    (void)state;
    size_t n = 0;
    const struct rx_risk_rule *rules = rx_risk_rules(&n);
    int direction[RX_F_MAX] = {0};
    size_t measures[RX_RISK_MAX] = {0};
    assert_true(n <= RX_RISK_MAX_RULES);
    for (size_t i = 0; i < n; i++) {
        const struct rx_risk_rule *r = &rules[i];
        assert_true(strspn(r->id, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(r->id));
        assert_true(r->sentence[strlen(r->sentence) - 1] == '.');
        assert_true(r->none != r->full && r->points >= 0 && r->points < 100 && r->floor <= 97);
        assert_true(!r->log || (r->none > 0 && r->full > 0));
        assert_true(r->chains != 0 && r->component < RX_RISK_COMPOSITE);
        assert_true(i == 0 || r->component >= rules[i - 1].component);
        assert_true(!r->same_measure || r->component == rules[i - 1].component);
        measures[r->component] += !r->same_measure;
        assert_true(measures[r->component] + 3 <= RX_RISK_MAX_PARTS);
        assert_string_equal(rx_risk_rule_op(r), r->none < r->full ? ">=" : "<=");
        if (r->feature == RX_F_INVALID) {
            continue;
        }
        const struct rx_feature_info *info = rx_feature_info(r->feature);
        assert_true(r->threshold >= info->min && r->threshold <= info->max);
        assert_true(r->full >= info->min && r->full <= info->max);
        const int sign = r->none < r->full ? 1 : -1;
        assert_true(direction[r->feature] == 0 || direction[r->feature] == sign);
        direction[r->feature] = sign;
        assert_true(rx_risk_met(r, r->full) && !rx_risk_met(r, r->none));
        assert_true(rx_risk_strength(r, r->none) == 0 && rx_risk_strength(r, r->full) == 1);
    }
    for (int i = 0; i < RX_RISK_COMPOSITE; i++) {
        assert_true(measures[i] > 0); /* each component has rows, or it would not be computed */
    }
    print_message("%zu rules\n", n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_known),  cmocka_unit_test(test_all_safe),
        cmocka_unit_test(test_all_risky),      cmocka_unit_test(test_model_only),
        cmocka_unit_test(test_noisy_or),       cmocka_unit_test(test_deal_breakers),
        cmocka_unit_test(test_trust),          cmocka_unit_test(test_chains),
        cmocka_unit_test(test_views),          cmocka_unit_test(test_composite),
        cmocka_unit_test(test_component_flag), cmocka_unit_test(test_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
