// SPDX-License-Identifier: Apache-2.0
#include <math.h>
#include <string.h>

#include "agent/engine/model/reader.h"

#define MAX_EVALS    1024
#define MAX_SHARES   (1U << 20)
#define MAX_SLOPE    1e6
#define MAX_LOG_ODDS 700

static const char *const kinds[RX_CAL_KINDS] = {
    [RX_CAL_PLATT] = "platt",
    [RX_CAL_TEMPERATURE] = "temperature",
    [RX_CAL_BETA] = "beta",
    [RX_CAL_ISOTONIC] = "isotonic",
};

static size_t find_component(const struct rx_model *model, struct rx_str name)
{
    size_t i = 0;
    while (i < model->n_components && !rx_str_is(name, model->components[i].name)) {
        i++;
    }
    return i;
}

static bool same_parameters(const double *a, const double *b)
{
    for (size_t i = 0; i < RX_PARAM_MAX; i++) {
        if (a[i] < b[i] || a[i] > b[i]) {
            return false;
        }
    }
    return true;
}

/* The plan of the component at the parameters; one plan serves all of a component without. */
static size_t find_eval(struct rx_model_reader *reader, struct rx_model *model, size_t component,
                        const double *parameters)
{
    const struct rx_model_component *part = &model->components[component];
    for (size_t i = 0; i < model->n_evals; i++) {
        if (model->evals[i].component == component &&
            (!part->parametric || same_parameters(model->evals[i].parameters, parameters))) {
            return i;
        }
    }
    if (model->n_evals == MAX_EVALS) {
        rx_model_refuse(reader, "component",
                        "at most %d pairs of component and parameters expected", MAX_EVALS);
        return 0;
    }
    struct rx_model_eval_plan *plan = &model->evals[model->n_evals];
    *plan = (struct rx_model_eval_plan){
        .component = component, .output = model->n_outputs, .share = model->n_shares};
    memcpy(plan->parameters, parameters, sizeof(plan->parameters));
    model->n_outputs += part->n_outputs;
    model->n_shares += part->n_outputs * (part->n_inputs + 1);
    if (model->n_shares > MAX_SHARES) {
        rx_model_refuse(reader, "component", "fewer inputs, outputs or parameters expected");
    }
    return model->n_evals++;
}

static void read_stack(struct rx_model_reader *reader, struct rx_model *model,
                       const struct rx_model_target *target, struct rx_model_head *head)
{
    size_t n;
    const struct rx_json *stack = rx_model_array(reader, "stack", 1, RX_MODEL_MAX_STACK, &n);
    RX_JSON_FOREACH (item, stack) {
        struct rx_model_reader sub;
        struct rx_model_term *term = &head->terms[head->n_terms];
        rx_model_reader_sub(&sub, reader, item.value, "stack[%zu].", head->n_terms++);
        const struct rx_str name = rx_json_str(rx_json_get(item.value, "component"));
        const size_t component = find_component(model, name);
        if (component == model->n_components) {
            rx_model_refuse(&sub, "component", "'%.*s' is not a component",
                            (int)(name.n < 64 ? name.n : 64), name.p ? name.p : "");
        } else {
            term->eval = find_eval(&sub, model, component, target->parameters);
            const double last = (double)model->components[component].n_outputs - 1;
            const double output = rx_model_number_or(&sub, "output", 0, last, 0);
            term->output = (size_t)output;
            if ((double)term->output < output) {
                rx_model_refuse(&sub, "output", "a whole number expected");
            }
        }
        term->weight = rx_model_number(&sub, "weight", -MAX_SLOPE, MAX_SLOPE);
        if (rx_model_reader_join(reader, &sub) < 0) {
            return;
        }
    }
}

