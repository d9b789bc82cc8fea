// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/forest/ubjson.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/arena.h"
#include "common/base/parse.h"

/* Memory of the tree of values, as a multiple of the file: a document of many tiny values is not
 * a model. */
#define MEMORY_FACTOR 16u
#define MEMORY_BASE   (1u << 20)

struct rx_ubj_doc {
    struct rx_arena *arena; /* owned */
    const struct rx_ubj *root;
};

struct parser {
    struct rx_str bytes;
    size_t at;
    unsigned depth;
    struct rx_arena *arena;
    struct rx_error *err;
};

/* Header of a container: '$' type and '#' count, both optional. */
struct header {
    unsigned char type; /* 0 = each value brings its own */
    bool counted;
    size_t n;
};

static int parse_value(struct parser *p, unsigned char type, struct rx_ubj *out);

static int refuse(const struct parser *p, const char *what)
{
    return rx_error_set(p->err, RX_EPARSE, "byte %zu: %s", p->at, what);
}

static size_t left(const struct parser *p)
{
    return p->bytes.n - p->at;
}

/* The next marker; no-ops are skipped. */
static int take_marker(struct parser *p, unsigned char *ret)
{
    while (left(p) > 0 && p->bytes.p[p->at] == 'N') {
        p->at++;
    }
    if (left(p) == 0) {
        return refuse(p, "the file ends inside a value");
    }
    *ret = (unsigned char)p->bytes.p[p->at++];
    return 0;
}

/* Bytes of a number of this type; 0 = not a number of fixed size. */
static size_t size_of(unsigned char type)
{
    switch (type) {
    case 'i':
    case 'U':
        return 1;
    case 'I':
        return 2;
    case 'l':
    case 'd':
        return 4;
    case 'L':
    case 'D':
        return 8;
    default:
        return 0;
    }
}

static uint64_t big_endian(const unsigned char *bytes, size_t n)
{
    uint64_t value = 0;
    for (size_t i = 0; i < n; i++) {
        value = value << 8 | bytes[i];
    }
    return value;
}

static int64_t integer_of(unsigned char type, const unsigned char *bytes)
{
    uint64_t raw = big_endian(bytes, size_of(type));
    switch (type) {
    case 'i':
        return (int8_t)raw;
    case 'I':
        return (int16_t)raw;
    case 'l':
        return (int32_t)raw;
    default:
        return (int64_t)raw; /* U, L */
    }
}

static double number_of(unsigned char type, const unsigned char *bytes)
{
    if (type == 'd') {
        uint32_t raw = (uint32_t)big_endian(bytes, 4);
        float value;
        memcpy(&value, &raw, sizeof(value));
        return (double)value;
    }
    if (type == 'D') {
        uint64_t raw = big_endian(bytes, 8);
        double value;
        memcpy(&value, &raw, sizeof(value));
        return value;
    }
    return (double)integer_of(type, bytes);
}

static int take_bytes(struct parser *p, size_t n, const unsigned char **ret)
{
    if (n > left(p)) {
        return refuse(p, "the file ends inside a value");
    }
    *ret = (const unsigned char *)p->bytes.p + p->at;
    p->at += n;
    return 0;
}

/* A length: the marker of an integer type and the integer. */
static int take_length(struct parser *p, size_t *ret)
{
    unsigned char type;
    const unsigned char *bytes = NULL;
    int rc = take_marker(p, &type);
    if (rc < 0) {
        return rc;
    }
    size_t size = size_of(type);
    if (size == 0 || type == 'd' || type == 'D') {
        return refuse(p, "a length of an integer type expected");
    }
    rc = take_bytes(p, size, &bytes);
    if (rc < 0) {
        return rc;
    }
    int64_t n = integer_of(type, bytes);
    if (n < 0) {
        return refuse(p, "a length of 0 or more expected");
    }
    *ret = (size_t)n;
    return 0;
}

static int take_text(struct parser *p, struct rx_str *ret)
{
    size_t n;
    const unsigned char *bytes = NULL;
    int rc = take_length(p, &n);
    if (rc == 0) {
        rc = take_bytes(p, n, &bytes);
    }
    if (rc < 0) {
        return rc;
    }
    *ret = (struct rx_str){(const char *)bytes, n};
    return 0;
}

