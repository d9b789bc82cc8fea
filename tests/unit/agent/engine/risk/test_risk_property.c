// SPDX-License-Identifier: Apache-2.0
/* Random tokens: what is unknown widens and never lowers, worse never lowers, parts make the whole,
 * and every completion of what is unknown lies inside the interval. */
#include <math.h>

#include "agent/engine/risk/risk.h"
#include "tests/support/test.h"

#define ROUNDS 100000
#define EPS    1e-9

struct token {
    double x[RX_F_MAX];
    struct rx_risk_rug rug;
    struct rx_risk_weights weights;
    enum rx_risk_chain chain;
};

static uint64_t seed = 20240229;
static int group[RX_F_MAX]; /* features that share a measure have the same group; -1 = in no rule */
static double safest[RX_F_MAX], riskiest[RX_F_MAX];
static size_t counts[6];

static double uniform(void)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (double)(seed >> 11) / 9007199254740992.0;
}

static void join(enum rx_feature a, enum rx_feature b)
{
    const int from = group[a];
    const int to = group[b];
    for (int i = 0; i < RX_F_MAX; i++) {
        group[i] = group[i] == from ? to : group[i];
    }
}

static int setup(void **state)
{
    (void)state;
    size_t n = 0;
    const struct rx_risk_rule *rules = rx_risk_rules(&n);
    for (int i = 0; i < RX_F_MAX; i++) {
        group[i] = -1;
        safest[i] = riskiest[i] = RX_NAN;
    }
    for (size_t i = 0; i < n; i++) {
        const enum rx_feature f = rules[i].feature;
        if (f == RX_F_INVALID) {
            continue;
        }
        group[f] = group[f] < 0 ? (int)f : group[f];
        const bool up = rules[i].none < rules[i].full;
        safest[f] = up ? fmin(safest[f], rules[i].none) : fmax(safest[f], rules[i].none);
        riskiest[f] = up ? fmax(riskiest[f], rules[i].full) : fmin(riskiest[f], rules[i].full);
    }
    for (size_t i = 1; i < n; i++) {
        if (rules[i].same_measure) {
            join(rules[i].feature, rules[i - 1].feature);
        }
    }
    group[RX_F_TRUST_LISTED] = RX_F_TRUST_LISTED;
    safest[RX_F_TRUST_LISTED] = 1;
    riskiest[RX_F_TRUST_LISTED] = 0;
    return 0;
}

static double random_value(int f)
{
    const double u = uniform();
    if (rx_str_is(RX_STR("boolean"), rx_feature_info((enum rx_feature)f)->unit)) {
        return u < 0.8 ? safest[f] : riskiest[f];
    }
    const double t = u < 0.3 ? 0 : u < 0.4 ? 1 : uniform();
    return safest[f] + t * (riskiest[f] - safest[f]);
}

static struct rx_risk_range random_range(struct rx_risk_range above)
{
    const double p = uniform() * above.p;
    const double lo = fmin(p, above.lo) * uniform();
    return (struct rx_risk_range){p, lo, p + (above.hi - p) * uniform()};
}

static void random_token(struct token *t)
{
    static const struct rx_risk_range none = {RX_NAN, RX_NAN, RX_NAN};
    bool known[RX_F_MAX];
    const double share = uniform();
    for (int i = 0; i < RX_F_MAX; i++) {
        known[i] = uniform() < share;
    }
    for (int i = 0; i < RX_F_MAX; i++) {
        t->x[i] = group[i] >= 0 && known[group[i]] ? random_value(i) : RX_NAN;
    }
    t->rug.week = random_range((struct rx_risk_range){1, 1, 1});
    t->rug.day = random_range(t->rug.week);
    t->rug.week = uniform() < 0.3 ? none : t->rug.week;
    t->rug.day = uniform() < 0.3 ? none : t->rug.day;
    t->weights = rx_risk_weights_default();
    t->weights.unknown = uniform() < 0.5 ? 0.25 : 0.5 * uniform();
    t->chain = uniform() < 0.7 ? RX_RISK_EVM : RX_RISK_SOLANA;
}

static void compute(const struct token *t, struct rx_risk_result *r)
{
    rx_risk_compute(t->x, &t->rug, &t->weights, t->chain, r);
}

static void check_parts(const struct rx_risk_result *r)
{
    for (int i = 0; i < RX_RISK_MAX; i++) {
        const struct rx_risk_component *c = &r->component[i];
        double sum = 0;
        for (size_t k = 0; k < c->n_parts; k++) {
            assert_true(c->parts[k].points >= 0);
            sum += c->parts[k].points;
        }
        assert_true(c->lo >= 0 && c->hi <= 100 + EPS && c->lo <= c->hi);
        assert_true(c->known_share >= 0 && c->known_share <= 1 + EPS);
        if (c->known) {
            assert_true(fabs(sum - c->value) <= EPS);
            assert_true(c->lo <= c->value && c->value <= c->hi);
        } else {
            assert_true(isnan(c->value) && c->n_parts == 0);
        }
        counts[0]++;
    }
}

