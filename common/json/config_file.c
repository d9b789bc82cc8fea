// SPDX-License-Identifier: Apache-2.0
#include "common/json/config_file.h"

#include <stdio.h>

#include "common/json/read.h"
#include "common/json/write.h"

#define MAX_KEY   256u
#define MAX_VALUE (1u << 20)

struct reader {
    const struct rx_config_table *table;
    void *settings;
    const char *from;
    struct rx_error *err;
};

static const struct rx_config_row *find_row(const struct rx_config_table *table, const char *key)
{
    for (size_t i = 0; i < table->n; i++) {
        if (strcmp(table->rows[i].key, key) == 0) {
            return &table->rows[i];
        }
    }
    return NULL;
}

static bool is_section(const struct rx_config_table *table, const char *key)
{
    size_t n = strlen(key);
    for (size_t i = 0; i < table->n; i++) {
        if (strncmp(table->rows[i].key, key, n) == 0 && table->rows[i].key[n] == '.') {
            return true;
        }
    }
    return false;
}

static int refuse(const struct reader *reader, const char *key, const char *expected,
                  const struct rx_json *value)
{
    return rx_error_set(reader->err, RX_EINVALID, "setting %s (%s): expected %s, not %s", key,
                        reader->from, expected, rx_json_type_name(value));
}

static bool is_scalar(const struct rx_json *value)
{
    enum rx_json_type type = rx_json_type(value);
    return type == RX_JSON_BOOL || type == RX_JSON_INT || type == RX_JSON_REAL ||
           type == RX_JSON_STR;
}

static void add_scalar(struct rx_buf *out, const struct rx_json *value)
{
    if (rx_json_type(value) == RX_JSON_STR) {
        rx_buf_add_str(out, rx_json_str(value));
        return;
    }
    struct rx_jw w;
    rx_jw_init(&w, out);
    rx_jw_value(&w, value);
}

static int set_scalar(const struct reader *reader, const char *key, const struct rx_json *value)
{
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(MAX_VALUE);
    if (rx_json_type(value) == RX_JSON_ARRAY) {
        RX_JSON_FOREACH (it, value) {
            if (!is_scalar(it.value)) {
                return refuse(reader, key, "an array of scalars", it.value);
            }
            struct rx_str item = rx_json_str(it.value);
            if (rx_str_find(item, ',') >= 0) {
                return rx_error_set(reader->err, RX_EINVALID,
                                    "setting %s (%s): expected elements without commas", key,
                                    reader->from);
            }
            rx_buf_puts(&text, it.index ? "," : "");
            add_scalar(&text, it.value);
        }
    } else if (is_scalar(value)) {
        add_scalar(&text, value);
    } else {
        return refuse(reader, key, "a scalar", value);
    }
    int r = rx_buf_error(&text, reader->err);
    return r < 0 ? r
                 : rx_config_set(reader->table, reader->settings, rx_str_of(key), rx_buf_str(&text),
                                 reader->from, reader->err);
}

static int set_json(const struct reader *reader, const char *key, const struct rx_json *value)
{
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(MAX_VALUE);
    struct rx_jw w;
    rx_jw_init(&w, &text);
    rx_jw_value(&w, value);
    int r = rx_buf_error(&text, reader->err);
    return r < 0 ? r
                 : rx_config_set(reader->table, reader->settings, rx_str_of(key), rx_buf_str(&text),
                                 reader->from, reader->err);
}

/* Recursion is bounded by the document's depth. */
static int read_object(const struct reader *reader, const char *prefix,
                       const struct rx_json *object)
{
    RX_JSON_FOREACH (it, object) {
        char key[MAX_KEY];
        int n = snprintf(key, sizeof(key), "%s%s" RX_STR_FMT, prefix, *prefix ? "." : "",
                         RX_STR_ARG(it.key));
        const struct rx_config_row *row = n > 0 ? find_row(reader->table, key) : NULL;
        if (n < 0 || (size_t)n >= sizeof(key) || (!row && !is_section(reader->table, key))) {
            return rx_error_set(reader->err, RX_EINVALID, "setting %s (%s): unknown", key,
                                reader->from);
        }
        enum rx_json_type type = rx_json_type(it.value);
        if (type == RX_JSON_NULL) {
            continue;
        }
        int r;
        if (row) {
            r = row->type == RX_CONFIG_JSON ? set_json(reader, key, it.value)
                                            : set_scalar(reader, key, it.value);
        } else {
            r = type == RX_JSON_OBJECT ? read_object(reader, key, it.value)
                                       : refuse(reader, key, "an object", it.value);
        }
        if (r < 0) {
            return r;
        }
    }
    return 0;
}

int rx_config_json(const struct rx_config_table *table, void *settings, struct rx_str text,
                   const char *from, struct rx_error *err)
{
    rx_auto(json_doc) struct rx_json_doc *doc = NULL;
    int r = rx_json_parse(text, NULL, &doc, err);
    if (r < 0) {
        (void)rx_error_wrap(err, "%s", from); /* r is the code already */
        return r;
    }
    const struct rx_json *root = rx_json_root(doc);
    if (rx_json_type(root) != RX_JSON_OBJECT) {
        return rx_error_set(err, RX_EINVALID, "%s: expected an object, not %s", from,
                            rx_json_type_name(root));
    }
    struct reader reader = {table, settings, from, err};
    return read_object(&reader, "", root);
}
