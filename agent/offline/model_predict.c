// SPDX-License-Identifier: Apache-2.0
/* radarx-agent model predict: the input's rows with the model's outputs behind them, in blocks. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "agent/offline/model_commands.h"
#include "agent/offline/out_file.h"

#define BLOCK_ROWS    512u
#define BLOCK_NUMBERS (1u << 18) /* inputs and outputs of a block, when a row has fewer */
#define BLOCK_BYTES   (8u << 20) /* of the rows' text; one more row may be as long as a line */

struct block {
    struct rx_model_file *file;
    bool margin;
    size_t inputs, outputs, cap, n;
    double *rows, *out; /* owned */
    struct rx_buf text; /* the rows as they came, each with a line feed */
    struct rx_buf done; /* the rows as they go */
};

static void block_free(struct block *block)
{
    free(block->rows);
    free(block->out);
    rx_buf_free(&block->text);
    rx_buf_free(&block->done);
}

static int block_init(struct block *block, struct rx_model_file *file, bool margin,
                      struct rx_error *err)
{
    size_t outputs = rx_model_file_outputs(file, margin);
    size_t width = file->inputs + outputs + 1;
    size_t cap = BLOCK_NUMBERS / width;
    cap = cap > BLOCK_ROWS ? BLOCK_ROWS : cap;
    cap = cap > 0 ? cap : 1;
    *block = (struct block){
        .file = file,
        .margin = margin,
        .inputs = file->inputs,
        .outputs = outputs,
        .cap = cap,
        .text = RX_BUF_INIT(BLOCK_BYTES + RX_MATRIX_MAX_LINE + 1),
        .done = RX_BUF_INIT(BLOCK_BYTES + RX_MATRIX_MAX_LINE + 32 * (outputs * cap + 1))};
    block->rows = calloc(cap * file->inputs + 1, sizeof(double));
    block->out = calloc(cap * outputs + 1, sizeof(double));
    return block->rows && block->out ? 0 : rx_error_set(err, -ENOMEM, "out of memory");
}

static int block_flush(struct block *block, struct rx_out_file *out, struct rx_error *err)
{
    rx_model_file_predict(block->file, block->rows, block->n, block->margin, block->out);
    struct rx_str rest = rx_buf_str(&block->text);
    struct rx_str line;
    rx_buf_clear(&block->done);
    for (size_t i = 0; i < block->n; i++) {
        (void)rx_str_cut(&rest, '\n', &line);
        rx_buf_add_str(&block->done, line);
        for (size_t j = 0; j < block->outputs; j++) {
            rx_buf_printf(&block->done, ",%.9g", block->out[i * block->outputs + j]);
        }
        rx_buf_putc(&block->done, '\n');
    }
    block->n = 0;
    rx_buf_clear(&block->text);
    int rc = rx_buf_error(&block->done, err);
    return rc < 0 ? rc : rx_out_file_write(out, rx_buf_str(&block->done), err);
}

static int write_header(const struct block *block, const struct rx_matrix *matrix,
                        struct rx_out_file *out, struct rx_error *err)
{
    struct rx_str header = rx_matrix_header(matrix);
    if (!header.p) {
        return 0;
    }
    rx_auto(buf) struct rx_buf text =
        RX_BUF_INIT(RX_MATRIX_MAX_LINE + 64u * (RX_FOREST_MAX_OUTPUTS + 1));
    rx_buf_add_str(&text, header);
    for (size_t i = 0; i < block->outputs; i++) {
        rx_buf_putc(&text, ',');
        rx_model_file_output_name(block->file, block->margin, i, &text);
    }
    rx_buf_putc(&text, '\n');
    int rc = rx_buf_error(&text, err);
    return rc < 0 ? rc : rx_out_file_write(out, rx_buf_str(&text), err);
}

int rx_model_open_input(const struct rx_model_arguments *args, const struct rx_model_file *file,
                        struct rx_matrix **ret, struct rx_error *err)
{
    /* Bundles are made for rows that lack groups of features; other models are not. */
    enum rx_matrix_absent absent = file->bundle ? RX_ABSENT_MISSING : RX_ABSENT_REFUSED;
    int rc = rx_matrix_open(args->input, file->names, file->inputs, args->header, absent, ret, err);
    if (rc == 0 && !rx_matrix_by_name(*ret) && rx_matrix_columns(*ret) > file->inputs) {
        fprintf(stderr, "radarx-agent model: %s: %zu columns, the first %zu are taken\n",
                args->input, rx_matrix_columns(*ret), file->inputs);
    }
    return rc;
}

int rx_model_next_row(struct rx_matrix *matrix, const struct rx_model_file *file, double *row,
                      struct rx_str *ret_line, struct rx_error *err)
{
    int rc = rx_matrix_next(matrix, row, ret_line, err);
    for (size_t i = 0; rc == 1 && i < file->inputs; i++) {
        if (!rx_model_file_accepts(file, row[i])) {
            return rx_matrix_error(matrix, i, RX_ELIMIT, err,
                                   "beyond float32, the precision of XGBoost's inputs");
        }
    }
    return rc;
}

static int predict_rows(struct block *block, struct rx_matrix *matrix, struct rx_out_file *out,
                        struct rx_error *err)
{
    struct rx_str line;
    for (;;) {
        double *row = block->rows + block->n * block->inputs;
        int rc = rx_model_next_row(matrix, block->file, row, &line, err);
        if (rc < 0) {
            return rc;
        }
        if (rc == 1) {
            rx_buf_add_str(&block->text, line);
            rx_buf_putc(&block->text, '\n');
            block->n++;
        }
        if (rc == 0 || block->n == block->cap || block->text.n >= BLOCK_BYTES) {
            int done = rx_buf_error(&block->text, err);
            done = done < 0 ? done : block_flush(block, out, err);
            if (done < 0 || rc == 0) {
                return done;
            }
        }
    }
}

int rx_model_predict(const struct rx_model_arguments *args, struct rx_error *err)
{
    rx_auto(model_file) struct rx_model_file file = {0};
    rx_auto(matrix) struct rx_matrix *matrix = NULL;
    rx_auto(out_file) struct rx_out_file out = {0};
    int rc = rx_model_file_load(args->model, args->iterations, &file, err);
    if (rc == 0) {
        rc = rx_model_open_input(args, &file, &matrix, err);
    }
    if (rc == 0) {
        rc = rx_out_file_open(args->output ? args->output : "-", &out, err);
    }
    if (rc < 0) {
        return rc;
    }
    struct block block;
    rc = block_init(&block, &file, args->margin, err);
    if (rc == 0) {
        rc = write_header(&block, matrix, &out, err);
    }
    if (rc == 0) {
        rc = predict_rows(&block, matrix, &out, err);
    }
    block_free(&block);
    return rc < 0 ? rc : rx_out_file_commit(&out, err);
}