/* An input that was known and is not any more. */
static void check_forget(const struct token *t, const struct rx_risk_result *before)
{
    struct token less = *t;
    struct rx_risk_result after;
    const int pick = (int)(uniform() * (RX_F_MAX + 2));
    for (int i = 0; pick < RX_F_MAX && i < RX_F_MAX; i++) {
        less.x[i] = group[i] >= 0 && group[i] == group[pick] ? RX_NAN : less.x[i];
    }
    if (pick >= RX_F_MAX) {
        *(pick == RX_F_MAX ? &less.rug.day : &less.rug.week) =
            (struct rx_risk_range){RX_NAN, RX_NAN, RX_NAN};
    }
    compute(&less, &after);
    for (int i = 0; i < RX_RISK_MAX; i++) {
        const struct rx_risk_component *a = &before->component[i];
        const struct rx_risk_component *b = &after.component[i];
        assert_true(b->hi >= a->hi - EPS);
        assert_true(b->lo <= a->lo + EPS);
        assert_true(b->known_share <= a->known_share + EPS);
        counts[1]++;
    }
}

/* Any input, known before or not, at its riskiest; then the same for one that gets a bit worse. */
static void check_worse(const struct token *t, const struct rx_risk_result *before)
{
    struct token worse = *t;
    struct rx_risk_result after;
    const int pick = (int)(uniform() * RX_F_MAX);
    if (group[pick] < 0) {
        return;
    }
    const bool learned = isnan(t->x[pick]);
    const double step = learned || uniform() < 0.3 ? 1 : uniform();
    for (int i = 0; i < RX_F_MAX; i++) {
        if (learned && group[i] == group[pick]) {
            worse.x[i] = riskiest[i];
        }
    }
    if (!learned) {
        worse.x[pick] += step * (riskiest[pick] - worse.x[pick]);
    }
    compute(&worse, &after);
    for (int i = 0; i < RX_RISK_MAX; i++) {
        const struct rx_risk_component *a = &before->component[i];
        const struct rx_risk_component *b = &after.component[i];
        assert_true(b->lo >= a->lo - EPS);
        assert_true(learned || b->hi >= a->hi - EPS);
        /* A component that was not known at all may pull the mean of the others down. */
        const bool fresh = i == RX_RISK_COMPOSITE && learned;
        if (a->known && !fresh && b->value < a->value - EPS) {
            fail_msg("%s: %s %s from %.17g to %.17g: value %.17g became %.17g",
                     rx_risk_name((enum rx_risk)i), learned ? "learning" : "worsening",
                     rx_feature_info((enum rx_feature)pick)->name, t->x[pick], worse.x[pick],
                     a->value, b->value);
        }
        counts[learned ? 2 : 3]++;
    }
}

/* The model's probability moves up. */
static void check_model(const struct token *t, const struct rx_risk_result *before)
{
    struct token worse = *t;
    struct rx_risk_result after;
    struct rx_risk_range *range = uniform() < 0.5 ? &worse.rug.day : &worse.rug.week;
    range->p += (range->hi - range->p) * uniform();
    compute(&worse, &after);
    for (int i = 0; i < RX_RISK_MAX; i++) {
        assert_true(!before->component[i].known ||
                    after.component[i].value >= before->component[i].value - EPS);
        counts[4]++;
    }
}

static double between(double a, double b)
{
    return a + (b - a) * uniform();
}

/* What is unknown turns out to be anything: the value was inside the interval. */
static void check_completion(const struct token *t, const struct rx_risk_result *before)
{
    struct token full = *t;
    struct rx_risk_result after;
    bool whole[RX_F_MAX] = {0};
    for (int i = 0; i < RX_F_MAX; i++) {
        if (group[i] >= 0 && !isnan(t->x[i])) {
            whole[group[i]] = true;
        }
    }
    for (int i = 0; i < RX_F_MAX; i++) {
        if (group[i] >= 0 && !whole[group[i]]) {
            full.x[i] = random_value(i);
        }
    }
    struct rx_risk_range *day = &full.rug.day;
    struct rx_risk_range *week = &full.rug.week;
    const double w =
        isnan(week->p) ? between(isnan(day->p) ? 0 : day->hi, 1) : between(week->lo, week->hi);
    const double d = isnan(day->p) ? w * uniform() : between(day->lo, day->hi);
    *week = (struct rx_risk_range){w, w, w};
    *day = (struct rx_risk_range){d, d, d};
    if (isnan(t->rug.day.p) && !isnan(t->rug.week.p)) {
        *day = (struct rx_risk_range){w * 0.5, w * 0.5, w * 0.5};
    }
    compute(&full, &after);
    for (int i = 0; i < RX_RISK_MAX; i++) {
        const struct rx_risk_component *a = &before->component[i];
        const struct rx_risk_component *b = &after.component[i];
        assert_true(b->known);
        if (b->value < a->lo - EPS || b->value > a->hi + EPS) {
            fail_msg("%s: %.17g is not within %.17g..%.17g", rx_risk_name((enum rx_risk)i),
                     b->value, a->lo, a->hi);
        }
        counts[5]++;
    }
}

static void test_properties(void **state)
{
    (void)state;
    static struct token t;
    static struct rx_risk_result r;
    for (int round = 0; round < ROUNDS; round++) {
        random_token(&t);
        compute(&t, &r);
        check_parts(&r);
        check_completion(&t, &r);
        check_model(&t, &r);
        for (int k = 0; k < 2; k++) {
            check_forget(&t, &r);
            check_worse(&t, &r);
        }
    }
    print_message("%d tokens: %zu sums, %zu forgotten, %zu learned, %zu worsened, %zu moved "
                  "probabilities, %zu completions\n",
                  ROUNDS, counts[0], counts[1], counts[2], counts[3], counts[4], counts[5]);
    for (size_t i = 0; i < RX_ARRAY_LEN(counts); i++) {
        assert_true(counts[i] >= 100000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup(test_properties, setup)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
