// SPDX-License-Identifier: Apache-2.0
/*
 * The only file that includes libyaml. It has no limits of its own, so depth, nodes and documents
 * are counted here on its events, before anything is built.
 */
#include "common/yaml/yaml.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <yaml.h>

#include "common/base/map.h"
#include "common/json/write.h"
#include "common/yaml/scalar.h"

#define HIGHEST_DEPTH 256u

struct level {
    bool mapping;
    bool want_value; /* mapping: a key was read */
    size_t children;
    uint64_t id; /* tells the keys of this mapping from those of others */
};

struct reader {
    yaml_parser_t parser;
    struct rx_yaml_limits limits;
    struct rx_buf *out;
    struct rx_map *keys; /* owned: mapping id + key of every key of the document */
    struct rx_error *err;
    struct level stack[HIGHEST_DEPTH];
    unsigned depth;
    size_t nodes, documents, written;
    uint64_t next_id;
};

static int refuse(const struct reader *reader, const yaml_mark_t *mark, int code, const char *what)
{
    return rx_error_set(reader->err, code, "line %zu column %zu: %s", mark->line + 1,
                        mark->column + 1, what);
}

static int refuse_number(const struct reader *reader, const yaml_mark_t *mark, const char *what,
                         size_t bound)
{
    char text[96];
    (void)snprintf(text, sizeof(text), "more than %zu %s", bound, what);
    return refuse(reader, mark, RX_ELIMIT, text);
}

static int parser_error(const struct reader *reader)
{
    const yaml_parser_t *parser = &reader->parser;
    if (parser->error == YAML_MEMORY_ERROR) {
        return rx_error_errno(reader->err, ENOMEM, "YAML");
    }
    if (parser->error == YAML_READER_ERROR) {
        return rx_error_set(reader->err, RX_EPARSE, "byte %zu: %s", parser->problem_offset,
                            parser->problem ? parser->problem : "not valid UTF-8");
    }
    return refuse(reader, &parser->problem_mark, RX_EPARSE,
                  parser->problem ? parser->problem : "not valid YAML");
}

static struct level *top(struct reader *reader)
{
    return reader->depth ? &reader->stack[reader->depth - 1] : NULL;
}

/* Comma or colon in front of a node that is no key; notes that the level has one more child. */
static void place_value(struct reader *reader)
{
    struct level *level = top(reader);
    if (!level) {
        if (reader->written++ > 0) {
            rx_buf_putc(reader->out, ',');
        }
        return;
    }
    if (level->mapping) {
        level->want_value = false;
        return;
    }
    if (level->children++ > 0) {
        rx_buf_putc(reader->out, ',');
    }
}

static int check_node(struct reader *reader, const yaml_event_t *event, const yaml_char_t *anchor)
{
    if (anchor) {
        return refuse(reader, &event->start_mark, RX_EINVALID, "anchors are not supported");
    }
    if (++reader->nodes > reader->limits.max_nodes) {
        return refuse_number(reader, &event->start_mark, "nodes", reader->limits.max_nodes);
    }
    return 0;
}

static int remember_key(struct reader *reader, const yaml_event_t *event, struct rx_str key)
{
    rx_auto(buf) struct rx_buf name = RX_BUF_INIT(reader->limits.max_bytes + sizeof(uint64_t));
    rx_buf_add(&name, &top(reader)->id, sizeof(uint64_t));
    rx_buf_add_str(&name, key);
    int r = rx_buf_error(&name, reader->err);
    if (r < 0) {
        return r;
    }
    if (rx_map_get(reader->keys, rx_buf_str(&name))) {
        key.n = key.n > 64 ? 64 : key.n;
        return rx_error_set(
            reader->err, RX_EINVALID, "line %zu column %zu: duplicate key \"" RX_STR_FMT "\"",
            event->start_mark.line + 1, event->start_mark.column + 1, RX_STR_ARG(key));
    }
    /* Any value that is not NULL will do. */
    r = rx_map_set(reader->keys, rx_buf_str(&name), reader->keys);
    return r < 0 ? rx_error_errno(reader->err, ENOMEM, "YAML") : 0;
}

static int on_key(struct reader *reader, const yaml_event_t *event, struct rx_str key)
{
    struct level *level = top(reader);
    if (rx_str_is(key, "<<") && event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE) {
        return refuse(reader, &event->start_mark, RX_EINVALID, "merge keys are not supported");
    }
    int r = remember_key(reader, event, key);
    if (r < 0) {
        return r;
    }
    if (level->children++ > 0) {
        rx_buf_putc(reader->out, ',');
    }
    rx_json_add_string(reader->out, key);
    rx_buf_putc(reader->out, ':');
    level->want_value = true;
    return 0;
}

