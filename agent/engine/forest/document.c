// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/forest/document.h"

struct rx_doc rx_doc_json(const struct rx_json *value)
{
    return (struct rx_doc){.json = value};
}

struct rx_doc rx_doc_ubj(const struct rx_ubj *value)
{
    return (struct rx_doc){.ubj = value};
}

enum rx_json_type rx_doc_type(struct rx_doc value)
{
    return value.ubj ? rx_ubj_type(value.ubj) : rx_json_type(value.json);
}

const char *rx_doc_type_name(struct rx_doc value)
{
    static const char *const names[] = {
        [RX_JSON_MISSING] = "nothing", [RX_JSON_NULL] = "null",       [RX_JSON_BOOL] = "a boolean",
        [RX_JSON_INT] = "an integer",  [RX_JSON_REAL] = "a number",   [RX_JSON_STR] = "a string",
        [RX_JSON_ARRAY] = "an array",  [RX_JSON_OBJECT] = "an object"};
    return names[rx_doc_type(value)];
}

struct rx_doc rx_doc_get(struct rx_doc object, const char *key)
{
    return object.ubj ? rx_doc_ubj(rx_ubj_get(object.ubj, key))
                      : rx_doc_json(rx_json_get(object.json, key));
}

size_t rx_doc_len(struct rx_doc container)
{
    return container.ubj ? rx_ubj_len(container.ubj) : rx_json_len(container.json);
}

struct rx_str rx_doc_str(struct rx_doc value)
{
    return value.ubj ? rx_ubj_str(value.ubj) : rx_json_str(value.json);
}

double rx_doc_double(struct rx_doc value, double fallback)
{
    if (value.ubj) {
        return rx_ubj_double(value.ubj, fallback);
    }
    if (rx_json_type(value.json) == RX_JSON_BOOL) {
        return rx_json_bool(value.json, false) ? 1 : 0;
    }
    return rx_json_double(value.json, fallback);
}

struct rx_doc_iter rx_doc_iter_of(struct rx_doc container)
{
    struct rx_doc_iter iter = {.is_ubj = container.ubj != NULL, .index = SIZE_MAX};
    if (iter.is_ubj) {
        rx_ubj_iter_init(&iter.ubj, container.ubj);
    } else {
        rx_json_iter_init(&iter.json, container.json);
    }
    return iter;
}

bool rx_doc_next(struct rx_doc_iter *iter)
{
    bool more = iter->is_ubj ? rx_ubj_iter_next(&iter->ubj) : rx_json_iter_next(&iter->json);
    if (more) {
        iter->value = iter->is_ubj ? rx_doc_ubj(iter->ubj.value) : rx_doc_json(iter->json.value);
        iter->index++;
    }
    return more;
}
