// SPDX-License-Identifier: Apache-2.0
/* The initial list by pages, for servers without WatchList. */
#include <stdio.h>

#include "operator/kube/informer_internal.h"

static void on_page(struct rx_http_result *result, void *arg);

int rx_informer_list_start(struct rx_informer *informer, struct rx_error *err)
{
    char limit[16];
    snprintf(limit, sizeof(limit), "%d", RX_INFORMER_PAGE);
    rx_auto(buf) struct rx_buf path = RX_BUF_INIT(16u << 10);
    int rc = rx_informer_path(informer, &path, err);
    if (rc < 0) {
        return rc;
    }
    rx_kube_path_query(&path, "limit", rx_str_of(limit));
    if (informer->next_page.n > 0) {
        rx_kube_path_query(&path, "continue", rx_buf_str(&informer->next_page));
    }
    rc = rx_buf_error(&path, err);
    return rc < 0 ? rc : rx_informer_send(informer, path.p, 0, NULL, on_page, err);
}

/* Takes one page over; 1 when more follow, 0 at the end. */
static int take_page(struct rx_informer *informer, struct rx_str body, struct rx_error *err)
{
    const struct rx_json_limits limits = {.max_bytes = RX_INFORMER_MAX_PAGE_BYTES,
                                          .allow_duplicate_keys = true};
    rx_auto(json_doc) struct rx_json_doc *doc = NULL;
    int rc = rx_json_parse(body, &limits, &doc, err);
    if (rc < 0) {
        return rc;
    }
    const struct rx_json *meta = rx_json_get(rx_json_root(doc), "metadata");
    struct rx_str rv = rx_json_str(rx_json_get(meta, "resourceVersion"));
    if (rv.n == 0) {
        return rx_error_set(err, RX_EPROTO, "list: metadata.resourceVersion is missing");
    }
    RX_JSON_FOREACH (iter, rx_json_get(rx_json_root(doc), "items")) {
        rx_informer_put(informer, iter.value, true);
    }
    rx_buf_clear(&informer->next_page);
    rx_buf_add_str(&informer->next_page, rx_json_str(rx_json_get(meta, "continue")));
    rc = rx_buf_error(&informer->next_page, err);
    if (rc < 0 || informer->next_page.n > 0) {
        return rc < 0 ? rc : 1;
    }
    rx_informer_list_done(informer, rv);
    return 0;
}

static void on_page(struct rx_http_result *result, void *arg)
{
    struct rx_informer *informer = arg;
    struct rx_error err = result->err;
    informer->transfer = NULL;
    int rc = result->error;
    if (rc == 0 && result->status == 404 && informer->o.optional) {
        rx_buf_clear(&informer->next_page);
        rx_informer_absent(informer);
        return;
    }
    if (rc == 0 && result->status != 200) {
        rc = rx_error_set(&err, RX_ESTATUS, "list: status %u", result->status);
    }
    if (rc == 0) {
        rx_informer_alive(informer);
        rc = take_page(informer, rx_buf_str(&result->body), &err);
    }
    if (rc == 1) {
        rc = rx_informer_list_start(informer, &err);
        if (rc == 0) {
            return;
        }
    }
    if (rc < 0) {
        /* A page that has expired (410) or failed: the list starts over. */
        rx_buf_clear(&informer->next_page);
        rx_informer_failed(informer, result->retry_after_ms, &err);
        return;
    }
    rx_informer_again(informer, 0);
}
