// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/forest/lightgbm_text.h"

#include <float.h>
#include <inttypes.h>

#include "common/base/parse.h"

/* So much of a faulty word is shown. */
#define SHOWN 40u

static struct rx_str shown(struct rx_str text)
{
    return (struct rx_str){text.p, text.n < SHOWN ? text.n : SHOWN};
}

bool rx_lgb_line(struct rx_str *rest, struct rx_str *ret_line)
{
    if (rest->n == 0 || !rx_str_cut(rest, '\n', ret_line)) {
        return false;
    }
    if (ret_line->n > 0 && ret_line->p[ret_line->n - 1] == '\r') {
        ret_line->n--;
    }
    return true;
}

static bool ends_fields(struct rx_str line)
{
    return rx_str_starts(line, RX_STR("Tree=")) || rx_str_is(line, "end of trees");
}

static int add_field(struct rx_lgb_fields *fields, struct rx_str line, struct rx_error *err)
{
    struct rx_lgb_field field = {line, {NULL, 0}};
    ptrdiff_t at = rx_str_find(line, '=');
    if (at >= 0) {
        field.key = (struct rx_str){line.p, (size_t)at};
        field.value = (struct rx_str){line.p + at + 1, line.n - (size_t)at - 1};
    }
    for (size_t i = 0; i < fields->n; i++) {
        if (rx_str_eq(fields->rows[i].key, field.key)) {
            return rx_error_set(err, RX_EPARSE, "\"" RX_STR_FMT "\" comes twice",
                                RX_STR_ARG(shown(field.key)));
        }
    }
    if (fields->n == RX_LGB_MAX_FIELDS) {
        return rx_error_set(err, RX_ELIMIT, "more than %u lines", RX_LGB_MAX_FIELDS);
    }
    fields->rows[fields->n++] = field;
    return 0;
}

static void skip_empty(struct rx_str *rest)
{
    struct rx_str before = *rest;
    struct rx_str line;
    while (rx_lgb_line(rest, &line) && line.n == 0) {
        before = *rest;
    }
    *rest = before;
}

int rx_lgb_fields_read(struct rx_str *rest, struct rx_lgb_fields *ret, struct rx_error *err)
{
    ret->n = 0;
    struct rx_str before = *rest;
    struct rx_str line;
    while (rx_lgb_line(rest, &line) && line.n > 0 && !ends_fields(line)) {
        int r = add_field(ret, line, err);
        if (r < 0) {
            return r;
        }
        before = *rest;
    }
    *rest = before;
    skip_empty(rest);
    return 0;
}

const struct rx_lgb_field *rx_lgb_find(const struct rx_lgb_fields *fields, const char *key)
{
    for (size_t i = 0; i < fields->n; i++) {
        if (rx_str_is(fields->rows[i].key, key)) {
            return &fields->rows[i];
        }
    }
    return NULL;
}

int rx_lgb_need(const struct rx_lgb_fields *fields, const char *key, struct rx_str *ret,
                struct rx_error *err)
{
    const struct rx_lgb_field *field = rx_lgb_find(fields, key);
    if (!field || !field->value.p) {
        return rx_error_set(err, RX_EINVALID, "%s: missing; expected \"%s=...\"", key, key);
    }
    *ret = field->value;
    return 0;
}

int rx_lgb_int(const struct rx_lgb_fields *fields, const char *key, int64_t min, int64_t max,
               int64_t *ret, struct rx_error *err)
{
    struct rx_str text = {NULL, 0};
    int r = rx_lgb_need(fields, key, &text, err);
    if (r < 0) {
        return r;
    }
    r = rx_parse_i64(text, min, max, ret);
    if (r < 0) {
        return rx_error_set(
            err, r, "%s: expected a whole number %" PRId64 "..%" PRId64 ", got \"" RX_STR_FMT "\"",
            key, min, max, RX_STR_ARG(shown(text)));
    }
    return 0;
}

int rx_lgb_list_open(const struct rx_lgb_fields *fields, const char *key, size_t expected,
                     struct rx_lgb_list *ret, struct rx_error *err)
{
    *ret = (struct rx_lgb_list){.key = key, .expected = expected};
    return rx_lgb_need(fields, key, &ret->rest, err);
}

/* The next word, empty when there is none. */
static struct rx_str next_word(struct rx_lgb_list *list)
{
    struct rx_str word = {NULL, 0};
    while (word.n == 0 && list->rest.n > 0 && rx_str_cut(&list->rest, ' ', &word)) {
    }
    return word;
}

static int next_number(struct rx_lgb_list *list, struct rx_str *ret, struct rx_error *err)
{
    *ret = next_word(list);
    if (ret->n == 0) {
        return rx_error_set(err, RX_EINVALID, "%s: expected %zu numbers, got %zu", list->key,
                            list->expected, list->at);
    }
    list->at++;
    return 0;
}

int rx_lgb_list_int(struct rx_lgb_list *list, int64_t min, int64_t max, int64_t *ret,
                    struct rx_error *err)
{
    struct rx_str word;
    int r = next_number(list, &word, err);
    if (r == 0 && rx_parse_i64(word, min, max, ret) < 0) {
        r = rx_error_set(err, RX_EINVALID,
                         "%s: number %zu: expected a whole number %" PRId64 "..%" PRId64
                         ", got \"" RX_STR_FMT "\"",
                         list->key, list->at, min, max, RX_STR_ARG(shown(word)));
    }
    return r;
}

static int to_double(const struct rx_lgb_list *list, struct rx_str word, double *ret,
                     struct rx_error *err)
{
    if (rx_parse_double(word, ret) < 0) {
        return rx_error_set(err, RX_EINVALID,
                            "%s: number %zu: expected a finite number, got \"" RX_STR_FMT "\"",
                            list->key, list->at, RX_STR_ARG(shown(word)));
    }
    return 0;
}

int rx_lgb_list_double(struct rx_lgb_list *list, double *ret, struct rx_error *err)
{
    struct rx_str word;
    int r = next_number(list, &word, err);
    return r < 0 ? r : to_double(list, word, ret, err);
}

int rx_lgb_list_bound(struct rx_lgb_list *list, double *ret, struct rx_error *err)
{
    struct rx_str word;
    int r = next_number(list, &word, err);
    if (r == 0 && rx_str_is(word, "inf")) {
        *ret = DBL_MAX;
        return 0;
    }
    return r < 0 ? r : to_double(list, word, ret, err);
}

int rx_lgb_list_close(struct rx_lgb_list *list, struct rx_error *err)
{
    size_t left = 0;
    while (next_word(list).n > 0) {
        left++;
    }
    if (left > 0) {
        return rx_error_set(err, RX_EINVALID, "%s: expected %zu numbers, got %zu", list->key,
                            list->expected, list->at + left);
    }
    return 0;
}

size_t rx_lgb_words(struct rx_str text)
{
    struct rx_lgb_list list = {.rest = text};
    size_t n = 0;
    while (next_word(&list).n > 0) {
        n++;
    }
    return n;
}
