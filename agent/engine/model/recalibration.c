// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/model/recalibration.h"

#include <errno.h>
#include <string.h>

#include "agent/engine/model/model_core.h"
#include "common/base/clock.h"

struct rx_recalibration {
    struct rx_overlay_set set; /* owned */
    const struct rx_overlay *of[RX_MODEL_MAX_TARGETS];
    char sha256[65];
};

void rx_recalibration_free(struct rx_recalibration *recalibration)
{
    if (recalibration) {
        rx_overlay_set_clear(&recalibration->set);
        free(recalibration);
    }
}

static int place(struct rx_recalibration *r, const struct rx_model *model,
                 const struct rx_overlay *overlay, struct rx_error *err)
{
    const int target = rx_model_target_find(model, overlay->target);
    if (target < 0) {
        return rx_error_set(err, RX_EINVALID, "%s: the model has no such target", overlay->target);
    }
    if (strcmp(overlay->model_version, rx_model_version(model)) != 0) {
        return rx_error_set(err, RX_EINVALID, "%s: model_version: %s expected, got %s",
                            overlay->target, rx_model_version(model), overlay->model_version);
    }
    r->of[target] = overlay;
    return 0;
}

int rx_recalibration_new(const struct rx_model *model, struct rx_str state,
                         struct rx_recalibration **ret, struct rx_error *err)
{
    rx_auto(recalibration) struct rx_recalibration *r = calloc(1, sizeof(*r));
    if (!r) {
        return rx_error_set(err, -ENOMEM, "recalibration: out of memory");
    }
    int rc = rx_overlay_set_parse(state, &r->set, err);
    for (size_t i = 0; rc == 0 && i < r->set.n; i++) {
        rc = place(r, model, r->set.top[i], err);
    }
    if (rc < 0) {
        return rc;
    }
    memcpy(r->sha256, model->sha256, sizeof(r->sha256));
    *ret = RX_TAKE(r);
    return 0;
}

const char *rx_recalibration_sha256(const struct rx_recalibration *recalibration)
{
    return recalibration->sha256;
}

const struct rx_overlay *rx_recalibration_of(const struct rx_recalibration *recalibration,
                                             size_t target)
{
    return recalibration ? recalibration->of[target] : NULL;
}

static void write_time(struct rx_jw *w, const char *key, int64_t ms)
{
    char text[RX_TIME_LEN];
    rx_jw_kv_cstr(w, key, rx_time_format_ms(ms, text));
}

static void write_test(struct rx_jw *w, const struct rx_recal_test *test)
{
    rx_jw_key(w, "test");
    rx_jw_begin_object(w);
    rx_jw_kv_i64(w, "rows", (int64_t)test->n);
    rx_jw_kv_i64(w, "positives", (int64_t)test->positives);
    rx_jw_kv_i64(w, "groups", (int64_t)test->groups);
    write_time(w, "from", test->from);
    write_time(w, "to", test->to);
    rx_jw_kv_double(w, "log_loss_before", test->log_loss_before);
    rx_jw_kv_double(w, "log_loss_after", test->log_loss_after);
    rx_jw_kv_double(w, "brier_before", test->brier_before);
    rx_jw_kv_double(w, "brier_after", test->brier_after);
    rx_jw_kv_double(w, "oe_before", test->oe_before);
    rx_jw_kv_double(w, "oe_after", test->oe_after);
    rx_jw_end_object(w);
}

static void write_one(struct rx_jw *w, const struct rx_overlay *overlay)
{
    rx_jw_begin_object(w);
    rx_jw_kv_cstr(w, "target", overlay->target);
    rx_jw_kv_i64(w, "number", (int64_t)overlay->number);
    rx_jw_kv_cstr(w, "method", rx_calibrator_kind_name(overlay->cal.kind));
    write_time(w, "made_at", overlay->made_at);
    rx_jw_key(w, "fitted_on");
    rx_jw_begin_object(w);
    rx_jw_kv_i64(w, "rows", (int64_t)overlay->fit_n);
    rx_jw_kv_i64(w, "positives", (int64_t)overlay->fit_positives);
    rx_jw_end_object(w);
    write_time(w, "from", overlay->fit_from);
    write_time(w, "to", overlay->fit_to);
    write_test(w, &overlay->test);
    rx_jw_end_object(w);
}

void rx_recalibration_write(struct rx_jw *w, const struct rx_recalibration *recalibration)
{
    rx_jw_begin_array(w);
    for (size_t t = 0; t < RX_MODEL_MAX_TARGETS; t++) {
        if (rx_recalibration_of(recalibration, t)) {
            write_one(w, recalibration->of[t]);
        }
    }
    rx_jw_end_array(w);
}

void rx_model_scratch_recalibrate(struct rx_model_scratch *scratch,
                                  const struct rx_recalibration *recalibration)
{
    scratch->recalibration = recalibration;
}

const struct rx_recalibration *
rx_model_scratch_recalibration(const struct rx_model_scratch *scratch)
{
    return scratch->recalibration;
}
