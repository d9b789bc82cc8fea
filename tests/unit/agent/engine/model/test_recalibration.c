// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/model/recalibration.h"

#include <errno.h>
#include <math.h>

#include "agent/engine/model/explain.h"
#include "tests/support/overlays.h"
#include "tests/support/torture.h"

#define SETS 60
#define ROWS 40

static void random_row(struct seeded *s, double *x)
{
    for (int i = 0; i < RX_F_MAX; i++) {
        const double u = seeded_unit(s);
        x[i] = u < 0.15 ? RX_NAN : u < 0.5 ? 4 * (u - 0.3) : exp(12 * (u - 0.5));
    }
    x[RX_F_AGE_H] = 1 + 71 * seeded_unit(s);
}

static double p_of(const struct rx_model *model, const struct rx_estimate *out, const char *name)
{
    const int t = rx_model_target_find(model, name);
    return t < 0 ? RX_NAN : out[t].p;
}

/* Pairs of cells out of order; the number of pairs is added to *n. */
static size_t disorder(const struct rx_model *model, const struct rx_estimate *out, size_t *n)
{
    static const char *const horizons[] = {"24h", "7d", "30d"};
    static const char *const rows[] = {"x50", "x20", "x10", "x5", "x2", "rug"};
    size_t wrong = 0;
    for (size_t m = 0; m < RX_ARRAY_LEN(rows); m++) {
        for (size_t h = 0; h < RX_ARRAY_LEN(horizons); h++) {
            char here[16], later[16], easier[16];
            snprintf(here, sizeof(here), "%s_%s", rows[m], horizons[h]);
            snprintf(later, sizeof(later), "%s_%s", rows[m], horizons[h < 2 ? h + 1 : h]);
            snprintf(easier, sizeof(easier), "%s_%s", rows[m < 4 ? m + 1 : m], horizons[h]);
            wrong += p_of(model, out, here) > p_of(model, out, later);
            wrong += p_of(model, out, here) > p_of(model, out, easier);
            *n += 2;
        }
    }
    return wrong;
}

/* The order of the heatmap, ordered ends, base + shares = the shown log-odds. */
static void test_properties(void **state)
{
    (void)state;
    rx_auto(model) struct rx_model *model = NULL;
    struct rx_error err = {0};
    assert_ok(rx_model_load_default(&model, &err), &err);
    rx_auto(model_scratch) struct rx_model_scratch *scratch = bundle_scratch(model);
    struct rx_estimate out[RX_MODEL_MAX_TARGETS], plain[RX_MODEL_MAX_TARGETS];
    static struct rx_explanation why;
    struct seeded s = {11};
    size_t pairs = 0, changed = 0, narrower = 0, explained = 0;
    double worst = 0;
    for (uint64_t set = 0; set < SETS; set++) {
        rx_auto(recalibration) struct rx_recalibration *r = overlay_recalibration(model, set);
        for (int row = 0; row < ROWS; row++) {
            double x[RX_F_MAX];
            random_row(&s, x);
            rx_model_scratch_recalibrate(scratch, NULL);
            rx_model_eval(model, x, 1, scratch, plain);
            rx_model_scratch_recalibrate(scratch, r);
            rx_model_eval(model, x, 1, scratch, out);
            assert_int_equal(disorder(model, out, &pairs), 0);
            for (size_t t = 0; t < rx_model_targets(model); t++) {
                assert_true(0 <= out[t].lo && out[t].lo <= out[t].p && out[t].p <= out[t].hi);
                assert_true(out[t].hi <= 1 && out[t].p > 0 && out[t].p < 1);
                assert_true(!(out[t].base < plain[t].base) && !(out[t].base > plain[t].base));
                changed += fabs(out[t].p - plain[t].p) > 1e-6;
                rx_model_explain(model, t, x, out, scratch, 5, &why);
                double sum = why.base;
                for (size_t i = 0; i < why.n; i++) {
                    assert_true(isfinite(why.items[i].log_odds));
                    sum += why.items[i].log_odds;
                }
                worst = fmax(worst, fabs(sum - log(out[t].p / (1 - out[t].p))));
                explained++;
                narrower += out[t].hi - out[t].lo <= 0;
            }
        }
    }
    assert_true(worst <= 1e-9);
    assert_true(changed > explained / 2);
    assert_int_equal(narrower, 0);
    print_message("%d recalibrations x %d rows: %zu pairs of cells in order, %zu explanations add "
                  "up (largest error %.2g), %zu probabilities changed\n",
                  SETS, ROWS, pairs, explained, worst, changed);
}

