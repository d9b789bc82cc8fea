// SPDX-License-Identifier: Apache-2.0
/* What people read of a configuration table: --help, the docs page, current values. */
#include "common/base/config.h"

void rx_config_add_duration(struct rx_buf *out, int64_t ms)
{
    static const struct {
        const char *name;
        int64_t ms;
    } units[] = {{"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};
    if (ms == 0) {
        rx_buf_puts(out, "0s");
    }
    for (size_t i = 0; i < RX_ARRAY_LEN(units); i++) {
        int64_t count = ms / units[i].ms;
        if (count > 0) {
            rx_buf_printf(out, "%lld%s", (long long)count, units[i].name);
        }
        ms -= count * units[i].ms;
    }
}

void rx_config_show(const struct rx_config_row *row, const void *settings, struct rx_buf *out)
{
    const void *field = (const char *)settings + row->target;
    switch (row->type) {
    case RX_CONFIG_STR:
    case RX_CONFIG_JSON: {
        const char *text = *(char *const *)field;
        if (row->secret) {
            rx_buf_puts(out, text && *text ? "[set]" : "");
        } else {
            rx_buf_puts(out, text ? text : "");
        }
        return;
    }
    case RX_CONFIG_BOOL:
        rx_buf_puts(out, *(const bool *)field ? "true" : "false");
        return;
    case RX_CONFIG_ENUM:
        rx_buf_puts(out, row->choices[*(const int *)field]);
        return;
    case RX_CONFIG_DOUBLE:
        rx_buf_add_double(out, *(const double *)field);
        return;
    case RX_CONFIG_DURATION:
        rx_config_add_duration(out, *(const int64_t *)field);
        return;
    case RX_CONFIG_I64:
        rx_buf_add_i64(out, *(const int64_t *)field);
        return;
    }
}

static void add_expected(struct rx_buf *out, const struct rx_config_row *row)
{
    rx_autofree char *text = rx_config_describe(row);
    if (text) {
        rx_buf_puts(out, text);
    }
}

void rx_config_help(const struct rx_config_table *table, struct rx_buf *out)
{
    for (size_t i = 0; i < table->n; i++) {
        const struct rx_config_row *row = &table->rows[i];
        rx_buf_printf(out, "  %s\n", row->flag && !row->secret ? row->flag : row->key);
        rx_buf_printf(out, "      %s\n      ", row->help);
        add_expected(out, row);
        if (row->def && *row->def && !row->secret) {
            rx_buf_printf(out, "; default %s", row->def);
        }
        rx_buf_puts(out, "\n");
        rx_buf_printf(out, "      file: %s", row->key);
        if (row->env) {
            rx_buf_printf(out, "; environment: %s", row->env);
        }
        rx_buf_puts(out, "\n");
    }
}

/* A table cell: no newline, bars escaped. */
static void add_cell(struct rx_buf *out, const char *text)
{
    rx_buf_puts(out, " ");
    for (; *text; text++) {
        if (*text == '|') {
            rx_buf_putc(out, '\\');
        }
        rx_buf_putc(out, *text == '\n' ? ' ' : *text);
    }
    rx_buf_puts(out, " |");
}

static void add_code_cell(struct rx_buf *out, const char *text)
{
    rx_auto(buf) struct rx_buf cell = RX_BUF_INIT(65536);
    if (text && *text) {
        rx_buf_printf(&cell, "`%s`", text);
    }
    add_cell(out, rx_buf_str(&cell).p);
}

void rx_config_markdown(const struct rx_config_table *table, struct rx_buf *out)
{
    rx_buf_puts(out, "| setting | environment | flag | value | default | reload | meaning |\n"
                     "| --- | --- | --- | --- | --- | --- | --- |\n");
    for (size_t i = 0; i < table->n; i++) {
        const struct rx_config_row *row = &table->rows[i];
        rx_autofree char *expected = rx_config_describe(row);
        rx_buf_putc(out, '|');
        add_code_cell(out, row->key);
        add_code_cell(out, row->env);
        add_code_cell(out, row->secret ? NULL : row->flag);
        add_cell(out, expected ? expected : "");
        add_code_cell(out, row->secret ? NULL : row->def);
        add_cell(out, row->reloadable ? "yes" : "no");
        add_cell(out, row->help);
        rx_buf_putc(out, '\n');
    }
}
