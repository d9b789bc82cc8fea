// SPDX-License-Identifier: Apache-2.0
/*
 * Inside of the model loader: reads the members of one JSON object and remembers the first thing
 * that is wrong, with its place: "targets[1].heads[0].bias: a number from ... expected".
 */
#pragma once

#include <stdbool.h>

#include "agent/engine/model/model_core.h"
#include "common/json/read.h"

#define RX_MODEL_LARGE 1e9 /* no coefficient, bound or moment of a sane model comes near */

struct rx_model_reader {
    const struct rx_json *object;
    struct rx_arena *arena; /* borrowed: what is read is kept there */
    struct rx_error *err;
    int rc;          /* 0, or what the first failure returned */
    char where[128]; /* "targets[1].heads[0]." or "" */
};

void rx_model_reader_init(struct rx_model_reader *reader, const struct rx_json *object,
                          struct rx_arena *arena, struct rx_error *err);
/* A reader of one member or array item of another's object, with its place behind the other's. */
void rx_model_reader_sub(struct rx_model_reader *reader, const struct rx_model_reader *outer,
                         const struct rx_json *object, const char *place, ...) RX_PRINTF(4, 5);
/* Takes over the failure of a reader that rx_model_reader_sub made; the code. */
int rx_model_reader_join(struct rx_model_reader *reader, const struct rx_model_reader *sub);

/* "WHERE.KEY: EXPECTED"; the first failure stays. */
void rx_model_refuse(struct rx_model_reader *reader, const char *key, const char *expected, ...)
    RX_PRINTF(3, 4);
double rx_model_number(struct rx_model_reader *reader, const char *key, double min, double max);
/* The same for a member that may be absent. */
double rx_model_number_or(struct rx_model_reader *reader, const char *key, double min, double max,
                          double fallback);
void rx_model_text(struct rx_model_reader *reader, const char *key, char *out, size_t size);
void rx_model_exact(struct rx_model_reader *reader, const char *key, const char *wanted);
/* The index of the member's text among n names; -1 and a failure when it is none of them. */
int rx_model_choice(struct rx_model_reader *reader, const char *key, const char *const *names,
                    size_t n);
/* An array with min to max items; NULL and a failure otherwise. */
const struct rx_json *rx_model_array(struct rx_model_reader *reader, const char *key, size_t min,
                                     size_t max, size_t *ret_n);
/* An array of min to max finite numbers in the arena. */
const double *rx_model_numbers(struct rx_model_reader *reader, const char *key, size_t min,
                               size_t max, size_t *ret_n);
/* Zeroed memory; NULL and a failure when there is none. */
void *rx_model_alloc(struct rx_model_reader *reader, size_t n, size_t size);

/* load_transform.c */
void rx_model_read_transform(struct rx_model_reader *reader, struct rx_transform *out);
/* load_component.c: all of "components" into the model, the columns too. */
void rx_model_read_components(struct rx_model_reader *reader, struct rx_model *model);
/* load_target.c: all of "targets", and the plan of what is evaluated. */
void rx_model_read_targets(struct rx_model_reader *reader, struct rx_model *model);
