// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "agent/engine/model/reader.h"
#include "common/base/sha256.h"

#define GOLDEN_TOLERANCE 1e-9
#define GOLDEN_MAX       1000
#define MAX_MEMORY       (256U << 20)
#define MAX_DEPTH        32

#define HEAD "{\"sha256\":\""
#define NECK "\",\"model\":"

/* The file is {"sha256":"<64 hex>","model":<JSON>}, with or without a newline; the digest is that
 * of the bytes of <JSON>, so the frame must be exactly this. */
static int open_frame(struct rx_str file, struct rx_model *model, struct rx_str *ret_json,
                      struct rx_error *err)
{
    const size_t head = sizeof(HEAD) - 1, neck = sizeof(NECK) - 1, start = head + 64 + neck;
    char digest[65];
    if (file.n > RX_MODEL_MAX_BYTES) {
        return rx_error_set(err, RX_ELIMIT, "at most %u bytes expected", RX_MODEL_MAX_BYTES);
    }
    if (file.n > 0 && file.p[file.n - 1] == '\n') {
        file.n--;
    }
    if (file.n <= start || memcmp(file.p, HEAD, head) != 0 ||
        memcmp(file.p + head + 64, NECK, neck) != 0 || file.p[file.n - 1] != '}') {
        static const char old[] = "\"format_version\": 1,";
        return rx_error_set(err, RX_EINVALID,
                            memmem(file.p, file.n < 200 ? file.n : 200, old, sizeof(old) - 1)
                                ? "format_version: 2 expected: a model of the first format must be "
                                  "trained again with this release"
                                : "sha256: a file {\"sha256\":\"64 hex digits\",\"model\":{...}} "
                                  "expected");
    }
    *ret_json = (struct rx_str){file.p + start, file.n - 1 - start};
    memcpy(model->sha256, file.p + head, 64);
    rx_sha256_hex(ret_json->p, ret_json->n, digest);
    if (strcmp(digest, model->sha256) != 0) {
        return rx_error_set(err, RX_EINVALID, "sha256: the file has been changed: its digest is %s",
                            digest);
    }
    return 0;
}

static void read_features(struct rx_model_reader *reader, struct rx_model *model)
{
    bool seen[RX_F_MAX] = {false};
    char hash[65];
    size_t n;
    const struct rx_json *names = rx_model_array(reader, "features", 1, RX_F_MAX, &n);
    RX_JSON_FOREACH (item, names) {
        const struct rx_str name = rx_json_str(item.value);
        const enum rx_feature feature = rx_feature_find(name);
        if (feature == RX_F_INVALID || seen[feature]) {
            rx_model_refuse(reader, "features", "item %zu: '%.*s' is %s", model->n_features,
                            (int)(name.n < 64 ? name.n : 64), name.p ? name.p : "",
                            feature == RX_F_INVALID ? "not a feature of this program"
                                                    : "there twice");
            return;
        }
        seen[feature] = true;
        model->features[model->n_features++] = feature;
    }
    rx_features_hash(model->features, model->n_features, hash);
    if (reader->rc == 0 &&
        !rx_str_is(rx_json_str(rx_json_get(reader->object, "features_sha256")), hash)) {
        rx_model_refuse(reader, "features_sha256",
                        "%s expected: the model was trained with another revision of a feature",
                        hash);
    }
}

static void read_header(struct rx_model_reader *reader, struct rx_model *model)
{
    struct rx_model_reader age;
    rx_model_exact(reader, "format", "radarx-model");
    if (rx_json_i64(rx_json_get(reader->object, "format_version"), 0) != 2) {
        rx_model_refuse(reader, "format_version", "2 expected");
    }
    rx_model_text(reader, "version", model->version, sizeof(model->version));
    rx_model_text(reader, "created", model->created, sizeof(model->created));
    rx_model_text(reader, "feature_version", model->feature_version,
                  sizeof(model->feature_version));
    model->confidence = rx_model_number(reader, "confidence_level", 0.5, 0.9999);
    rx_model_reader_sub(&age, reader, rx_json_get(reader->object, "age_h"), "age_h.");
    model->min_age_h = rx_model_number(&age, "min", 0, 1e6);
    model->max_age_h = rx_model_number(&age, "max", model->min_age_h, 1e6);
    if (model->max_age_h <= 0) {
        rx_model_refuse(&age, "max", "a number above 0 expected");
    }
    if (rx_model_reader_join(reader, &age) == 0) {
        read_features(reader, model);
    }
}

