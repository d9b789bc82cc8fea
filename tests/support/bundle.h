// SPDX-License-Identifier: Apache-2.0
/* The small model of tests/golden/agent/model.json (made by make_bundle.py), whole or changed. For
 * unit tests; failures fail the running test. */
#pragma once

#include "agent/engine/model/model.h"
#include "common/base/file.h"
#include "common/base/sha256.h"
#include "tests/support/test.h"

#define BUNDLE_FILE RX_SOURCE_DIR "/tests/golden/agent/model.json"
#define BUNDLE_HEAD 85 /* bytes before the model's own JSON */

static inline void bundle_read(struct rx_buf *out)
{
    struct rx_error err = {0};
    assert_ok(rx_file_read(BUNDLE_FILE, out, &err), &err);
}

/* Makes the digest right again. */
static inline void bundle_sign(struct rx_buf *bundle)
{
    char digest[65];
    assert_true(bundle->n > BUNDLE_HEAD + 2);
    rx_sha256_hex(bundle->p + BUNDLE_HEAD, bundle->n - BUNDLE_HEAD - 2, digest);
    memcpy(bundle->p + 11, digest, 64);
}

/* Replaces the first `from` by `to` and signs. */
static inline void bundle_change(struct rx_buf *bundle, const char *from, const char *to)
{
    const char *at = memmem(bundle->p, bundle->n, from, strlen(from));
    if (!at) {
        fail_msg("the bundle lacks %s", from);
        return;
    }
    const size_t before = (size_t)(at - bundle->p), after = before + strlen(from);
    struct rx_buf whole = RX_BUF_INIT(1 << 22);
    rx_buf_add(&whole, bundle->p, before);
    rx_buf_puts(&whole, to);
    rx_buf_add(&whole, bundle->p + after, bundle->n - after);
    rx_buf_free(bundle);
    *bundle = whole;
    bundle_sign(bundle);
}

static inline struct rx_model *bundle_load(const struct rx_buf *bundle)
{
    struct rx_model *model = NULL;
    struct rx_error err = {0};
    assert_ok(rx_model_load(rx_buf_str(bundle), &model, &err), &err);
    return model;
}

static inline struct rx_model *bundle_model(void)
{
    rx_auto(buf) struct rx_buf bundle = RX_BUF_INIT(1 << 22);
    bundle_read(&bundle);
    return bundle_load(&bundle);
}

static inline struct rx_model_scratch *bundle_scratch(const struct rx_model *model)
{
    struct rx_model_scratch *scratch = NULL;
    struct rx_error err = {0};
    assert_ok(rx_model_scratch_new(model, &scratch, &err), &err);
    return scratch;
}

static inline void bundle_missing(double x[RX_F_MAX])
{
    for (int i = 0; i < RX_F_MAX; i++) {
        x[i] = RX_NAN;
    }
}