static void read_calibrator(struct rx_model_reader *reader, struct rx_calibrator *cal)
{
    const int kind = rx_model_choice(reader, "method", kinds, RX_CAL_KINDS);
    *cal = (struct rx_calibrator){.kind = (enum rx_calibrator_kind)(kind < 0 ? 0 : kind)};
    if (kind < 0) {
        return;
    }
    if (cal->kind == RX_CAL_ISOTONIC) {
        size_t n_y = 0;
        cal->x = rx_model_numbers(reader, "x", 1, RX_MODEL_MAX_POINTS, &cal->n);
        cal->y = rx_model_numbers(reader, "y", 1, RX_MODEL_MAX_POINTS, &n_y);
        if (reader->rc == 0 && n_y != cal->n) {
            rx_model_refuse(reader, "y", "%zu numbers expected, as there are in x", cal->n);
        }
    } else {
        const bool temperature = cal->kind == RX_CAL_TEMPERATURE;
        cal->a = rx_model_number(reader, temperature ? "t" : "a", 0, MAX_SLOPE);
        cal->b = temperature ? 0 : rx_model_number(reader, "b", -MAX_SLOPE, MAX_SLOPE);
        cal->c = cal->kind == RX_CAL_BETA ? rx_model_number(reader, "c", -MAX_SLOPE, MAX_SLOPE) : 0;
    }
    if (reader->rc == 0) {
        reader->rc = rx_calibrator_validate(cal, reader->err);
        if (reader->rc < 0) {
            rx_error_wrap(reader->err, "%.100s", reader->where);
        }
    }
}

static void read_calibration(struct rx_model_reader *reader, struct rx_model_head *head)
{
    size_t n;
    const struct rx_json *chain =
        rx_model_array(reader, "calibration", 0, RX_MODEL_MAX_CALIBRATIONS, &n);
    RX_JSON_FOREACH (item, chain) {
        struct rx_model_reader sub;
        rx_model_reader_sub(&sub, reader, item.value, "calibration[%zu].", head->n_calibrations);
        read_calibrator(&sub, &head->calibrations[head->n_calibrations++]);
        if (rx_model_reader_join(reader, &sub) < 0) {
            return;
        }
    }
}

static void read_interval(struct rx_model_reader *reader, struct rx_model_head *head)
{
    struct rx_model_reader sub;
    size_t n_lo = 0, n_hi = 0;
    rx_model_reader_sub(&sub, reader, rx_json_get(reader->object, "interval"), "interval.");
    head->interval_x = rx_model_numbers(&sub, "x", 2, RX_MODEL_MAX_POINTS, &head->n_interval);
    head->interval_lo = rx_model_numbers(&sub, "lo", 2, RX_MODEL_MAX_POINTS, &n_lo);
    head->interval_hi = rx_model_numbers(&sub, "hi", 2, RX_MODEL_MAX_POINTS, &n_hi);
    if (sub.rc == 0 && (n_lo != head->n_interval || n_hi != head->n_interval)) {
        rx_model_refuse(&sub, n_lo == head->n_interval ? "hi" : "lo",
                        "%zu numbers expected, as there are in x", head->n_interval);
    }
    for (size_t i = 0; i < head->n_interval && sub.rc == 0; i++) {
        if (i > 0 && !(head->interval_x[i] > head->interval_x[i - 1])) {
            rx_model_refuse(&sub, "x", "ascending numbers expected");
        } else if (!(head->interval_lo[i] <= head->interval_hi[i])) {
            rx_model_refuse(&sub, "lo", "item %zu: a number not above hi expected", i);
        }
    }
    (void)rx_model_reader_join(reader, &sub);
}

static void read_requires(struct rx_model_reader *reader, const struct rx_model *model,
                          struct rx_model_head *head)
{
    size_t at = 0;
    const struct rx_json *list =
        rx_model_array(reader, "requires", 0, model->n_features, &head->n_requires);
    head->requires = rx_model_alloc(reader, head->n_requires, sizeof(*head->requires));
    if (!list || !head->requires) {
        return;
    }
    RX_JSON_FOREACH (item, list) {
        head->requires[at] = rx_feature_find(rx_json_str(item.value));
        if (head->requires[at] == RX_F_INVALID) {
            rx_model_refuse(reader, "requires", "item %zu: a feature's name expected", at);
            return;
        }
        at++;
    }
}

