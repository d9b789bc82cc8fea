// SPDX-License-Identifier: Apache-2.0
/* The parts of `radarx-agent model`. */
#pragma once

#include "agent/offline/matrix.h"
#include "agent/offline/model_file.h"

struct rx_model_arguments {
    const char *model, *input;
    const char *output; /* NULL: standard output, or a table for people */
    bool margin, json;
    int64_t iterations; /* see struct rx_forest_options */
    enum rx_matrix_header header;
    uint64_t rows, top; /* of the explanations for people */
};

/* 0, or an error whose message is for people. */
int rx_model_predict(const struct rx_model_arguments *args, struct rx_error *err) RX_MUST_CHECK;
int rx_model_explain_rows(const struct rx_model_arguments *args, struct rx_error *err)
    RX_MUST_CHECK;

/* Opens the input for the model: by its names, else by position. */
int rx_model_open_input(const struct rx_model_arguments *args, const struct rx_model_file *file,
                        struct rx_matrix **ret, struct rx_error *err) RX_MUST_CHECK;
/* rx_matrix_next, and refuses what the model cannot read. */
int rx_model_next_row(struct rx_matrix *matrix, const struct rx_model_file *file, double *row,
                      struct rx_str *ret_line, struct rx_error *err) RX_MUST_CHECK;
