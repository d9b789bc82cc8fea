// SPDX-License-Identifier: Apache-2.0
/*
 * Configuration from one static table: it drives flags, environment, file, --help, GET /api/info
 * and the docs page. Precedence: flag > environment > file > default. A table's rows are one
 * program's settings; `target` is the offset of the field in the program's own settings struct.
 * Errors name the setting, where it came from and what was expected.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/error.h"

enum rx_config_type {
    RX_CONFIG_STR,      /* char *, owned by the settings struct; max = length in bytes */
    RX_CONFIG_I64,      /* int64_t */
    RX_CONFIG_DOUBLE,   /* double */
    RX_CONFIG_BOOL,     /* bool */
    RX_CONFIG_DURATION, /* int64_t, milliseconds; min and max too */
    RX_CONFIG_ENUM,     /* int, index in choices */
    RX_CONFIG_JSON,     /* char *, JSON text kept as it is and checked by its user; max = length */
};

struct rx_config_row {
    const char *key; /* dotted, as in the file: "server.listen" */
    const char *env; /* "RADARX_LISTEN"; a second name after a comma is accepted too: "LOG_LEVEL" */
    const char *flag; /* "--listen"; NULL = none */
    enum rx_config_type type;
    int64_t min, max;           /* both 0 = no bounds */
    const char *def;            /* parsed like any value; NULL = unset */
    const char *const *choices; /* RX_CONFIG_ENUM, NULL-terminated */
    size_t target;              /* offsetof(struct settings, field) */
    bool secret;                /* shown as "[set]"; not accepted as a flag */
    bool reloadable;
    const char *help;
};

struct rx_config_table {
    const struct rx_config_row *rows;
    size_t n;
};

/* Sets every field from its default. settings: zeroed. */
int rx_config_defaults(const struct rx_config_table *table, void *settings, struct rx_error *err)
    RX_MUST_CHECK;
/* Looks each env name up with getenv; the first that is set and not empty counts. */
int rx_config_env(const struct rx_config_table *table, void *settings, struct rx_error *err)
    RX_MUST_CHECK;
/*
 * Takes "--flag value" and "--flag=value" from argv[1..]; "--flag" alone sets a bool. Stops at the
 * first non-flag and stores its index (argc when none). An unknown flag is an error.
 */
int rx_config_args(const struct rx_config_table *table, void *settings, int argc, char **argv,
                   int *ret_index, struct rx_error *err) RX_MUST_CHECK;
/* One dotted key with its text, as the file reader calls it; `from` names the source in errors. */
int rx_config_set(const struct rx_config_table *table, void *settings, struct rx_str key,
                  struct rx_str value, const char *from, struct rx_error *err) RX_MUST_CHECK;
/* Frees the owned strings. */
void rx_config_free(const struct rx_config_table *table, void *settings);

/* The --help block: one row a setting with its flag, environment, type, range, default and help. */
void rx_config_help(const struct rx_config_table *table, struct rx_buf *out);
/* The docs page's Markdown table. */
void rx_config_markdown(const struct rx_config_table *table, struct rx_buf *out);
/* What a row's value must be: "an integer from 0 to 64". malloc'd; NULL when out of memory. */
char *rx_config_describe(const struct rx_config_row *row) RX_MUST_CHECK;
/* "1h30m", "300ms", "0s". */
void rx_config_add_duration(struct rx_buf *out, int64_t ms);
/* Text of a current value ("[set]" / "" for secrets), appended to out. */
void rx_config_show(const struct rx_config_row *row, const void *settings, struct rx_buf *out);
