// SPDX-License-Identifier: Apache-2.0
/*
 * The lines of a LightGBM model file: "key=value" rows and lists of numbers separated by spaces.
 * Only views into the text; nothing is owned. Thread-safe: no shared state.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/str.h"

#define RX_LGB_MAX_FIELDS 64u /* rows of the header or of one tree; LightGBM writes up to 22 */

struct rx_lgb_field {
    struct rx_str key, value; /* value.p is NULL when the line has no "=" */
};

struct rx_lgb_fields {
    size_t n;
    struct rx_lgb_field rows[RX_LGB_MAX_FIELDS];
};

/* Cuts the next line, without "\n" or "\r\n". False at the end of the text. */
bool rx_lgb_line(struct rx_str *rest, struct rx_str *ret_line);

/*
 * Reads rows up to an empty line, or one that starts with "Tree=" or is "end of trees" and stays in
 * *rest; then skips empty lines. A row's key may not come twice. RX_EPARSE, RX_ELIMIT.
 */
int rx_lgb_fields_read(struct rx_str *rest, struct rx_lgb_fields *ret, struct rx_error *err)
    RX_MUST_CHECK;

/* The row of a key, or NULL. */
const struct rx_lgb_field *rx_lgb_find(const struct rx_lgb_fields *fields, const char *key);

/* The value of a key that must be there; RX_EINVALID names it. */
int rx_lgb_need(const struct rx_lgb_fields *fields, const char *key, struct rx_str *ret,
                struct rx_error *err) RX_MUST_CHECK;

/* One whole number min..max under a key that must be there. */
int rx_lgb_int(const struct rx_lgb_fields *fields, const char *key, int64_t min, int64_t max,
               int64_t *ret, struct rx_error *err) RX_MUST_CHECK;

/* A list that is being read, for messages too. */
struct rx_lgb_list {
    const char *key;
    struct rx_str rest;
    size_t expected, at; /* numbers in all; read so far */
};

/* Opens the list under a key that must be there. */
int rx_lgb_list_open(const struct rx_lgb_fields *fields, const char *key, size_t expected,
                     struct rx_lgb_list *ret, struct rx_error *err) RX_MUST_CHECK;
/* The next number; RX_EINVALID when there is none, it is no such number or out of min..max. */
int rx_lgb_list_int(struct rx_lgb_list *list, int64_t min, int64_t max, int64_t *ret,
                    struct rx_error *err) RX_MUST_CHECK;
int rx_lgb_list_double(struct rx_lgb_list *list, double *ret, struct rx_error *err) RX_MUST_CHECK;
/* A bound for "value <= bound" of finite values: "inf" is read as the largest of them. */
int rx_lgb_list_bound(struct rx_lgb_list *list, double *ret, struct rx_error *err) RX_MUST_CHECK;
/* Nothing may follow. */
int rx_lgb_list_close(struct rx_lgb_list *list, struct rx_error *err) RX_MUST_CHECK;

/* Words separated by single spaces in the text. */
size_t rx_lgb_words(struct rx_str text);
