// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <string.h>

#include "agent/engine/model/reader.h"

#define MAX_COLUMNS 1024

enum kind { XGBOOST, LIGHTGBM, LOGISTIC, KINDS };
static const char *const kinds[KINDS] = {"xgboost", "lightgbm", "logistic"};
static const char *const parameters[RX_PARAM_MAX] = {"horizon_days", "multiplier"};

/* The column of this feature and transform, made when it is new. */
static size_t find_column(struct rx_model_reader *reader, struct rx_model *model,
                          enum rx_feature feature, const struct rx_transform *transform)
{
    for (size_t i = 0; i < model->n_columns; i++) {
        if (model->columns[i].feature == feature &&
            rx_transform_equal(&model->columns[i].transform, transform)) {
            return i;
        }
    }
    if (model->n_columns == MAX_COLUMNS) {
        rx_model_refuse(reader, "transform", "at most %d different ones expected", MAX_COLUMNS);
        return 0;
    }
    model->columns[model->n_columns] = (struct rx_model_column){feature, *transform};
    return model->n_columns++;
}

static bool is_listed(const struct rx_model *model, enum rx_feature feature)
{
    for (size_t i = 0; i < model->n_features; i++) {
        if (model->features[i] == feature) {
            return true;
        }
    }
    return false;
}

/* What the input reads: a feature through a transform, or a parameter of the target. */
static void read_origin(struct rx_model_reader *reader, struct rx_model *model,
                        struct rx_model_input *input)
{
    struct rx_transform transform;
    input->parameter = -1;
    if (rx_json_get(reader->object, "parameter")) {
        input->parameter = rx_model_choice(reader, "parameter", parameters, RX_PARAM_MAX);
        return;
    }
    const struct rx_str name = rx_json_str(rx_json_get(reader->object, "feature"));
    const enum rx_feature feature = rx_feature_find(name);
    if (feature == RX_F_INVALID || !is_listed(model, feature)) {
        rx_model_refuse(reader, "feature", "a name out of \"features\" expected");
        return;
    }
    rx_model_read_transform(reader, &transform);
    if (reader->rc == 0) {
        input->column = find_column(reader, model, feature, &transform);
    }
}

static void read_term(struct rx_model_reader *reader, struct rx_model_input *input)
{
    static const char *const by[] = {"age_h"};
    input->low = rx_model_number(reader, "low", -RX_MODEL_LARGE, RX_MODEL_LARGE);
    input->high = rx_model_number(reader, "high", -RX_MODEL_LARGE, RX_MODEL_LARGE);
    input->mean = rx_model_number(reader, "mean", -RX_MODEL_LARGE, RX_MODEL_LARGE);
    input->scale = rx_model_number(reader, "scale", 1e-9, RX_MODEL_LARGE);
    input->coefficient = rx_model_number(reader, "coefficient", -1e6, 1e6);
    if (input->low > input->high) {
        rx_model_refuse(reader, "high", "a number not below low expected");
    }
    if (rx_json_get(reader->object, "by")) {
        input->by_age = rx_model_choice(reader, "by", by, 1) == 0;
        input->age_mean = rx_model_number(reader, "age_mean", -1e3, 1e3);
        input->age_scale = rx_model_number(reader, "age_scale", 1e-6, 1e3);
    }
}

static void read_inputs(struct rx_model_reader *reader, struct rx_model *model,
                        struct rx_model_component *component)
{
    const struct rx_json *inputs =
        rx_model_array(reader, "inputs", 1, RX_MODEL_MAX_INPUTS, &component->n_inputs);
    component->inputs = rx_model_alloc(reader, component->n_inputs, sizeof(*component->inputs));
    if (!inputs || !component->inputs) {
        return;
    }
    size_t at = 0;
    RX_JSON_FOREACH (item, inputs) {
        struct rx_model_reader sub;
        struct rx_model_input *input = &component->inputs[at];
        rx_model_reader_sub(&sub, reader, item.value, "inputs[%zu].", at++);
        read_origin(&sub, model, input);
        component->parametric = component->parametric || input->parameter >= 0;
        if (!component->forest) {
            read_term(&sub, input);
        }
        if (rx_model_reader_join(reader, &sub) < 0) {
            return;
        }
    }
}

