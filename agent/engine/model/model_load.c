// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "agent/engine/model/model.h"
#include "agent/engine/model/model_core.h"
#include "common/base/buf.h"
#include "common/base/sha256.h"
#include "common/json/read.h"

#define GOLDEN_TOLERANCE 1e-9
#define GOLDEN_MAX       1000
#define LARGE            1e9 /* no coefficient, bound or moment of a sane model comes near */

/* Reads the members of one object and remembers the first thing that is wrong. */
struct reader {
    const struct rx_json *object;
    char where[96]; /* "targets[1].inputs[3]." or "" */
    struct rx_error *err;
    int rc;
};

static struct reader reader_of(const struct rx_json *object, struct rx_error *err, const char *fmt,
                               ...) RX_PRINTF(3, 4);

static struct reader reader_of(const struct rx_json *object, struct rx_error *err, const char *fmt,
                               ...)
{
    struct reader reader = {.object = object, .err = err};
    va_list args;
    va_start(args, fmt);
    vsnprintf(reader.where, sizeof(reader.where), fmt, args);
    va_end(args);
    return reader;
}

static void refuse(struct reader *reader, const char *key, const char *expected)
{
    if (reader->rc == 0) {
        reader->rc = rx_error_set(reader->err, RX_EINVALID, "%s%s: %s expected", reader->where, key,
                                  expected);
    }
}

static double number(struct reader *reader, const char *key, double min, double max)
{
    double value = rx_json_double(rx_json_get(reader->object, key), RX_NAN);
    if (!(value >= min && value <= max)) {
        char expected[64];
        snprintf(expected, sizeof(expected), "a number from %g to %g", min, max);
        refuse(reader, key, expected);
        return 0;
    }
    return value;
}

static void text(struct reader *reader, const char *key, char *out, size_t size)
{
    struct rx_str value = rx_json_str(rx_json_get(reader->object, key));
    if (!value.p || value.n == 0 || value.n >= size) {
        char expected[64];
        snprintf(expected, sizeof(expected), "a string of 1 to %zu bytes", size - 1);
        refuse(reader, key, expected);
        return;
    }
    memcpy(out, value.p, value.n);
    out[value.n] = 0;
}

static void exact(struct reader *reader, const char *key, const char *wanted)
{
    if (!rx_str_is(rx_json_str(rx_json_get(reader->object, key)), wanted)) {
        char expected[96];
        snprintf(expected, sizeof(expected), "\"%s\"", wanted);
        refuse(reader, key, expected);
    }
}

static enum rx_transform read_transform(struct reader *reader)
{
    static const char *const names[RX_TF_MAX] = {"identity", "log1p", "asinh"};
    struct rx_str value = rx_json_str(rx_json_get(reader->object, "transform"));
    for (int i = 0; i < RX_TF_MAX; i++) {
        if (rx_str_is(value, names[i])) {
            return (enum rx_transform)i;
        }
    }
    refuse(reader, "transform", "identity, log1p or asinh");
    return RX_TF_IDENTITY;
}

static int load_input(const struct rx_json *json, size_t target, size_t index,
                      struct rx_model_input *input, struct rx_error *err)
{
    struct reader reader = reader_of(json, err, "targets[%zu].inputs[%zu].", target, index);
    input->feature = rx_feature_find(rx_json_str(rx_json_get(json, "name")));
    if (input->feature == RX_F_INVALID) {
        refuse(&reader, "name", "a feature of the registry");
    }
    input->transform = read_transform(&reader);
    input->factor = number(&reader, "factor", 1e-9, LARGE);
    input->low = number(&reader, "low", -LARGE, LARGE);
    input->high = number(&reader, "high", -LARGE, LARGE);
    input->mean = number(&reader, "mean", -LARGE, LARGE);
    input->scale = number(&reader, "scale", 1e-9, LARGE);
    input->coefficient = number(&reader, "coefficient", -LARGE, LARGE);
    if (input->low > input->high) {
        refuse(&reader, "high", "a number not below low");
    }
    return reader.rc;
}

static int load_inputs(const struct rx_json *json, size_t index, struct rx_model_target *target,
                       struct rx_error *err)
{
    size_t n = rx_json_len(json);
    if (rx_json_type(json) != RX_JSON_ARRAY || n == 0 || n > RX_F_V1_MAX) {
        return rx_error_set(err, RX_EINVALID, "targets[%zu].inputs: 1 to %d inputs expected", index,
                            RX_F_V1_MAX);
    }
    bool seen[RX_F_MAX] = {false};
    RX_JSON_FOREACH (item, json) {
        struct rx_model_input *input = &target->inputs[target->n_inputs];
        int rc = load_input(item.value, index, target->n_inputs, input, err);
        if (rc < 0) {
            return rc;
        }
        if (seen[input->feature]) {
            return rx_error_set(err, RX_EINVALID,
                                "targets[%zu].inputs[%zu].name: each feature "
                                "once expected",
                                index, target->n_inputs);
        }
        seen[input->feature] = true;
        target->n_inputs++;
    }
    return 0;
}

