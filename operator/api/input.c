// SPDX-License-Identifier: Apache-2.0
#include "operator/api/input.h"

#include <errno.h>
#include <stdlib.h>

#include "common/base/file.h"
#include "common/yaml/yaml.h"

struct rx_input {
    struct rx_json_doc *doc; /* owned */
    size_t n;
    const struct rx_json *objects[RX_INPUT_OBJECTS_MAX]; /* borrowed from doc */
};

static int add(struct rx_input *input, const struct rx_json *object, struct rx_error *err)
{
    if (input->n == RX_INPUT_OBJECTS_MAX) {
        return rx_error_set(err, RX_ELIMIT, "more than %d objects", RX_INPUT_OBJECTS_MAX);
    }
    input->objects[input->n++] = object;
    return 0;
}

static int add_document(struct rx_input *input, const struct rx_json *document,
                        struct rx_error *err)
{
    const struct rx_json *kind = rx_json_get(document, "kind");
    const struct rx_json *items = rx_json_get(document, "items");
    int r = 0;

    if (!rx_str_ends(rx_json_str(kind), RX_STR("List")) || rx_json_type(items) != RX_JSON_ARRAY) {
        return add(input, document, err);
    }
    RX_JSON_FOREACH (item, items) {
        r = r < 0 ? r : add(input, item.value, err);
    }
    return r;
}

static int parse(struct rx_str text, struct rx_input *input, struct rx_error *err)
{
    rx_auto(buf) struct rx_buf json = RX_BUF_INIT(4 * RX_INPUT_BYTES_MAX);
    const struct rx_yaml_limits limits = {.max_bytes = RX_INPUT_BYTES_MAX};

    int r = rx_yaml_to_json(text, &limits, &json, err);
    if (r == 0) {
        r = rx_json_parse(rx_buf_str(&json), NULL, &input->doc, err);
    }
    if (r < 0) {
        return r;
    }
    RX_JSON_FOREACH (document, rx_json_root(input->doc)) {
        r = r < 0 ? r : add_document(input, document.value, err);
    }
    return r;
}

static int read_objects(const char *path, struct rx_input *input, struct rx_error *err)
{
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(RX_INPUT_BYTES_MAX);

    int r = rx_file_read(path, &text, err);
    if (r < 0) {
        return r;
    }
    r = parse(rx_buf_str(&text), input, err);
    return r < 0 ? rx_error_wrap(err, "%s", path) : 0;
}

int rx_input_read(const char *path, struct rx_input **ret, struct rx_error *err)
{
    struct rx_input *input = calloc(1, sizeof(*input));

    if (!input) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    int r = read_objects(path, input, err);
    if (r < 0) {
        rx_input_free(input);
        return r;
    }
    *ret = input;
    return 0;
}

void rx_input_free(struct rx_input *input)
{
    if (input) {
        rx_json_doc_free(input->doc);
        free(input);
    }
}

size_t rx_input_count(const struct rx_input *input)
{
    return input->n;
}

const struct rx_json *rx_input_object(const struct rx_input *input, size_t index)
{
    return input->objects[index];
}