/* One target alone, not projected: what the map says of the base. */
static void test_applies(void **state)
{
    (void)state;
    rx_auto(model) struct rx_model *model = bundle_model();
    rx_auto(model_scratch) struct rx_model_scratch *scratch = bundle_scratch(model);
    rx_auto(recalibration) struct rx_recalibration *r = overlay_recalibration(model, 5);
    struct rx_estimate out[RX_MODEL_MAX_TARGETS];
    struct seeded s = {3};
    size_t equal = 0;
    rx_model_scratch_recalibrate(scratch, r);
    assert_ptr_equal(rx_model_scratch_recalibration(scratch), r);
    assert_string_equal(rx_recalibration_sha256(r), rx_model_sha256(model));
    assert_null(rx_recalibration_of(NULL, 0));
    const struct rx_overlay *overlay = rx_recalibration_of(r, 0);
    assert_non_null(overlay);
    for (int row = 0; row < 200; row++) {
        double x[RX_F_MAX];
        random_row(&s, x);
        rx_model_eval(model, x, 1, scratch, out);
        equal += fabs(rx_overlay_apply(overlay, out[0].base) - out[0].log_odds) < 1e-9;
    }
    assert_true(equal >= 20);
}

static int refused(const struct rx_model *model, const char *from, const char *to,
                   struct rx_error *err)
{
    rx_auto(buf) struct rx_buf state = RX_BUF_INIT(1 << 20), whole = RX_BUF_INIT(1 << 20);
    rx_auto(recalibration) struct rx_recalibration *r = NULL;
    overlay_state(model, 5, &state);
    const char *at = memmem(state.p, state.n, from, strlen(from));
    assert_non_null(at);
    const size_t before = (size_t)(at - state.p), after = before + strlen(from);
    rx_buf_add(&whole, state.p, before);
    rx_buf_puts(&whole, to);
    rx_buf_add(&whole, state.p + after, state.n - after);
    const int rc = rx_recalibration_new(model, rx_buf_str(&whole), &r, err);
    assert_null(r);
    return rc;
}

static void test_refuses(void **state)
{
    (void)state;
    rx_auto(model) struct rx_model *model = bundle_model();
    struct rx_error err = {0};
    assert_int_equal(refused(model, "\"test-bundle-1\"", "\"other\"", &err), RX_EINVALID);
    assert_message(&err, "model_version: test-bundle-1 expected, got other");
    assert_int_equal(refused(model, "\"target\":\"rug_24h\"", "\"target\":\"rug_1h\"", &err),
                     RX_EINVALID);
    assert_message(&err, "rug_1h: the model has no such target");
    assert_int_equal(refused(model, "radarx-recalibration", "x", &err), RX_EINVALID);
    rx_auto(recalibration) struct rx_recalibration *r = NULL;
    assert_int_equal(rx_recalibration_new(model, RX_STR("{"), &r, &err), RX_EPARSE);
}

static void test_writes(void **state)
{
    (void)state;
    rx_auto(model) struct rx_model *model = bundle_model();
    rx_auto(recalibration) struct rx_recalibration *r = overlay_recalibration(model, 5);
    rx_auto(buf) struct rx_buf out = RX_BUF_INIT(1 << 20), none = RX_BUF_INIT(64);
    struct rx_jw w;
    rx_jw_init(&w, &none);
    rx_recalibration_write(&w, NULL);
    assert_buf(&none, "[]");
    rx_jw_init(&w, &out);
    rx_recalibration_write(&w, r);
    rx_auto(json_doc) struct rx_json_doc *doc = NULL;
    struct rx_error err = {0};
    assert_ok(rx_json_parse(rx_buf_str(&out), NULL, &doc, &err), &err);
    const struct rx_json *root = rx_json_root(doc);
    assert_true(rx_json_len(root) >= 1);
    RX_JSON_FOREACH (item, root) {
        assert_int_equal(rx_json_i64(rx_json_at(item.value, "test.rows"), 0), 100);
        assert_str(rx_json_str(rx_json_get(item.value, "made_at")), "1970-01-01T00:00:00.000Z");
    }
}

static int make(void *arg)
{
    struct rx_error err = {0};
    rx_auto(recalibration) struct rx_recalibration *r = NULL;
    const struct rx_buf *state = ((void **)arg)[1];
    return rx_recalibration_new(((void **)arg)[0], rx_buf_str(state), &r, &err);
}

static void test_torture(void **state)
{
    (void)state;
    rx_auto(model) struct rx_model *model = bundle_model();
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(1 << 20);
    overlay_state(model, 5, &text);
    void *arg[] = {model, &text};
    assert_true(rx_torture_tolerant(make, arg) > 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_properties), cmocka_unit_test(test_applies),
        cmocka_unit_test(test_refuses),    cmocka_unit_test(test_writes),
        cmocka_unit_test(test_torture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
