// SPDX-License-Identifier: Apache-2.0
/* A model file from anywhere loads and evaluates, or is refused with a message. The digest is made
 * right first, so that what lies behind it is reached. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "agent/engine/model/model.h"
#include "common/base/sha256.h"

#define KEY "\"sha256\": \""

static void check(const struct rx_model *model)
{
    double x[RX_F_MAX];
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < RX_F_MAX; i++) {
            x[i] = round == 0 ? RX_NAN : round == 1 ? i : -1e300;
        }
        for (size_t t = 0; t < rx_model_targets(model); t++) {
            struct rx_estimate e = rx_model_eval(model, t, x, 1);
            if (!(e.lo >= 0 && e.lo <= e.p && e.p <= e.hi && e.hi <= 1)) {
                abort();
            }
            struct rx_contribution out[RX_F_MAX];
            if (rx_model_explain(model, t, x, out, RX_F_MAX) != rx_model_inputs(model, t)) {
                abort();
            }
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1);
    if (!text) {
        return 0;
    }
    if (size > 0) {
        memcpy(text, data, size);
    }
    char *at = memmem(text, size, KEY, strlen(KEY));
    if (at && (size_t)(at - text) + strlen(KEY) + 64 <= size) {
        char digest[65];
        memset(at + strlen(KEY), '0', 64);
        rx_sha256_hex(text, size, digest);
        memcpy(at + strlen(KEY), digest, 64);
    }
    struct rx_model *model = NULL;
    struct rx_error err = {0};
    int rc = rx_model_load((struct rx_str){text, size}, &model, &err);
    if (rc == 0) {
        check(model);
    } else if (err.msg[0] == 0) {
        abort();
    }
    rx_model_free(model);
    free(text);
    return 0;
}
