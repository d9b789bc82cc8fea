// SPDX-License-Identifier: Apache-2.0
#include "common/base/config.h"

#include <errno.h>

#include "common/base/parse.h"

#define DEFAULT_MAX_TEXT 4096
#define DEFAULT_MAX_JSON 65536

/* Where a value came from, for errors. */
struct origin {
    const struct rx_config_row *row;
    const char *from;
};

static void *target(const struct rx_config_row *row, void *settings)
{
    return (char *)settings + row->target;
}

/* "setting log.level (LOG_LEVEL): expected ..."; the value itself may be a secret. */
static int refuse(const struct origin *at, int code, const char *expected, struct rx_error *err)
{
    return rx_error_set(err, code, "setting %s (%s): expected %s", at->row->key, at->from,
                        expected);
}

static void describe_range(const struct rx_config_row *row, struct rx_buf *out)
{
    bool bounded = row->min != 0 || row->max != 0;
    switch (row->type) {
    case RX_CONFIG_STR:
        rx_buf_printf(out, "text of at most %lld bytes",
                      (long long)(row->max > 0 ? row->max : DEFAULT_MAX_TEXT));
        break;
    case RX_CONFIG_JSON:
        rx_buf_printf(out, "JSON of at most %lld bytes",
                      (long long)(row->max > 0 ? row->max : DEFAULT_MAX_JSON));
        break;
    case RX_CONFIG_I64:
    case RX_CONFIG_DOUBLE:
        rx_buf_puts(out, row->type == RX_CONFIG_I64 ? "an integer" : "a number");
        if (bounded) {
            rx_buf_printf(out, " from %lld to %lld", (long long)row->min, (long long)row->max);
        }
        break;
    case RX_CONFIG_BOOL:
        rx_buf_puts(out, "true or false");
        break;
    case RX_CONFIG_DURATION:
        rx_buf_puts(out, "a duration like 1h30m");
        if (bounded) {
            rx_buf_puts(out, " from ");
            rx_config_add_duration(out, row->min);
            rx_buf_puts(out, " to ");
            rx_config_add_duration(out, row->max);
        }
        break;
    case RX_CONFIG_ENUM:
        rx_buf_puts(out, "one of ");
        for (size_t i = 0; row->choices[i]; i++) {
            rx_buf_printf(out, "%s%s", i ? ", " : "", row->choices[i]);
        }
        break;
    }
}

static int refuse_form(const struct origin *at, int code, struct rx_error *err)
{
    char *expected = rx_config_describe(at->row);
    int r = refuse(at, code, expected ? expected : "another value", err);
    free(expected);
    return r;
}

char *rx_config_describe(const struct rx_config_row *row)
{
    rx_auto(buf) struct rx_buf out = RX_BUF_INIT(1024);
    describe_range(row, &out);
    return rx_buf_take(&out);
}

static int set_text(const struct origin *at, void *settings, struct rx_str value,
                    struct rx_error *err)
{
    int64_t fallback = at->row->type == RX_CONFIG_JSON ? DEFAULT_MAX_JSON : DEFAULT_MAX_TEXT;
    int64_t max = at->row->max > 0 ? at->row->max : fallback;
    if (value.n > (size_t)max) {
        return refuse_form(at, RX_ELIMIT, err);
    }
    if (!rx_str_is_utf8(value)) {
        return refuse(at, RX_EPARSE, "UTF-8 text without NUL", err);
    }
    char *copy = rx_str_dup(value);
    if (!copy) {
        return rx_error_errno(err, ENOMEM, "setting %s (%s)", at->row->key, at->from);
    }
    char **field = target(at->row, settings);
    free(*field);
    *field = copy;
    return 0;
}

static int set_enum(const struct origin *at, void *settings, struct rx_str value,
                    struct rx_error *err)
{
    for (int i = 0; at->row->choices[i]; i++) {
        if (rx_str_is(value, at->row->choices[i])) {
            *(int *)target(at->row, settings) = i;
            return 0;
        }
    }
    return refuse_form(at, RX_EPARSE, err);
}

static int set_number(const struct origin *at, void *settings, struct rx_str value,
                      struct rx_error *err)
{
    const struct rx_config_row *row = at->row;
    bool bounded = row->min != 0 || row->max != 0;
    int64_t min = bounded ? row->min : INT64_MIN;
    int64_t max = bounded ? row->max : INT64_MAX;
    int r;
    if (row->type == RX_CONFIG_DOUBLE) {
        double parsed = 0;
        r = rx_parse_double(value, &parsed);
        if (r == 0 && bounded && (parsed < (double)min || parsed > (double)max)) {
            r = RX_ELIMIT;
        }
        if (r == 0) {
            *(double *)target(row, settings) = parsed;
        }
    } else if (row->type == RX_CONFIG_DURATION) {
        r = rx_parse_duration_ms(value, min, max, target(row, settings));
    } else {
        r = rx_parse_i64(value, min, max, target(row, settings));
    }
    return r < 0 ? refuse_form(at, r, err) : 0;
}

