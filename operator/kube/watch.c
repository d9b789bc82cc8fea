// SPDX-License-Identifier: Apache-2.0
#include "operator/kube/watch.h"

#include <string.h>

static const struct {
    const char *name;
    enum rx_watch_type type;
} types[] = {
    {"ADDED", RX_WATCH_ADDED},       {"MODIFIED", RX_WATCH_MODIFIED}, {"DELETED", RX_WATCH_DELETED},
    {"BOOKMARK", RX_WATCH_BOOKMARK}, {"ERROR", RX_WATCH_ERROR},
};

static int type_of(struct rx_str name, enum rx_watch_type *ret)
{
    for (size_t i = 0; i < RX_ARRAY_LEN(types); i++) {
        if (rx_str_is(name, types[i].name)) {
            *ret = types[i].type;
            return 0;
        }
    }
    return RX_EPROTO;
}

int rx_watch_parse(struct rx_str line, struct rx_json_doc **ret_doc, struct rx_watch_event *event,
                   struct rx_error *err)
{
    /* The server is trusted not to repeat keys; looking for repeats costs a third of the parse. */
    const struct rx_json_limits limits = {.max_bytes = RX_WATCH_MAX_LINE,
                                          .allow_duplicate_keys = true};
    rx_auto(json_doc) struct rx_json_doc *doc = NULL;
    int rc = rx_json_parse(line, &limits, &doc, err);
    if (rc < 0) {
        return rx_error_wrap(err, "watch event");
    }
    const struct rx_json *root = rx_json_root(doc);
    *event = (struct rx_watch_event){.object = rx_json_get(root, "object")};
    if (type_of(rx_json_str(rx_json_get(root, "type")), &event->type) < 0) {
        return rx_error_set(err, RX_EPROTO,
                            "watch event: type is not one of ADDED, MODIFIED, "
                            "DELETED, BOOKMARK, ERROR");
    }
    if (rx_json_type(event->object) != RX_JSON_OBJECT) {
        return rx_error_set(err, RX_EPROTO, "watch event: object: expected an object, got %s",
                            rx_json_type_name(event->object));
    }
    if (event->type == RX_WATCH_ERROR) {
        event->code = (int)rx_json_i64(rx_json_get(event->object, "code"), 0);
    } else {
        const struct rx_json *meta = rx_json_get(event->object, "metadata");
        event->resource_version = rx_json_str(rx_json_get(meta, "resourceVersion"));
        if (event->resource_version.n == 0) {
            return rx_error_set(err, RX_EPROTO, "watch event: object has no resourceVersion");
        }
        const struct rx_json *notes = rx_json_get(meta, "annotations");
        event->initial_end =
            event->type == RX_WATCH_BOOKMARK &&
            rx_str_is(rx_json_str(rx_json_get(notes, "k8s.io/initial-events-end")), "true");
    }
    *ret_doc = RX_TAKE(doc);
    return 0;
}

void rx_watch_lines_init(struct rx_watch_lines *lines, size_t max_line)
{
    *lines = (struct rx_watch_lines){.buf = RX_BUF_INIT(max_line)};
}

void rx_watch_lines_reset(struct rx_watch_lines *lines)
{
    rx_buf_clear(&lines->buf);
    lines->skipping = false;
}

void rx_watch_lines_free(struct rx_watch_lines *lines)
{
    rx_buf_free(&lines->buf);
}

/* A rare large object must not leave its memory behind in every watch. */
static void forget_line(struct rx_watch_lines *lines)
{
    if (lines->buf.cap > (64u << 10)) {
        rx_buf_free(&lines->buf);
    }
    rx_buf_clear(&lines->buf);
}

static void keep_part(struct rx_watch_lines *lines, struct rx_str part)
{
    if (lines->skipping) {
        return;
    }
    rx_buf_add_str(&lines->buf, part);
    if (rx_buf_error(&lines->buf, NULL) < 0) {
        forget_line(lines);
        lines->skipping = true;
        lines->skipped++;
    }
}

int rx_watch_lines_feed(struct rx_watch_lines *lines, struct rx_str bytes, rx_watch_line_fn *fn,
                        void *arg)
{
    while (bytes.n > 0) {
        const char *end = memchr(bytes.p, '\n', bytes.n);
        if (!end) {
            keep_part(lines, bytes);
            return 0;
        }
        struct rx_str part = {bytes.p, (size_t)(end - bytes.p)};
        bytes = (struct rx_str){end + 1, bytes.n - part.n - 1};
        int rc = 0;
        if (lines->buf.n == 0 && !lines->skipping && part.n <= lines->buf.max) {
            /* The whole line lies in the caller's bytes: no copy. */
            rc = part.n > 0 ? fn(part, arg) : 0;
        } else {
            keep_part(lines, part);
            rc = lines->skipping ? 0 : fn(rx_buf_str(&lines->buf), arg);
            lines->skipping = false;
            forget_line(lines);
        }
        if (rc < 0) {
            return rc;
        }
    }
    return 0;
}
