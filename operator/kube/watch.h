// SPDX-License-Identifier: Apache-2.0
/*
 * Bytes of a watch stream into events. HTTP chunks are not lines: bytes are gathered up to '\n',
 * bounded; a longer line is skipped and counted, so that one huge object cannot wedge the stream.
 * Not thread-safe.
 */
#pragma once

#include <stdbool.h>

#include "common/base/buf.h"
#include "common/json/read.h"

#define RX_WATCH_MAX_LINE (4u << 20)

enum rx_watch_type {
    RX_WATCH_ADDED,
    RX_WATCH_MODIFIED,
    RX_WATCH_DELETED,
    RX_WATCH_BOOKMARK,
    RX_WATCH_ERROR,
};

/* Borrowed views into one parsed line. */
struct rx_watch_event {
    enum rx_watch_type type;
    const struct rx_json *object;
    struct rx_str resource_version; /* of the object; {NULL, 0} for errors */
    bool initial_end;               /* the bookmark that closes the initial events of a WatchList */
    int code;                       /* ERROR: the Status' code, 0 when absent */
};

/* Parses one line. RX_EPARSE or RX_EPROTO when it is not an event. *ret_doc keeps what event shows.
 */
int rx_watch_parse(struct rx_str line, struct rx_json_doc **ret_doc, struct rx_watch_event *event,
                   struct rx_error *err) RX_MUST_CHECK;

/* Gets a whole line without '\n'; negative stops the feeding and is handed on. */
typedef int rx_watch_line_fn(struct rx_str line, void *arg);

struct rx_watch_lines {
    struct rx_buf buf; /* owned: a line that is not complete yet */
    bool skipping;     /* inside a line that is too long */
    uint64_t skipped;  /* lines dropped for their length */
};
void rx_watch_lines_init(struct rx_watch_lines *lines, size_t max_line);
void rx_watch_lines_reset(struct rx_watch_lines *lines); /* a new stream begins */
void rx_watch_lines_free(struct rx_watch_lines *lines);
/* 0, or what fn returned when negative. Empty lines are ignored. */
int rx_watch_lines_feed(struct rx_watch_lines *lines, struct rx_str bytes, rx_watch_line_fn *fn,
                        void *arg) RX_MUST_CHECK;
