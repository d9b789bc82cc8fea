// SPDX-License-Identifier: Apache-2.0
/* Any rows: a fit says no with a message, or gives a map that is monotone and finite. Four bytes a
 * row: a score of a few magnitudes and a label. */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "agent/engine/calibration/fit.h"
#include "agent/engine/calibration/quality.h"
#include "agent/engine/calibration/venn_abers.h"

#define MAX_ROWS 16

static double x[MAX_ROWS], y[MAX_ROWS], p[MAX_ROWS];

static void check_map(const struct rx_calibrator *cal)
{
    double before = -(double)INFINITY;
    if (rx_calibrator_validate(cal, NULL) < 0) {
        abort();
    }
    for (double f = -1000; f <= 1000; f += 7) {
        double now = rx_calibrator_apply(cal, f);
        if (!isfinite(now) || now < before) {
            abort();
        }
        before = now;
    }
}

static void check_fits(const struct rx_cal_rows *rows)
{
    static int (*const fits[])(const struct rx_cal_rows *, struct rx_calibrator *,
                               struct rx_error *) = {rx_fit_platt, rx_fit_temperature, rx_fit_beta};
    for (size_t i = 0; i < RX_ARRAY_LEN(fits); i++) {
        struct rx_calibrator cal;
        struct rx_error err = {0};
        if (fits[i](rows, &cal, &err) == 0) {
            check_map(&cal);
        } else if (err.msg[0] == 0) {
            abort();
        }
    }
    double knots[4 * MAX_ROWS];
    rx_auto(isotonic) struct rx_isotonic *iso = NULL;
    rx_auto(venn_abers) struct rx_venn_abers *va = NULL;
    if (rx_isotonic_fit(rows, &iso, NULL) < 0 || rx_venn_abers_fit(rows, &va, NULL) < 0) {
        abort();
    }
    struct rx_calibrator cal = {.kind = RX_CAL_ISOTONIC, .x = knots, .y = knots + iso->n};
    cal.n = rx_isotonic_log_odds(iso, knots, knots + iso->n);
    check_map(&cal);
    for (size_t i = 0; i < rows->n; i++) {
        double p0, p1;
        rx_venn_abers_at(va, rows->x[i], &p0, &p1);
        if (!(p0 >= 0 && p0 <= p1 && p1 <= 1)) {
            abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t n = size / 4 < MAX_ROWS ? size / 4 : MAX_ROWS;
    for (size_t i = 0; i < n; i++) {
        int16_t mantissa;
        memcpy(&mantissa, data + 4 * i, 2);
        x[i] = ldexp(mantissa, data[4 * i + 2] % 32 - 20);
        y[i] = data[4 * i + 3] & 1;
        p[i] = 1 / (1 + exp(-x[i]));
    }
    if (n == 0) {
        return 0;
    }
    struct rx_quality m;
    if (rx_quality_compute(p, y, n, (double)NAN, 0.95, &m, NULL) < 0 || !(m.brier >= 0) ||
        !(m.log_loss >= 0) || m.auc < 0 || m.auc > 1) {
        abort();
    }
    check_fits(&(struct rx_cal_rows){n, x, y, NULL});
    return 0;
}