static void read_head(struct rx_model_reader *reader, struct rx_model *model,
                      const struct rx_model_target *target, struct rx_model_head *head)
{
    static const char *const support[] = {"full", "thin"};
    rx_model_text(reader, "name", head->name, sizeof(head->name));
    read_requires(reader, model, head);
    head->bias = rx_model_number_or(reader, "bias", -MAX_LOG_ODDS, MAX_LOG_ODDS, 0);
    if (reader->rc == 0) {
        read_stack(reader, model, target, head);
    }
    if (reader->rc == 0) {
        read_calibration(reader, head);
    }
    head->shrinkage = 1;
    if (reader->rc == 0 && rx_json_get(reader->object, "shrinkage")) {
        struct rx_model_reader sub;
        rx_model_reader_sub(&sub, reader, rx_json_get(reader->object, "shrinkage"), "shrinkage.");
        head->shrinkage = rx_model_number(&sub, "weight", 0, 1);
        (void)rx_model_reader_join(reader, &sub);
    }
    if (reader->rc == 0) {
        read_interval(reader, head);
    }
    head->thin = rx_model_choice(reader, "support", support, 2) == 1;
}

static void read_heads(struct rx_model_reader *reader, struct rx_model *model,
                       struct rx_model_target *target)
{
    const struct rx_json *heads =
        rx_model_array(reader, "heads", 1, RX_MODEL_MAX_HEADS, &target->n_heads);
    target->heads = rx_model_alloc(reader, target->n_heads, sizeof(*target->heads));
    if (!heads || !target->heads) {
        return;
    }
    size_t at = 0;
    RX_JSON_FOREACH (item, heads) {
        struct rx_model_reader sub;
        rx_model_reader_sub(&sub, reader, item.value, "heads[%zu].", at);
        read_head(&sub, model, target, &target->heads[at++]);
        if (rx_model_reader_join(reader, &sub) < 0) {
            return;
        }
    }
    if (target->heads[target->n_heads - 1].n_requires > 0) {
        rx_model_refuse(reader, "heads", "a last one that requires nothing expected");
    }
}

static void read_target(struct rx_model_reader *reader, struct rx_model *model,
                        struct rx_model_target *target)
{
    struct rx_model_reader sub;
    rx_model_text(reader, "name", target->name, sizeof(target->name));
    if (reader->rc == 0 && rx_model_target_find(model, target->name) >= 0) {
        rx_model_refuse(reader, "name", "a name that no other target has expected");
    }
    target->rows = rx_model_number(reader, "rows", 1, 1e12);
    target->positives = rx_model_number(reader, "positives", 0, target->rows);
    target->base_rate = rx_model_number(reader, "base_rate", 1e-9, 1 - 1e-9);
    rx_model_reader_sub(&sub, reader, rx_json_get(reader->object, "parameters"), "parameters.");
    target->parameters[RX_PARAM_HORIZON_DAYS] =
        rx_model_number_or(&sub, "horizon_days", 0, 36500, 0);
    target->parameters[RX_PARAM_MULTIPLIER] =
        rx_model_number_or(&sub, "multiplier", 0, RX_MODEL_LARGE, 0);
    if (rx_model_reader_join(reader, &sub) == 0) {
        read_heads(reader, model, target);
    }
}

void rx_model_read_targets(struct rx_model_reader *reader, struct rx_model *model)
{
    size_t n;
    const struct rx_json *list = rx_model_array(reader, "targets", 1, RX_MODEL_MAX_TARGETS, &n);
    model->targets = rx_model_alloc(reader, n, sizeof(*model->targets));
    model->evals = rx_model_alloc(reader, MAX_EVALS, sizeof(*model->evals));
    if (!list || !model->targets || !model->evals) {
        return;
    }
    RX_JSON_FOREACH (item, list) {
        struct rx_model_reader sub;
        rx_model_reader_sub(&sub, reader, item.value, "targets[%zu].", model->n_targets);
        read_target(&sub, model, &model->targets[model->n_targets]);
        if (rx_model_reader_join(reader, &sub) < 0) {
            return;
        }
        model->n_targets++;
    }
}
