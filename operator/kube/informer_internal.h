// SPDX-License-Identifier: Apache-2.0
/* What informer.c and informer_list.c share. Loop thread only. */
#pragma once

#include "operator/kube/client.h"
#include "operator/kube/informer.h"
#include "operator/kube/watch.h"

/* RX_INFORMER_PAGE objects of the largest size that etcd stores would be more; those kinds of
 * objects are not ours. */
#define RX_INFORMER_MAX_PAGE_BYTES (32u << 20)

enum rx_informer_state { RX_INFORMER_EMPTY, RX_INFORMER_SYNCING, RX_INFORMER_WATCHING };

struct rx_informer {
    struct rx_informer_options o;
    const struct rx_kube_kind *kind;
    struct rx_informer_transport transport;
    enum rx_informer_state state;
    char rv[64]; /* to resume from; opaque */
    void *transfer;
    struct rx_timer timer;
    struct rx_watch_lines lines;
    struct rx_buf next_page; /* the continue token of a list under way */
    struct rx_error stream_error;
    int64_t started_ms;
    uint64_t events;
    unsigned failures;
    bool live;    /* this stream has shown something */
    bool waiting; /* the timer runs for a back-off */
    bool synced;
    bool no_watch_list;         /* the server lacks it */
    struct rx_metric *restarts; /* may be NULL */
};

/* Sends a GET; data NULL collects the body. */
int rx_informer_send(struct rx_informer *informer, const char *path, int64_t idle_ms,
                     rx_http_data *data, rx_http_done *done, struct rx_error *err) RX_MUST_CHECK;
/* Appends the collection's path with the label selector. */
int rx_informer_path(struct rx_informer *informer, struct rx_buf *path, struct rx_error *err)
    RX_MUST_CHECK;
void rx_informer_put(struct rx_informer *informer, const struct rx_json *object, bool initial);
void rx_informer_set_rv(struct rx_informer *informer, struct rx_str rv);
void rx_informer_alive(struct rx_informer *informer);
/* The whole list as of rv has been seen. */
void rx_informer_list_done(struct rx_informer *informer, struct rx_str rv);
/* The kind does not exist (now). */
void rx_informer_absent(struct rx_informer *informer);
/* Backs off and tries again. */
void rx_informer_failed(struct rx_informer *informer, int64_t at_least_ms,
                        const struct rx_error *why);
/* Asks for the next page of a list. */
int rx_informer_list_start(struct rx_informer *informer, struct rx_error *err) RX_MUST_CHECK;
/* Begins again by the state, after delay_ms. */
void rx_informer_again(struct rx_informer *informer, int64_t delay_ms);
