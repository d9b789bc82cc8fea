// SPDX-License-Identifier: Apache-2.0
/*
 * Recorded values that tests compare with: files below RADARX_DATA, or ../shared/data beside the
 * project. A test that needs one which is absent says so and is skipped. For layers that link json.
 */
#pragma once

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/json/read.h"
#include "tests/support/test.h"

/* The path of a recorded file in a static buffer, or NULL when it is absent. */
static inline const char *oracle_path(const char *name)
{
    static char path[1024];
    const char *root = getenv("RADARX_DATA");
    if (root) {
        snprintf(path, sizeof(path), "%s/%s", root, name);
    } else {
        snprintf(path, sizeof(path), "%s/../shared/data/%s", RX_SOURCE_DIR, name);
    }
    return access(path, R_OK) == 0 ? path : NULL;
}

/* The parsed file; skips the running test when it is absent. Free with rx_json_doc_free. */
static inline struct rx_json_doc *oracle_json(const char *name)
{
    const char *path = oracle_path(name);
    if (!path) {
        print_message("no recorded data: %s (set RADARX_DATA)\n", name);
        skip();
    }
    struct rx_error err = {0};
    struct rx_json_doc *doc = NULL;
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(64u << 20);
    assert_ok(rx_file_read(path, &text, &err), &err);
    assert_ok(rx_json_parse(rx_buf_str(&text), NULL, &doc, &err), &err);
    return doc;
}

/* |actual - expected| <= relative |expected|, both finite. */
#define assert_close(actual, expected, relative)                                                   \
    do {                                                                                           \
        const double rx_a_ = (actual), rx_e_ = (expected);                                         \
        if (!(fabs(rx_a_ - rx_e_) <= (relative)*fabs(rx_e_))) {                                    \
            fail_msg("%s: expected %.17g, got %.17g", #actual, rx_e_, rx_a_);                      \
        }                                                                                          \
    } while (0)
