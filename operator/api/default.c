// SPDX-License-Identifier: Apache-2.0
/* Defaults of a structural schema, and the nulls that the apiserver drops before it validates. */
#include "common/json/write.h"
#include "operator/api/check.h"
#include "operator/api/crd.h"

static void write_value(struct rx_jw *w, const struct rx_json *schema, const struct rx_json *value);

static bool is_null(const struct rx_json *value)
{
    return rx_json_type(value) == RX_JSON_NULL;
}

/* Whether the member stays: a null where none is allowed goes, and its default comes instead. */
static bool keeps(const struct rx_json *schema, const struct rx_json *value)
{
    return !is_null(value) || !schema || rx_json_bool(rx_json_get(schema, "nullable"), false);
}

static void write_object(struct rx_jw *w, const struct rx_json *schema,
                         const struct rx_json *object)
{
    const struct rx_json *properties = rx_json_get(schema, "properties");

    rx_jw_begin_object(w);
    RX_JSON_FOREACH (member, object) {
        const struct rx_json *inner = rx_schema_member(schema, member.key);
        if (keeps(inner, member.value)) {
            rx_jw_key_str(w, member.key);
            write_value(w, inner, member.value);
        }
    }
    RX_JSON_FOREACH (property, properties) {
        const struct rx_json *value = rx_json_get_n(object, property.key);
        const struct rx_json *fallback = rx_json_get(property.value, "default");
        if (fallback && (!value || !keeps(property.value, value))) {
            rx_jw_key_str(w, property.key);
            rx_jw_value(w, fallback);
        }
    }
    rx_jw_end_object(w);
}

static void write_value(struct rx_jw *w, const struct rx_json *schema, const struct rx_json *value)
{
    if (rx_json_type(value) == RX_JSON_OBJECT) {
        write_object(w, schema, value);
    } else if (rx_json_type(value) == RX_JSON_ARRAY) {
        rx_jw_begin_array(w);
        RX_JSON_FOREACH (item, value) {
            write_value(w, rx_json_get(schema, "items"), item.value);
        }
        rx_jw_end_array(w);
    } else {
        rx_jw_value(w, value);
    }
}

int rx_default(const struct rx_json *object, struct rx_buf *ret_json, struct rx_error *err)
{
    const struct rx_json *schema = NULL;
    struct rx_jw w;

    int r = rx_crd_schema(rx_json_str(rx_json_get(object, "kind")), &schema, err);
    if (r < 0) {
        return r;
    }
    rx_jw_init(&w, ret_json);
    write_value(&w, schema, object);
    return rx_buf_error(ret_json, err);
}
