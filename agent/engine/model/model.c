// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/model/model.h"

#include <string.h>

#include "agent/engine/model/model_core.h"

extern const unsigned char rx_model_default_json[];
extern const size_t rx_model_default_json_len;

int rx_model_load_default(struct rx_model **ret, struct rx_error *err)
{
    const struct rx_str text = {(const char *)rx_model_default_json, rx_model_default_json_len};
    const int rc = rx_model_load(text, ret, err);
    return rc < 0 ? rx_error_wrap(err, "built-in model") : 0;
}

void rx_model_free(struct rx_model *model)
{
    if (model) {
        for (size_t i = 0; i < model->n_components; i++) {
            rx_treeshap_free(model->components[i].shap);
            rx_forest_free(model->components[i].forest);
        }
        rx_arena_free(model->arena);
        free(model);
    }
}

const char *rx_model_version(const struct rx_model *model)
{
    return model->version;
}

const char *rx_model_created(const struct rx_model *model)
{
    return model->created;
}

const char *rx_model_feature_version(const struct rx_model *model)
{
    return model->feature_version;
}

const char *rx_model_sha256(const struct rx_model *model)
{
    return model->sha256;
}

double rx_model_confidence(const struct rx_model *model)
{
    return model->confidence;
}

double rx_model_max_age_h(const struct rx_model *model)
{
    return model->max_age_h;
}

double rx_model_min_age_h(const struct rx_model *model)
{
    return model->min_age_h;
}

size_t rx_model_targets(const struct rx_model *model)
{
    return model->n_targets;
}

const char *rx_model_target_name(const struct rx_model *model, size_t target)
{
    return target < model->n_targets ? model->targets[target].name : NULL;
}

int rx_model_target_find(const struct rx_model *model, const char *name)
{
    for (size_t i = 0; i < model->n_targets; i++) {
        if (strcmp(model->targets[i].name, name) == 0) {
            return (int)i;
        }
    }
    return -1;
}

double rx_model_base_rate(const struct rx_model *model, size_t target)
{
    return model->targets[target].base_rate;
}

double rx_model_rows(const struct rx_model *model, size_t target)
{
    return model->targets[target].rows;
}

double rx_model_positives(const struct rx_model *model, size_t target)
{
    return model->targets[target].positives;
}

const char *rx_model_head_name(const struct rx_model *model, size_t target, size_t head)
{
    const struct rx_model_target *t = &model->targets[target];
    return head < t->n_heads ? t->heads[head].name : NULL;
}

size_t rx_model_features(const struct rx_model *model)
{
    return model->n_features;
}

enum rx_feature rx_model_feature(const struct rx_model *model, size_t index)
{
    return model->features[index];
}

size_t rx_model_parts(const struct rx_model *model)
{
    return model->n_components;
}

struct rx_model_part rx_model_part(const struct rx_model *model, size_t index)
{
    const struct rx_model_component *c = &model->components[index];
    struct rx_model_part part = {.name = c->name, .kind = "logistic", .inputs = c->n_inputs};
    if (c->forest) {
        const bool lightgbm = rx_forest_format(c->forest) == RX_FOREST_LIGHTGBM;
        part.kind = lightgbm ? "lightgbm" : "xgboost";
        part.trees = rx_forest_trees(c->forest);
    }
    return part;
}