static int set_row(const struct origin *at, void *settings, struct rx_str value,
                   struct rx_error *err)
{
    switch (at->row->type) {
    case RX_CONFIG_STR:
    case RX_CONFIG_JSON:
        return set_text(at, settings, value, err);
    case RX_CONFIG_ENUM:
        return set_enum(at, settings, value, err);
    case RX_CONFIG_BOOL:
        if (rx_parse_bool(value, target(at->row, settings)) < 0) {
            return refuse_form(at, RX_EPARSE, err);
        }
        return 0;
    case RX_CONFIG_I64:
    case RX_CONFIG_DOUBLE:
    case RX_CONFIG_DURATION:
        return set_number(at, settings, value, err);
    }
    return refuse(at, RX_EINVALID, "a known type", err);
}

int rx_config_defaults(const struct rx_config_table *table, void *settings, struct rx_error *err)
{
    for (size_t i = 0; i < table->n; i++) {
        const struct rx_config_row *row = &table->rows[i];
        if (!row->def) {
            continue;
        }
        int r = set_row(&(struct origin){row, "default"}, settings, rx_str_of(row->def), err);
        if (r < 0) {
            return r;
        }
    }
    return 0;
}

static int set_from_env(const struct rx_config_row *row, void *settings, struct rx_error *err)
{
    struct rx_str rest = rx_str_of(row->env);
    struct rx_str part;
    while (rx_str_cut(&rest, ',', &part)) {
        rx_autofree char *name = rx_str_dup(rx_str_trim(part));
        if (!name) {
            return rx_error_errno(err, ENOMEM, "setting %s", row->key);
        }
        const char *value = getenv(name);
        if (value && *value) {
            return set_row(&(struct origin){row, name}, settings, rx_str_of(value), err);
        }
    }
    return 0;
}

int rx_config_env(const struct rx_config_table *table, void *settings, struct rx_error *err)
{
    for (size_t i = 0; i < table->n; i++) {
        if (table->rows[i].env) {
            int r = set_from_env(&table->rows[i], settings, err);
            if (r < 0) {
                return r;
            }
        }
    }
    return 0;
}

static const struct rx_config_row *find_flag(const struct rx_config_table *table,
                                             struct rx_str flag)
{
    for (size_t i = 0; i < table->n; i++) {
        const struct rx_config_row *row = &table->rows[i];
        if (row->flag && !row->secret && rx_str_is(flag, row->flag)) {
            return row;
        }
    }
    return NULL;
}

int rx_config_args(const struct rx_config_table *table, void *settings, int argc, char **argv,
                   int *ret_index, struct rx_error *err)
{
    int i = 1;
    while (i < argc && argv[i][0] == '-' && argv[i][1] != '\0') {
        if (strcmp(argv[i], "--") == 0) {
            i++;
            break;
        }
        struct rx_str value = rx_str_of(argv[i]);
        struct rx_str flag;
        (void)rx_str_cut(&value, '=', &flag); /* never exhausted at the first cut */
        const struct rx_config_row *row = find_flag(table, flag);
        if (!row) {
            return rx_error_set(err, RX_EINVALID, "unknown flag " RX_STR_FMT, RX_STR_ARG(flag));
        }
        if (!value.p && row->type == RX_CONFIG_BOOL) {
            value = RX_STR("true");
        } else if (!value.p && ++i < argc) {
            value = rx_str_of(argv[i]);
        } else if (!value.p) {
            return rx_error_set(err, RX_EINVALID, "flag %s needs a value", row->flag);
        }
        int r = set_row(&(struct origin){row, row->flag}, settings, value, err);
        if (r < 0) {
            return r;
        }
        i++;
    }
    *ret_index = i;
    return 0;
}

int rx_config_set(const struct rx_config_table *table, void *settings, struct rx_str key,
                  struct rx_str value, const char *from, struct rx_error *err)
{
    for (size_t i = 0; i < table->n; i++) {
        if (rx_str_is(key, table->rows[i].key)) {
            return set_row(&(struct origin){&table->rows[i], from}, settings, value, err);
        }
    }
    return rx_error_set(err, RX_EINVALID, "setting " RX_STR_FMT " (%s): unknown", RX_STR_ARG(key),
                        from);
}

void rx_config_free(const struct rx_config_table *table, void *settings)
{
    for (size_t i = 0; i < table->n; i++) {
        const struct rx_config_row *row = &table->rows[i];
        if (row->type == RX_CONFIG_STR || row->type == RX_CONFIG_JSON) {
            char **field = target(row, settings);
            free(*field);
            *field = NULL;
        }
    }
}