static void find_cells(struct rx_model *model)
{
    static const char *const horizons[RX_MODEL_HORIZONS] = {"24h", "7d", "30d"};
    static const int multipliers[RX_MODEL_MULTIPLIERS] = {2, 5, 10, 20, 50};
    char name[32];
    for (int h = 0; h < RX_MODEL_HORIZONS; h++) {
        snprintf(name, sizeof(name), "rug_%s", horizons[h]);
        model->rug[h] = rx_model_target_find(model, name);
        for (int m = 0; m < RX_MODEL_MULTIPLIERS; m++) {
            snprintf(name, sizeof(name), "x%d_%s", multipliers[m], horizons[h]);
            model->heatmap[h][m] = rx_model_target_find(model, name);
        }
    }
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* How much working memory the evaluation of the components needs. */
static void measure(struct rx_model *model)
{
    for (size_t c = 0; c < model->n_components; c++) {
        const struct rx_model_component *part = &model->components[c];
        size_t batch = 0;
        for (size_t i = 0; i < model->n_evals; i++) {
            batch += model->evals[i].component == c;
        }
        model->max_batch = larger(model->max_batch, batch);
        model->max_inputs = larger(model->max_inputs, part->n_inputs);
        model->max_margins = larger(model->max_margins, batch * part->n_outputs);
        if (part->shap) {
            model->max_shap = larger(model->max_shap, rx_treeshap_scratch_size(part->shap));
        }
    }
}

static bool close_to(double got, const struct rx_json *wanted)
{
    return fabs(got - rx_json_double(wanted, RX_NAN)) <= GOLDEN_TOLERANCE;
}

static void check_vector(struct rx_model_reader *reader, const struct rx_model *model,
                         struct rx_model_scratch *scratch)
{
    struct rx_estimate got[RX_MODEL_MAX_TARGETS];
    double x[RX_F_MAX];
    size_t n, at = 0;
    for (size_t i = 0; i < RX_F_MAX; i++) {
        x[i] = RX_NAN;
    }
    const struct rx_json *values =
        rx_model_array(reader, "x", model->n_features, model->n_features, &n);
    RX_JSON_FOREACH (item, values) {
        const double value = rx_json_double(item.value, RX_NAN);
        x[model->features[at++]] = fabs(value) <= 1e300 ? value : RX_NAN;
    }
    if (reader->rc < 0) {
        return;
    }
    rx_model_eval(model, x, 1, scratch, got);
    for (size_t t = 0; t < model->n_targets; t++) {
        const struct rx_json *wanted =
            rx_json_get(rx_json_get(reader->object, "p"), model->targets[t].name);
        if (!close_to(got[t].p, rx_json_item(wanted, 0)) ||
            !close_to(got[t].lo, rx_json_item(wanted, 1)) ||
            !close_to(got[t].hi, rx_json_item(wanted, 2))) {
            rx_model_refuse(reader, model->targets[t].name,
                            "the model gives [%.12g, %.12g, %.12g], not what the file says",
                            got[t].p, got[t].lo, got[t].hi);
            return;
        }
    }
}

static void self_test(struct rx_model_reader *reader, const struct rx_model *model)
{
    size_t n, at = 0;
    rx_auto(model_scratch) struct rx_model_scratch *scratch = NULL;
    const struct rx_json *golden = rx_model_array(reader, "golden", 1, GOLDEN_MAX, &n);
    if (reader->rc == 0) {
        reader->rc = rx_model_scratch_new(model, &scratch, reader->err);
    }
    if (reader->rc < 0) {
        return;
    }
    RX_JSON_FOREACH (item, golden) {
        struct rx_model_reader sub;
        rx_model_reader_sub(&sub, reader, item.value, "golden[%zu].", at++);
        check_vector(&sub, model, scratch);
        if (rx_model_reader_join(reader, &sub) < 0) {
            return;
        }
    }
}

static int read_all(struct rx_str json, struct rx_model *model, struct rx_error *err)
{
    const struct rx_json_limits limits = {.max_bytes = RX_MODEL_MAX_BYTES, .max_depth = MAX_DEPTH};
    rx_auto(json_doc) struct rx_json_doc *doc = NULL;
    struct rx_model_reader reader;
    const int rc = rx_json_parse(json, &limits, &doc, err);
    if (rc < 0) {
        return rc;
    }
    rx_model_reader_init(&reader, rx_json_root(doc), model->arena, err);
    read_header(&reader, model);
    if (reader.rc == 0) {
        rx_model_read_components(&reader, model);
    }
    if (reader.rc == 0) {
        rx_model_read_targets(&reader, model);
    }
    if (reader.rc == 0) {
        find_cells(model);
        measure(model);
        self_test(&reader, model);
    }
    return reader.rc;
}

int rx_model_load(struct rx_str file, struct rx_model **ret, struct rx_error *err)
{
    rx_auto(model) struct rx_model *model = calloc(1, sizeof(*model));
    struct rx_str json;
    if (model) {
        model->arena = rx_arena_new(MAX_MEMORY);
    }
    if (!model || !model->arena) {
        return rx_error_set(err, -ENOMEM, "model: out of memory");
    }
    int rc = open_frame(file, model, &json, err);
    if (rc == 0) {
        rc = read_all(json, model, err);
    }
    if (rc < 0) {
        return rc;
    }
    *ret = RX_TAKE(model);
    return 0;
}
