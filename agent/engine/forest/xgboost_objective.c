// SPDX-License-Identifier: Apache-2.0
/*
 * Objectives of libxgboost 3.2 and what each does to the base score and to the margins. Base
 * margins are float32, with the C library's logf: a double logarithm is a unit in the last place
 * off for a third of all scores.
 */
#include "agent/engine/forest/xgboost.h"

/* How the base score becomes a margin. */
enum base { SAME, LOGIT, LOG };

struct objective {
    const char *name;
    enum base base;
    enum rx_forest_link link;
};

static const struct objective objectives[] = {
    {"reg:squarederror", SAME, RX_LINK_IDENTITY},
    {"reg:linear", SAME, RX_LINK_IDENTITY}, /* the old name */
    {"reg:squaredlogerror", SAME, RX_LINK_IDENTITY},
    {"reg:logistic", LOGIT, RX_LINK_SIGMOID},
    {"reg:pseudohubererror", SAME, RX_LINK_IDENTITY},
    {"reg:absoluteerror", SAME, RX_LINK_IDENTITY},
    {"reg:quantileerror", SAME, RX_LINK_IDENTITY},
    {"reg:gamma", LOG, RX_LINK_EXP},
    {"reg:tweedie", LOG, RX_LINK_EXP},
    {"binary:logistic", LOGIT, RX_LINK_SIGMOID},
    {"binary:logitraw", SAME, RX_LINK_IDENTITY},
    {"binary:hinge", SAME, RX_LINK_STEP},
    {"count:poisson", LOG, RX_LINK_EXP},
    {"survival:cox", LOG, RX_LINK_EXP},
    {"survival:aft", LOG, RX_LINK_EXP},
    {"rank:pairwise", SAME, RX_LINK_IDENTITY},
    {"rank:ndcg", SAME, RX_LINK_IDENTITY},
    {"rank:map", SAME, RX_LINK_IDENTITY},
    {"multi:softprob", SAME, RX_LINK_SOFTMAX},
    {"multi:softmax", SAME, RX_LINK_SOFTMAX_CLASS},
};

static const struct objective *find(struct rx_str name)
{
    for (size_t i = 0; i < RX_ARRAY_LEN(objectives); i++) {
        if (rx_str_is(name, objectives[i].name)) {
            return &objectives[i];
        }
    }
    return NULL;
}

/* libxgboost keeps shares so far off 0 and 1: labels that are all alike give such scores. */
#define SHARE_EDGE 1e-6f

static float logit(float share)
{
    if (!(share >= 0 && share <= 1)) {
        return NAN;
    }
    share = share < SHARE_EDGE ? SHARE_EDGE : share;
    share = share > 1.0f - SHARE_EDGE ? 1.0f - SHARE_EDGE : share;
    return -logf(1.0f / share - 1.0f);
}

static float margin_of(enum base base, float score)
{
    switch (base) {
    case LOGIT:
        return logit(score);
    case LOG:
        return logf(score);
    default:
        return score;
    }
}

int rx_xgb_set_objective(struct rx_forest *forest, struct rx_str name, bool untrained,
                         const double *scores, size_t n, struct rx_error *err)
{
    const struct objective *objective = find(name);
    if (!objective) {
        name.n = name.n > 64 ? 64 : name.n;
        return rx_error_set(err, RX_EINVALID,
                            "learner.objective.name: \"" RX_STR_FMT
                            "\" is not an objective that is supported",
                            RX_STR_ARG(name));
    }
    memcpy(forest->objective, name.p, name.n); /* a name of the table: it fits */
    forest->link = objective->link;
    if (n != 1 && n != forest->n_outputs) {
        return rx_error_set(err, RX_EINVALID,
                            "learner.learner_model_param.base_score: 1 or %zu numbers expected, "
                            "%zu found",
                            forest->n_outputs, n);
    }
    for (size_t i = 0; i < forest->n_outputs; i++) {
        float score = (float)scores[n == 1 ? 0 : i];
        float margin = untrained ? score : margin_of(objective->base, score);
        if (!isfinite(margin)) {
            return rx_error_set(err, RX_EINVALID,
                                "learner.learner_model_param.base_score: %g does not suit %s",
                                (double)score, objective->name);
        }
        forest->base[i] = (double)margin;
    }
    return 0;
}
