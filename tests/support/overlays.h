// SPDX-License-Identifier: Apache-2.0
/* Recalibrations of a model for tests: Platt's and isotonic maps in turn, made from a seed. */
#pragma once

#include <stdio.h>

#include "agent/engine/model/recalibration.h"
#include "tests/support/bundle.h"
#include "tests/support/seeded.h"

#define OVERLAY_KNOTS 6

static inline struct rx_overlay *overlay_random(const char *target, const char *version,
                                                struct seeded *s)
{
    struct rx_overlay *o = calloc(1, sizeof(*o));
    assert_non_null(o);
    snprintf(o->target, sizeof(o->target), "%s", target);
    snprintf(o->model_version, sizeof(o->model_version), "%s", version);
    o->number = 1;
    o->test.n = 100;
    o->cal.kind = seeded_below(s, 2) == 0 ? RX_CAL_PLATT : RX_CAL_ISOTONIC;
    o->cal.a = 0.2 + 2 * seeded_unit(s);
    o->cal.b = 2 * seeded_normal(s);
    if (o->cal.kind == RX_CAL_ISOTONIC) {
        double x = -6, y = -5 + seeded_unit(s);
        o->knots = malloc(2 * OVERLAY_KNOTS * sizeof(*o->knots));
        assert_non_null(o->knots);
        for (size_t i = 0; i < OVERLAY_KNOTS; i++) {
            o->knots[i] = x += 0.1 + 2 * seeded_unit(s);
            o->knots[OVERLAY_KNOTS + i] = y += seeded_below(s, 3) == 0 ? 0 : 2 * seeded_unit(s);
        }
        o->cal.n = OVERLAY_KNOTS;
        o->cal.x = o->knots;
        o->cal.y = o->knots + OVERLAY_KNOTS;
    }
    return o;
}

/* For about two thirds of the targets. */
static inline void overlay_state(const struct rx_model *model, uint64_t seed, struct rx_buf *out)
{
    rx_auto(overlay_set) struct rx_overlay_set set = {0};
    struct seeded s = {seed};
    struct rx_error err = {0};
    struct rx_jw w;
    for (size_t t = 0; t < rx_model_targets(model); t++) {
        if (t == 0 || seeded_below(&s, 3) > 0) {
            assert_ok(rx_overlay_set_push(&set,
                                          overlay_random(rx_model_target_name(model, t),
                                                         rx_model_version(model), &s),
                                          &err),
                      &err);
        }
    }
    rx_jw_init(&w, out);
    rx_overlay_set_write(&w, &set);
}

static inline struct rx_recalibration *overlay_recalibration(const struct rx_model *model,
                                                             uint64_t seed)
{
    rx_auto(buf) struct rx_buf state = RX_BUF_INIT(1 << 20);
    struct rx_recalibration *ret = NULL;
    struct rx_error err = {0};
    overlay_state(model, seed, &state);
    assert_ok(rx_recalibration_new(model, rx_buf_str(&state), &ret, &err), &err);
    return ret;
}
