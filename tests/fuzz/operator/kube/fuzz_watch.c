// SPDX-License-Identifier: Apache-2.0
/*
 * Any bytes of a watch stream, cut anywhere: lines come out the same as in one piece, and events
 * that parse go through the projection into a store without harm.
 */
#include <assert.h>

#include "operator/kube/store.h"
#include "operator/kube/watch.h"

#define MAX_LINE 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static const struct rx_kube_kind kind = {"apps/v1", "Deployment", "deployments"};

static int keep(struct rx_str line, void *arg)
{
    rx_buf_add_str(arg, line);
    rx_buf_putc(arg, '\n');
    return 0;
}

static void feed(const uint8_t *data, size_t n, size_t piece, struct rx_buf *out)
{
    struct rx_watch_lines lines;
    rx_watch_lines_init(&lines, MAX_LINE);
    for (size_t at = 0; at < n; at += piece) {
        struct rx_str part = {(const char *)data + at, n - at < piece ? n - at : piece};
        int rc = rx_watch_lines_feed(&lines, part, keep, out);
        assert(rc == 0);
    }
    rx_watch_lines_free(&lines);
}

static int take(struct rx_str line, void *arg)
{
    struct rx_store *store = arg;
    struct rx_error err = {0};
    struct rx_watch_event event;
    rx_auto(json_doc) struct rx_json_doc *doc = NULL;
    if (rx_watch_parse(line, &doc, &event, &err) < 0) {
        assert(err.msg[0]);
        return 0;
    }
    if (event.type == RX_WATCH_DELETED) {
        rx_store_remove(store, event.object, NULL, NULL);
    } else if (event.type != RX_WATCH_ERROR &&
               rx_store_put(store, event.object, false, NULL, NULL, &err) < 0) {
        assert(err.msg[0]);
    }
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    size_t piece = n > 0 ? 1 + data[0] % 97 : 1;
    rx_auto(buf) struct rx_buf whole = RX_BUF_INIT(1u << 20);
    rx_auto(buf) struct rx_buf pieces = RX_BUF_INIT(1u << 20);
    feed(data, n, n + 1, &whole);
    feed(data, n, piece, &pieces);
    assert(whole.n == pieces.n && (whole.n == 0 || memcmp(whole.p, pieces.p, whole.n) == 0));

    const struct rx_store_options options = {.kind = &kind,
                                             .owner_kind = "RadarXDeployment",
                                             .digest = true,
                                             .body = true,
                                             .max_objects = 100};
    struct rx_store *store = NULL;
    if (rx_store_new(&options, &store) == 0) {
        struct rx_watch_lines lines;
        rx_watch_lines_init(&lines, MAX_LINE);
        int rc = rx_watch_lines_feed(&lines, rx_buf_str(&whole), take, store);
        assert(rc == 0);
        rx_watch_lines_free(&lines);
        rx_store_free(store);
    }
    return 0;
}