static void read_forest(struct rx_model_reader *reader, enum kind kind,
                        struct rx_model_component *component)
{
    const struct rx_json *json = rx_json_get(reader->object, "model");
    const bool text = kind == LIGHTGBM;
    if (rx_json_type(json) != (text ? RX_JSON_STR : RX_JSON_OBJECT)) {
        rx_model_refuse(reader, "model", "%s expected",
                        text ? "the text of a LightGBM model" : "an XGBoost model");
        return;
    }
    int rc = text ? rx_forest_load(rx_json_str(json), &component->forest, reader->err)
                  : rx_forest_load_json(json, NULL, &component->forest, reader->err);
    if (rc == 0) {
        rc = rx_treeshap_new(component->forest, &component->shap, reader->err);
    }
    if (rc < 0) {
        rx_error_wrap(reader->err, "%smodel", reader->where);
        reader->rc = rc;
        return;
    }
    component->n_outputs = rx_forest_outputs(component->forest);
    const bool is_lightgbm = rx_forest_format(component->forest) == RX_FOREST_LIGHTGBM;
    if (text != is_lightgbm) {
        rx_model_refuse(reader, "model", "a model of the kind \"%s\" expected", kinds[kind]);
    }
    if (component->n_outputs > RX_MODEL_MAX_OUTPUTS) {
        rx_model_refuse(reader, "model", "at most %d outputs expected", RX_MODEL_MAX_OUTPUTS);
    }
}

static bool name_is_taken(const struct rx_model *model, const char *name)
{
    for (size_t i = 0; i < model->n_components; i++) {
        if (strcmp(model->components[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static void read_component(struct rx_model_reader *reader, struct rx_model *model,
                           struct rx_model_component *component)
{
    rx_model_text(reader, "name", component->name, sizeof(component->name));
    if (name_is_taken(model, component->name)) {
        rx_model_refuse(reader, "name", "a name that no other component has expected");
    }
    const int kind = rx_model_choice(reader, "kind", kinds, KINDS);
    component->n_outputs = 1;
    if (reader->rc == 0 && kind != LOGISTIC) {
        read_forest(reader, (enum kind)kind, component);
    } else if (reader->rc == 0) {
        component->intercept = rx_model_number(reader, "intercept", -1e6, 1e6);
    }
    if (reader->rc == 0) {
        read_inputs(reader, model, component);
    }
    if (reader->rc == 0 && component->forest &&
        component->n_inputs != rx_forest_inputs(component->forest)) {
        rx_model_refuse(reader, "inputs", "%zu expected, as its model has",
                        rx_forest_inputs(component->forest));
    }
}

void rx_model_read_components(struct rx_model_reader *reader, struct rx_model *model)
{
    size_t n;
    const struct rx_json *list =
        rx_model_array(reader, "components", 1, RX_MODEL_MAX_COMPONENTS, &n);
    model->components = rx_model_alloc(reader, n, sizeof(*model->components));
    model->columns = rx_model_alloc(reader, MAX_COLUMNS, sizeof(*model->columns));
    if (!list || !model->components || !model->columns) {
        return;
    }
    RX_JSON_FOREACH (item, list) {
        struct rx_model_reader sub;
        rx_model_reader_sub(&sub, reader, item.value, "components[%zu].", model->n_components);
        struct rx_model_component *component = &model->components[model->n_components];
        read_component(&sub, model, component);
        model->n_components++; /* from here on its forest is freed with the model */
        if (rx_model_reader_join(reader, &sub) < 0) {
            return;
        }
    }
}