static int take_header(struct parser *p, struct header *ret)
{
    *ret = (struct header){0};
    if (left(p) > 0 && p->bytes.p[p->at] == '$') {
        p->at++;
        int rc = take_marker(p, &ret->type);
        if (rc < 0) {
            return rc;
        }
        if (left(p) == 0 || p->bytes.p[p->at] != '#') {
            return refuse(p, "a count ('#') expected after the type of a container");
        }
    }
    if (left(p) > 0 && p->bytes.p[p->at] == '#') {
        p->at++;
        ret->counted = true;
        return take_length(p, &ret->n);
    }
    return 0;
}

/* True when an uncounted container ends here; its end is taken. */
static bool at_end(struct parser *p, char end)
{
    while (left(p) > 0 && p->bytes.p[p->at] == 'N') {
        p->at++;
    }
    if (left(p) > 0 && p->bytes.p[p->at] == end) {
        p->at++;
        return true;
    }
    return false;
}

static int parse_child(struct parser *p, const struct header *header, bool object,
                       struct rx_ubj **ret)
{
    struct rx_ubj *child = rx_arena_alloc(p->arena, sizeof(*child));
    if (!child) {
        return rx_error_set(p->err, -ENOMEM, "byte %zu: more values than there is memory for",
                            p->at);
    }
    unsigned char type = header->type;
    int rc = object ? take_text(p, &child->key) : 0;
    if (rc == 0 && type == 0) {
        rc = take_marker(p, &type);
    }
    if (rc == 0) {
        rc = parse_value(p, type, child);
    }
    *ret = child;
    return rc;
}

static int parse_children(struct parser *p, const struct header *header, struct rx_ubj *out)
{
    bool object = out->type == '{';
    struct rx_ubj *last = NULL;
    while (header->counted ? out->n < header->n : !at_end(p, object ? '}' : ']')) {
        struct rx_ubj *child = NULL;
        int rc = parse_child(p, header, object, &child);
        if (rc < 0) {
            return rc;
        }
        if (last) {
            last->next = child;
        } else {
            out->child = child;
        }
        last = child;
        out->n++;
    }
    return 0;
}

static int parse_container(struct parser *p, struct rx_ubj *out)
{
    struct header header;
    int rc = take_header(p, &header);
    if (rc < 0) {
        return rc;
    }
    size_t size = size_of(header.type);
    if (out->type == '[' && size > 0) {
        if (header.n > left(p) / size) {
            return refuse(p, "an array is longer than the rest of the file");
        }
        out->each = header.type;
        out->n = header.n;
        return take_bytes(p, header.n * size, &out->bytes);
    }
    if (header.counted && header.n > p->bytes.n) {
        return refuse(p, "a container has more members than the file has bytes");
    }
    if (++p->depth > RX_UBJ_MAX_DEPTH) {
        return rx_error_set(p->err, RX_ELIMIT, "byte %zu: nested deeper than %u levels", p->at,
                            RX_UBJ_MAX_DEPTH);
    }
    rc = parse_children(p, &header, out);
    p->depth--;
    return rc;
}

/* A number as decimal text. */
static int parse_high_precision(struct parser *p, struct rx_ubj *out)
{
    struct rx_str text;
    int rc = take_text(p, &text);
    if (rc == 0 && rx_parse_double(text, &out->number) < 0) {
        rc = refuse(p, "a decimal number expected");
    }
    out->type = 'D';
    return rc;
}

static int parse_value(struct parser *p, unsigned char type, struct rx_ubj *out)
{
    const unsigned char *bytes = NULL;
    out->type = type;
    size_t size = size_of(type);
    if (size > 0) {
        int rc = take_bytes(p, size, &bytes);
        out->number = rc == 0 ? number_of(type, bytes) : 0;
        return rc;
    }
    struct rx_str text = {NULL, 0};
    int rc = 0;
    switch (type) {
    case '{':
    case '[':
        return parse_container(p, out);
    case 'S':
        rc = take_text(p, &text);
        out->bytes = (const unsigned char *)text.p;
        out->n = text.n;
        return rc;
    case 'C':
        out->n = 1;
        return take_bytes(p, 1, &out->bytes);
    case 'H':
        return parse_high_precision(p, out);
    case 'T':
    case 'F':
        out->number = type == 'T';
        return 0;
    case 'Z':
        return 0;
    default:
        return refuse(p, "a UBJSON type expected");
    }
}

