// SPDX-License-Identifier: Apache-2.0
/* A model from anywhere loads and evaluates, or is refused with a message. The input is the model's
 * own JSON: the frame and the digest are put around it, so that what lies behind them is reached.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "agent/engine/model/explain.h"
#include "common/base/sha256.h"

static void check_row(const struct rx_model *model, const double *x,
                      struct rx_model_scratch *scratch)
{
    struct rx_estimate out[RX_MODEL_MAX_TARGETS];
    struct rx_explanation why;
    rx_model_eval(model, x, 1, scratch, out);
    for (size_t t = 0; t < rx_model_targets(model); t++) {
        if (!(out[t].lo >= 0 && out[t].lo <= out[t].p && out[t].p <= out[t].hi && out[t].hi <= 1)) {
            abort();
        }
        rx_model_explain(model, t, x, out, scratch, 5, &why);
        if (!isfinite(why.base) || !isfinite(why.log_odds) || why.n > RX_F_MAX + 1) {
            abort();
        }
    }
}

static void check(const struct rx_model *model)
{
    struct rx_model_scratch *scratch = NULL;
    if (rx_model_scratch_new(model, &scratch, NULL) < 0) {
        return;
    }
    for (int round = 0; round < 3; round++) {
        double x[RX_F_MAX];
        for (int i = 0; i < RX_F_MAX; i++) {
            x[i] = round == 0 ? RX_NAN : round == 1 ? i : -1e300;
        }
        check_row(model, x, scratch);
    }
    rx_model_scratch_free(scratch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 128);
    char digest[65];
    if (!text) {
        return 0;
    }
    rx_sha256_hex(data, size, digest);
    const int head = snprintf(text, 128, "{\"sha256\":\"%s\",\"model\":", digest);
    if (size > 0) {
        memcpy(text + head, data, size);
    }
    text[(size_t)head + size] = '}';
    struct rx_model *model = NULL;
    struct rx_error err = {0};
    if (rx_model_load((struct rx_str){text, (size_t)head + size + 1}, &model, &err) == 0) {
        check(model);
    } else if (err.msg[0] == 0) {
        abort();
    }
    rx_model_free(model);
    free(text);
    return 0;
}
