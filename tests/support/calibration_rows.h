// SPDX-License-Identifier: Apache-2.0
/* The rows and the expected values of tests/fixtures/calibration. */
#pragma once

#include "agent/engine/calibration/isotonic.h"
#include "tests/support/oracle.h"

#define CAL_DIR  RX_SOURCE_DIR "/tests/fixtures/calibration/"
#define CAL_ROWS 900

static double cal_x[CAL_ROWS], cal_y[CAL_ROWS];

/* Fills cal_x and cal_y and returns the expected values; free with rx_json_doc_free. */
static inline struct rx_json_doc *cal_load(void)
{
    FILE *file = fopen(CAL_DIR "rows.csv", "r");
    assert_non_null(file);
    char line[64];
    assert_non_null(fgets(line, sizeof(line), file));
    for (size_t i = 0; i < CAL_ROWS; i++) {
        assert_non_null(fgets(line, sizeof(line), file));
        assert_int_equal(sscanf(line, "%lf,%lf", &cal_x[i], &cal_y[i]), 2);
    }
    assert_int_equal(fclose(file), 0);
    struct rx_error err = {0};
    struct rx_json_doc *doc = NULL;
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(1u << 20);
    assert_ok(rx_file_read(CAL_DIR "expected.json", &text, &err), &err);
    assert_ok(rx_json_parse(rx_buf_str(&text), NULL, &doc, &err), &err);
    return doc;
}

static inline double cal_number(const struct rx_json *object, const char *path)
{
    return rx_json_double(rx_json_at(object, path), (double)NAN);
}