int rx_ubj_parse(struct rx_str bytes, struct rx_ubj_doc **ret, struct rx_error *err)
{
    rx_auto(ubj_doc) struct rx_ubj_doc *doc = calloc(1, sizeof(*doc));
    struct rx_ubj *root = NULL;
    if (doc) {
        doc->arena = rx_arena_new(bytes.n * MEMORY_FACTOR + MEMORY_BASE);
        root = doc->arena ? rx_arena_alloc(doc->arena, sizeof(*root)) : NULL;
    }
    if (!root) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    doc->root = root;
    struct parser parser = {.bytes = bytes, .arena = doc->arena, .err = err};
    unsigned char type = 0;
    int rc = take_marker(&parser, &type);
    if (rc == 0) {
        rc = parse_value(&parser, type, root);
    }
    if (rc == 0 && parser.at != bytes.n) {
        rc = refuse(&parser, "bytes after the end of the value");
    }
    if (rc < 0) {
        return rc;
    }
    *ret = RX_TAKE(doc);
    return 0;
}

void rx_ubj_doc_free(struct rx_ubj_doc *doc)
{
    if (doc) {
        rx_arena_free(doc->arena);
        free(doc);
    }
}

const struct rx_ubj *rx_ubj_root(const struct rx_ubj_doc *doc)
{
    return doc->root;
}

enum rx_json_type rx_ubj_type(const struct rx_ubj *value)
{
    if (!value) {
        return RX_JSON_MISSING;
    }
    switch (value->type) {
    case '{':
        return RX_JSON_OBJECT;
    case '[':
        return RX_JSON_ARRAY;
    case 'S':
    case 'C':
        return RX_JSON_STR;
    case 'T':
    case 'F':
        return RX_JSON_BOOL;
    case 'Z':
        return RX_JSON_NULL;
    case 'd':
    case 'D':
        return RX_JSON_REAL;
    default:
        return RX_JSON_INT;
    }
}

const struct rx_ubj *rx_ubj_get(const struct rx_ubj *object, const char *key)
{
    if (!object || object->type != '{') {
        return NULL;
    }
    for (const struct rx_ubj *member = object->child; member; member = member->next) {
        if (rx_str_is(member->key, key)) {
            return member;
        }
    }
    return NULL;
}

size_t rx_ubj_len(const struct rx_ubj *container)
{
    bool is = container && (container->type == '[' || container->type == '{');
    return is ? container->n : 0;
}

struct rx_str rx_ubj_str(const struct rx_ubj *value)
{
    if (rx_ubj_type(value) != RX_JSON_STR) {
        return (struct rx_str){NULL, 0};
    }
    return (struct rx_str){(const char *)value->bytes, value->n};
}

double rx_ubj_double(const struct rx_ubj *value, double fallback)
{
    enum rx_json_type type = rx_ubj_type(value);
    bool number = type == RX_JSON_INT || type == RX_JSON_REAL || type == RX_JSON_BOOL;
    return number ? value->number : fallback;
}

void rx_ubj_iter_init(struct rx_ubj_iter *iter, const struct rx_ubj *container)
{
    *iter = (struct rx_ubj_iter){.container = container, .index = SIZE_MAX};
    if (rx_ubj_len(container) > 0 && !container->each) {
        iter->next = container->child;
    }
}

bool rx_ubj_iter_next(struct rx_ubj_iter *iter)
{
    const struct rx_ubj *container = iter->container;
    if (iter->index + 1 >= rx_ubj_len(container)) {
        return false;
    }
    iter->index++;
    if (!container->each) {
        iter->value = iter->next;
        iter->next = iter->next->next;
        return true;
    }
    const unsigned char *at = container->bytes + iter->index * size_of(container->each);
    iter->item = (struct rx_ubj){.type = container->each};
    iter->item.number = number_of(container->each, at);
    iter->value = &iter->item;
    return true;
}
