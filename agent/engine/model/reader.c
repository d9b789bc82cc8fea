// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/model/reader.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define EXPECTED 200

void rx_model_reader_init(struct rx_model_reader *reader, const struct rx_json *object,
                          struct rx_arena *arena, struct rx_error *err)
{
    *reader = (struct rx_model_reader){.object = object, .arena = arena, .err = err};
}

void rx_model_reader_sub(struct rx_model_reader *reader, const struct rx_model_reader *outer,
                         const struct rx_json *object, const char *place, ...)
{
    char last[64];
    va_list args;
    rx_model_reader_init(reader, object, outer->arena, outer->err);
    reader->rc = outer->rc;
    va_start(args, place);
    vsnprintf(last, sizeof(last), place, args);
    va_end(args);
    snprintf(reader->where, sizeof(reader->where), "%.80s%.40s", outer->where, last);
}

int rx_model_reader_join(struct rx_model_reader *reader, const struct rx_model_reader *sub)
{
    if (reader->rc == 0) {
        reader->rc = sub->rc;
    }
    return reader->rc;
}

void rx_model_refuse(struct rx_model_reader *reader, const char *key, const char *expected, ...)
{
    if (reader->rc == 0) {
        char text[EXPECTED];
        va_list args;
        va_start(args, expected);
        vsnprintf(text, sizeof(text), expected, args);
        va_end(args);
        reader->rc = rx_error_set(reader->err, RX_EINVALID, "%s%s: %s", reader->where, key, text);
    }
}

double rx_model_number(struct rx_model_reader *reader, const char *key, double min, double max)
{
    const double value = rx_json_double(rx_json_get(reader->object, key), RX_NAN);
    if (!(value >= min && value <= max)) {
        rx_model_refuse(reader, key, "a number from %g to %g expected", min, max);
        return min;
    }
    return value;
}

double rx_model_number_or(struct rx_model_reader *reader, const char *key, double min, double max,
                          double fallback)
{
    return rx_json_get(reader->object, key) ? rx_model_number(reader, key, min, max) : fallback;
}

void rx_model_text(struct rx_model_reader *reader, const char *key, char *out, size_t size)
{
    const struct rx_str value = rx_json_str(rx_json_get(reader->object, key));
    if (!value.p || value.n == 0 || value.n >= size || memchr(value.p, 0, value.n)) {
        rx_model_refuse(reader, key, "a string of 1 to %zu bytes expected", size - 1);
        return;
    }
    memcpy(out, value.p, value.n);
    out[value.n] = 0;
}

void rx_model_exact(struct rx_model_reader *reader, const char *key, const char *wanted)
{
    if (!rx_str_is(rx_json_str(rx_json_get(reader->object, key)), wanted)) {
        rx_model_refuse(reader, key, "\"%s\" expected", wanted);
    }
}

int rx_model_choice(struct rx_model_reader *reader, const char *key, const char *const *names,
                    size_t n)
{
    const struct rx_str value = rx_json_str(rx_json_get(reader->object, key));
    char list[EXPECTED] = "";
    size_t used = 0;
    for (size_t i = 0; i < n; i++) {
        if (rx_str_is(value, names[i])) {
            return (int)i;
        }
        const int wrote =
            snprintf(list + used, sizeof(list) - used, "%s%s", i ? ", " : "", names[i]);
        used += wrote > 0 && (size_t)wrote < sizeof(list) - used ? (size_t)wrote : 0;
    }
    rx_model_refuse(reader, key, "one of %s expected", list);
    return -1;
}

const struct rx_json *rx_model_array(struct rx_model_reader *reader, const char *key, size_t min,
                                     size_t max, size_t *ret_n)
{
    const struct rx_json *array = rx_json_get(reader->object, key);
    *ret_n = rx_json_len(array);
    if (rx_json_type(array) != RX_JSON_ARRAY || *ret_n < min || *ret_n > max) {
        rx_model_refuse(reader, key, "an array of %zu to %zu expected", min, max);
        *ret_n = 0;
        return NULL;
    }
    return array;
}

const double *rx_model_numbers(struct rx_model_reader *reader, const char *key, size_t min,
                               size_t max, size_t *ret_n)
{
    size_t at = 0;
    const struct rx_json *array = rx_model_array(reader, key, min, max, ret_n);
    double *values = array ? rx_model_alloc(reader, *ret_n, sizeof(double)) : NULL;
    if (!values) {
        return NULL;
    }
    RX_JSON_FOREACH (item, array) {
        const double value = rx_json_double(item.value, RX_NAN);
        if (!(fabs(value) <= 1e300)) {
            rx_model_refuse(reader, key, "item %zu: a number from -1e300 to 1e300 expected", at);
            return NULL;
        }
        values[at++] = value;
    }
    return values;
}

void *rx_model_alloc(struct rx_model_reader *reader, size_t n, size_t size)
{
    void *memory = reader->rc == 0 ? rx_arena_alloc(reader->arena, n * size) : NULL;
    if (!memory && reader->rc == 0) {
        reader->rc = rx_error_set(reader->err, -ENOMEM, "model: out of memory");
    }
    return memory;
}