static int on_scalar(struct reader *reader, const yaml_event_t *event)
{
    struct rx_str text = {(const char *)event->data.scalar.value, event->data.scalar.length};
    const char *tag = (const char *)event->data.scalar.tag;
    bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    int r = check_node(reader, event, event->data.scalar.anchor);
    if (r < 0) {
        return r;
    }
    if (top(reader) && top(reader)->mapping && !top(reader)->want_value) {
        if (tag && !rx_yaml_is_string_tag(tag)) {
            return refuse(reader, &event->start_mark, RX_EINVALID, "tags on keys must be !!str");
        }
        return on_key(reader, event, text);
    }
    if (!top(reader) && plain && text.n == 0 && !tag) {
        return 0; /* an empty document */
    }
    place_value(reader);
    const char *why = NULL;
    r = rx_yaml_add_scalar(reader->out, text, plain, tag, &why);
    return r < 0 ? refuse(reader, &event->start_mark, r, why) : 0;
}

static int on_start(struct reader *reader, const yaml_event_t *event)
{
    bool mapping = event->type == YAML_MAPPING_START_EVENT;
    const char *tag =
        (const char *)(mapping ? event->data.mapping_start.tag : event->data.sequence_start.tag);
    int r =
        check_node(reader, event,
                   mapping ? event->data.mapping_start.anchor : event->data.sequence_start.anchor);
    if (r < 0) {
        return r;
    }
    if (tag && strcmp(tag, mapping ? YAML_MAP_TAG : YAML_SEQ_TAG) != 0 && strcmp(tag, "!") != 0) {
        return refuse(reader, &event->start_mark, RX_EINVALID, "unknown tag");
    }
    if (top(reader) && top(reader)->mapping && !top(reader)->want_value) {
        return refuse(reader, &event->start_mark, RX_EINVALID, "keys must be scalars");
    }
    if (reader->depth >= reader->limits.max_depth) {
        return refuse_number(reader, &event->start_mark, "levels of nesting",
                             reader->limits.max_depth);
    }
    place_value(reader);
    reader->stack[reader->depth++] = (struct level){.mapping = mapping, .id = reader->next_id++};
    rx_buf_putc(reader->out, mapping ? '{' : '[');
    return 0;
}

static int on_event(struct reader *reader, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        rx_map_clear(reader->keys);
        if (++reader->documents > reader->limits.max_documents) {
            return refuse_number(reader, &event->start_mark, "documents",
                                 reader->limits.max_documents);
        }
        return 0;
    case YAML_ALIAS_EVENT:
        return refuse(reader, &event->start_mark, RX_EINVALID, "aliases are not supported");
    case YAML_SCALAR_EVENT:
        return on_scalar(reader, event);
    case YAML_MAPPING_START_EVENT:
    case YAML_SEQUENCE_START_EVENT:
        return on_start(reader, event);
    case YAML_MAPPING_END_EVENT:
    case YAML_SEQUENCE_END_EVENT:
        rx_buf_putc(reader->out, event->type == YAML_MAPPING_END_EVENT ? '}' : ']');
        reader->depth--;
        return 0;
    default:
        return 0;
    }
}

static int read_events(struct reader *reader)
{
    for (bool more = true; more;) {
        yaml_event_t event;
        if (!yaml_parser_parse(&reader->parser, &event)) {
            return parser_error(reader);
        }
        int r = on_event(reader, &event);
        more = event.type != YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
        r = r < 0 ? r : rx_buf_error(reader->out, reader->err);
        if (r < 0) {
            return r;
        }
    }
    return 0;
}

static struct rx_yaml_limits with_defaults(const struct rx_yaml_limits *limits)
{
    struct rx_yaml_limits made = limits ? *limits : (struct rx_yaml_limits){0};
    made.max_bytes = made.max_bytes ? made.max_bytes : 4u << 20;
    made.max_depth = made.max_depth ? made.max_depth : 64;
    made.max_depth = made.max_depth < HIGHEST_DEPTH ? made.max_depth : HIGHEST_DEPTH;
    made.max_nodes = made.max_nodes ? made.max_nodes : 200000;
    made.max_documents = made.max_documents ? made.max_documents : 100;
    return made;
}

int rx_yaml_to_json(struct rx_str text, const struct rx_yaml_limits *limits,
                    struct rx_buf *ret_json, struct rx_error *err)
{
    struct reader reader = {.limits = with_defaults(limits), .out = ret_json, .err = err};
    if (text.n > reader.limits.max_bytes) {
        return rx_error_set(err, RX_ELIMIT, "YAML of %zu bytes: at most %zu are accepted", text.n,
                            reader.limits.max_bytes);
    }
    if (rx_str_starts(text, RX_STR("\xef\xbb\xbf"))) {
        text.p += 3;
        text.n -= 3;
    }
    reader.keys = rx_map_new(reader.limits.max_nodes, NULL);
    if (!reader.keys || !yaml_parser_initialize(&reader.parser)) {
        rx_map_free(reader.keys);
        return rx_error_errno(err, ENOMEM, "YAML");
    }
    /* Told, not detected: a byte order mark must not switch to UTF-16. */
    yaml_parser_set_encoding(&reader.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reader.parser, (const unsigned char *)(text.p ? text.p : ""),
                                 text.n);
    rx_buf_putc(ret_json, '[');
    int r = read_events(&reader);
    rx_buf_putc(ret_json, ']');
    yaml_parser_delete(&reader.parser);
    rx_map_free(reader.keys);
    return r < 0 ? r : rx_buf_error(ret_json, err);
}
