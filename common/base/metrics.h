// SPDX-License-Identifier: Apache-2.0
/*
 * Prometheus registry, text format 0.0.4. A family is made once from a static descriptor; a series
 * is looked up by its label values and then kept by the caller. Updates are lock-free; making and
 * writing take a mutex. Thread-safe.
 */
#pragma once

#include <stddef.h>

#include "common/base/buf.h"

struct rx_metrics; /* registry */
struct rx_family;
struct rx_metric; /* one series */

enum rx_metric_type { RX_COUNTER, RX_GAUGE, RX_HISTOGRAM };

#define RX_METRIC_MAX_LABELS 4
#define RX_METRIC_MAX_SERIES                                                                       \
    1000 /* a family; further label values share one series labelled "other" */

struct rx_metric_desc {
    const char *name, *help;
    enum rx_metric_type type;
    const char *labels[RX_METRIC_MAX_LABELS + 1]; /* NULL-terminated */
    const double *buckets; /* ascending upper bounds, static; NULL = 1 ms .. 10 s */
    size_t n_buckets;
};

struct rx_metrics *rx_metrics_new(void) RX_MUST_CHECK;
void rx_metrics_free(struct rx_metrics *metrics);

/* desc: static storage. The same name again gives the same family. Aborts when out of memory
 * (start-up only). */
struct rx_family *rx_family(struct rx_metrics *metrics, const struct rx_metric_desc *desc);
/* values: one a label. Borrowed result, lives as long as the registry; never NULL. */
struct rx_metric *rx_metric(struct rx_family *family, const char *const *values);

void rx_metric_inc(struct rx_metric *metric);
void rx_metric_add(struct rx_metric *metric, double amount); /* counters: amount >= 0 */
void rx_metric_set(struct rx_metric *metric, double value);  /* gauges */
void rx_metric_observe(struct rx_metric *metric, double value);
double rx_metric_value(const struct rx_metric *metric); /* counters, gauges; a histogram's count */

/* Called before each write, to refresh gauges that are read and not pushed. At most 16. */
void rx_metrics_on_collect(struct rx_metrics *metrics, void (*fn)(void *arg), void *arg);
/* Registers process_* gauges (cpu, rss, fds, start time) and radarx_build_info{program,version}. */
void rx_metrics_add_process(struct rx_metrics *metrics, const char *program);
/* Appends the exposition text. */
int rx_metrics_write(struct rx_metrics *metrics, struct rx_buf *out) RX_MUST_CHECK;

RX_DEFINE_CLEANUP(metrics, struct rx_metrics *, rx_metrics_free);
