// SPDX-License-Identifier: Apache-2.0
#include "agent/sources/sources.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct rx_source_type *const types[] = {&rx_source_evm};

struct rx_sources {
    struct {
        const struct rx_source_type *type;
        struct rx_source *source; /* owned */
    } items[RX_SOURCES_MAX];
    size_t n;
};

static const struct rx_source_type *find_type(struct rx_str name)
{
    for (size_t i = 0; i < RX_ARRAY_LEN(types); i++) {
        if (rx_str_is(name, types[i]->type)) {
            return types[i];
        }
    }
    return NULL;
}

static int add(struct rx_sources *sources, const struct rx_json *list, const struct rx_json *spec,
               const struct rx_source_deps *deps, struct rx_error *err)
{
    if (rx_json_type(spec) != RX_JSON_OBJECT) {
        return rx_error_set(err, RX_EINVALID, "must be an object");
    }
    const struct rx_source_type *type = find_type(rx_json_str(rx_json_get(spec, "type")));
    if (!type) {
        return rx_error_set(err, RX_EINVALID, "type: must be evm");
    }
    struct rx_str name = rx_json_str(rx_json_get(spec, "name"));
    for (size_t i = 0; i < sources->n; i++) {
        if (rx_str_eq(rx_json_str(rx_json_get(rx_json_item(list, i), "name")), name)) {
            return rx_error_set(err, RX_EINVALID, "name: there twice");
        }
    }
    int r = type->make(spec, deps, &sources->items[sources->n].source, err);
    if (r == 0) {
        sources->items[sources->n++].type = type;
    }
    return r;
}

int rx_sources_new(struct rx_str json, const struct rx_source_deps *deps, struct rx_sources **ret,
                   struct rx_error *err)
{
    rx_auto(sources) struct rx_sources *sources = calloc(1, sizeof *sources);
    rx_auto(json_doc) struct rx_json_doc *doc = NULL;
    if (!sources) {
        return rx_error_set(err, -ENOMEM, "sources: out of memory");
    }
    int r = rx_json_parse(json.n ? json : RX_STR("[]"), NULL, &doc, err);
    if (r < 0) {
        return rx_error_wrap(err, "sources");
    }
    const struct rx_json *list = rx_json_root(doc);
    if (rx_json_type(list) != RX_JSON_ARRAY || rx_json_len(list) > RX_SOURCES_MAX) {
        return rx_error_set(err, RX_EINVALID, "sources: must be a list of at most %d sources",
                            RX_SOURCES_MAX);
    }
    RX_JSON_FOREACH (it, list) {
        r = add(sources, list, it.value, deps, err);
        if (r < 0) {
            return rx_error_wrap(err, "sources[%zu]", sources->n);
        }
    }
    rx_book_export(deps->book, deps->metrics);
    *ret = RX_TAKE(sources);
    return 0;
}

int rx_sources_start(struct rx_sources *sources, struct rx_error *err)
{
    for (size_t i = 0; i < sources->n; i++) {
        int r = sources->items[i].type->start(sources->items[i].source, err);
        if (r < 0) {
            return r;
        }
    }
    return 0;
}

void rx_sources_free(struct rx_sources *sources)
{
    if (!sources) {
        return;
    }
    for (size_t i = 0; i < sources->n; i++) {
        sources->items[i].type->stop(sources->items[i].source);
    }
    for (size_t i = 0; i < sources->n; i++) {
        sources->items[i].type->free(sources->items[i].source);
    }
    free(sources);
}

size_t rx_sources_count(const struct rx_sources *sources)
{
    return sources->n;
}