static int load_interval(const struct rx_json *json, size_t index, struct rx_model_target *target,
                         struct rx_error *err)
{
    struct reader reader = reader_of(json, err, "targets[%zu].interval.", index);
    target->drift_variance = number(&reader, "drift_variance", 0, 1e4);
    if (reader.rc < 0) {
        return reader.rc;
    }
    const struct rx_json *triangle = rx_json_get(json, "covariance");
    size_t side = target->n_inputs + 1;
    size_t n = side * (side + 1) / 2;
    if (rx_json_type(triangle) != RX_JSON_ARRAY || rx_json_len(triangle) != n) {
        return rx_error_set(err, RX_EINVALID, "%scovariance: %zu numbers expected", reader.where,
                            n);
    }
    target->covariance = malloc(n * sizeof(double));
    if (!target->covariance) {
        return rx_error_set(err, -ENOMEM, "model: out of memory");
    }
    size_t at = 0;
    RX_JSON_FOREACH (item, triangle) {
        double value = rx_json_double(item.value, RX_NAN);
        if (!(fabs(value) <= LARGE)) {
            return rx_error_set(err, RX_EINVALID, "%scovariance[%zu]: a number expected",
                                reader.where, at);
        }
        target->covariance[at++] = value;
    }
    return 0;
}

static int load_target(const struct rx_json *json, struct rx_model *model, struct rx_error *err)
{
    size_t index = model->n_targets;
    struct rx_model_target *target = &model->targets[index];
    struct reader reader = reader_of(json, err, "targets[%zu].", index);
    text(&reader, "name", target->name, sizeof(target->name));
    exact(&reader, "type", "logistic");
    target->rows = number(&reader, "rows", 1, 1e12);
    target->base_rate = number(&reader, "base_rate", 0, 1);
    target->intercept = number(&reader, "intercept", -LARGE, LARGE);
    if (reader.rc == 0 && rx_model_target_find(model, target->name) >= 0) {
        refuse(&reader, "name", "a name that no other target has");
    }
    const struct rx_json *calibration = rx_json_get(json, "calibration");
    struct reader platt = reader_of(calibration, err, "targets[%zu].calibration.", index);
    if (reader.rc == 0) {
        exact(&platt, "method", "platt");
        /* A slope of zero or less would turn the order of the scores around. */
        target->platt_a = number(&platt, "a", 1e-9, 1e6);
        target->platt_b = number(&platt, "b", -1e6, 1e6);
    }
    model->n_targets++; /* from here on freed with the model */
    if (reader.rc < 0 || platt.rc < 0) {
        return reader.rc < 0 ? reader.rc : platt.rc;
    }
    int rc = load_inputs(rx_json_get(json, "inputs"), index, target, err);
    if (rc == 0) {
        rc = load_interval(rx_json_get(json, "interval"), index, target, err);
    }
    return rc;
}

/* Quantile of the normal distribution for a two-sided level, by bisection of erf. */
static double two_sided_quantile(double level)
{
    double low = 0;
    double high = 10;
    for (int i = 0; i < 200; i++) {
        double mid = (low + high) / 2;
        if (erf(mid / sqrt(2)) < level) {
            low = mid;
        } else {
            high = mid;
        }
    }
    return (low + high) / 2;
}

static int load_header(const struct rx_json *json, struct rx_model *model, struct rx_error *err)
{
    char hash[65];
    rx_feature_registry_hash(hash);
    struct reader reader = reader_of(json, err, "%s", "");
    exact(&reader, "format", "radarx-model");
    (void)number(&reader, "format_version", 1, 1);
    text(&reader, "version", model->version, sizeof(model->version));
    text(&reader, "created", model->created, sizeof(model->created));
    text(&reader, "feature_version", model->feature_version, sizeof(model->feature_version));
    exact(&reader, "registry_hash", hash);
    text(&reader, "sha256", model->sha256, sizeof(model->sha256));
    model->confidence = number(&reader, "confidence_level", 0.5, 0.9999);
    model->quantile = two_sided_quantile(model->confidence);
    struct reader age = reader_of(rx_json_get(json, "age_h"), err, "age_h.");
    if (reader.rc == 0) {
        model->min_age_h = number(&age, "min", 0, 1e6);
        model->max_age_h = number(&age, "max", model->min_age_h, 1e6);
    }
    return reader.rc < 0 ? reader.rc : age.rc;
}

static bool close_to(double got, const struct rx_json *wanted)
{
    return fabs(got - rx_json_double(wanted, RX_NAN)) <= GOLDEN_TOLERANCE;
}

