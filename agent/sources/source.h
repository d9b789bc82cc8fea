// SPDX-License-Identifier: Apache-2.0
/* What every kind of source offers. A source owns its thread; start and stop are called once each,
 * from the main thread. */
#pragma once

#include "agent/sources/book.h"
#include "agent/store/store.h"
#include "common/base/clock.h"
#include "common/base/error.h"
#include "common/base/metrics.h"
#include "common/json/read.h"

/* Borrowed; all outlive the sources. */
struct rx_source_deps {
    struct rx_store *store;
    struct rx_book *book;
    struct rx_metrics *metrics;
    const struct rx_clock *clock; /* NULL = the system's */
};

struct rx_source;

struct rx_source_type {
    const char *type; /* value of "type" in the settings */
    /* Checks one element of the settings and makes the source; errors name the field. */
    int (*make)(const struct rx_json *spec, const struct rx_source_deps *deps,
                struct rx_source **ret, struct rx_error *err);
    int (*start)(struct rx_source *source, struct rx_error *err);
    void (*stop)(struct rx_source *source); /* asks, does not wait */
    void (*free)(struct rx_source *source); /* waits for its thread; after stop, or never started */
};

extern const struct rx_source_type rx_source_evm;