static int check_vector(const struct rx_model *model, size_t target, size_t index,
                        const struct rx_json *vector, struct rx_error *err)
{
    const struct rx_json *x = rx_json_get(vector, "x");
    if (rx_json_type(x) != RX_JSON_ARRAY || rx_json_len(x) != RX_F_V1_MAX) {
        return rx_error_set(err, RX_EINVALID, "targets[%zu].golden[%zu].x: %d numbers expected",
                            target, index, RX_F_V1_MAX);
    }
    double features[RX_F_MAX];
    for (int i = 0; i < RX_F_MAX; i++) {
        features[i] = RX_NAN;
    }
    size_t at = 0;
    RX_JSON_FOREACH (item, x) {
        features[at++] = rx_json_double(item.value, RX_NAN);
    }
    struct rx_estimate got = rx_model_eval(model, target, features, 1);
    if (!close_to(got.p, rx_json_get(vector, "p")) ||
        !close_to(got.lo, rx_json_get(vector, "lo")) ||
        !close_to(got.hi, rx_json_get(vector, "hi"))) {
        return rx_error_set(err, RX_EINVALID,
                            "targets[%zu].golden[%zu]: the model gives %.12g [%.12g, %.12g], not "
                            "what the file says",
                            target, index, got.p, got.lo, got.hi);
    }
    return 0;
}

static int self_test(const struct rx_model *model, size_t target, const struct rx_json *golden,
                     struct rx_error *err)
{
    size_t n = rx_json_len(golden);
    if (rx_json_type(golden) != RX_JSON_ARRAY || n == 0 || n > GOLDEN_MAX) {
        return rx_error_set(err, RX_EINVALID, "targets[%zu].golden: 1 to %d vectors expected",
                            target, GOLDEN_MAX);
    }
    size_t index = 0;
    RX_JSON_FOREACH (item, golden) {
        int rc = check_vector(model, target, index++, item.value, err);
        if (rc < 0) {
            return rc;
        }
    }
    return 0;
}

/* The file's digest is taken with 64 zeros in the digest's own place. */
static int check_digest(struct rx_str json, const char *wanted, struct rx_error *err)
{
    const char *at = memmem(json.p, json.n, wanted, 64);
    if (strlen(wanted) != 64 || !at) {
        return rx_error_set(err, RX_EINVALID, "sha256: 64 hex digits expected");
    }
    static const char zeros[] = "0000000000000000000000000000000000000000000000000000000000000000";
    struct rx_sha256 ctx;
    unsigned char digest[32];
    rx_sha256_init(&ctx);
    rx_sha256_update(&ctx, json.p, (size_t)(at - json.p));
    rx_sha256_update(&ctx, zeros, 64);
    rx_sha256_update(&ctx, at + 64, json.n - (size_t)(at - json.p) - 64);
    rx_sha256_final(&ctx, digest);
    rx_auto(buf) struct rx_buf hex = RX_BUF_INIT(64);
    rx_buf_add_hex(&hex, digest, sizeof(digest));
    int rc = rx_buf_error(&hex, err);
    if (rc < 0) {
        return rc;
    }
    if (!rx_str_is(rx_buf_str(&hex), wanted)) {
        return rx_error_set(err, RX_EINVALID, "sha256: the file has been changed: its digest is %s",
                            hex.p);
    }
    return 0;
}

static int load_targets(const struct rx_json *targets, struct rx_model *model, struct rx_error *err)
{
    size_t n = rx_json_len(targets);
    if (rx_json_type(targets) != RX_JSON_ARRAY || n == 0 || n > RX_MODEL_MAX_TARGETS) {
        return rx_error_set(err, RX_EINVALID, "targets: 1 to %d targets expected",
                            RX_MODEL_MAX_TARGETS);
    }
    RX_JSON_FOREACH (item, targets) {
        int rc = load_target(item.value, model, err);
        if (rc == 0) {
            rc = self_test(model, model->n_targets - 1, rx_json_get(item.value, "golden"), err);
        }
        if (rc < 0) {
            return rc;
        }
    }
    return 0;
}

int rx_model_load(struct rx_str json, struct rx_model **ret, struct rx_error *err)
{
    struct rx_json_limits limits = {.max_bytes = RX_MODEL_MAX_BYTES, .max_depth = 8};
    rx_auto(json_doc) struct rx_json_doc *doc = NULL;
    int rc = rx_json_parse(json, &limits, &doc, err);
    if (rc < 0) {
        return rc;
    }
    rx_auto(model) struct rx_model *model = calloc(1, sizeof(*model));
    if (!model) {
        return rx_error_set(err, -ENOMEM, "model: out of memory");
    }
    const struct rx_json *root = rx_json_root(doc);
    rc = load_header(root, model, err);
    if (rc == 0) {
        rc = check_digest(json, model->sha256, err);
    }
    if (rc == 0) {
        rc = load_targets(rx_json_get(root, "targets"), model, err);
    }
    if (rc < 0) {
        return rc;
    }
    *ret = RX_TAKE(model);
    return 0;
}
