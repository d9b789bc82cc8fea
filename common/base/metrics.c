// SPDX-License-Identifier: Apache-2.0
#include "common/base/metrics.h"

#include <assert.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "common/base/format.h"
#include "common/base/map.h"

#define MAX_FAMILIES   1000u
#define MAX_COLLECTORS 16u

struct rx_metric {
    struct rx_metric *next; /* in its family, in order of making */
    const struct rx_family *family;
    char *labels;                  /* owned: a="b",c="d", escaped; "" without labels */
    _Atomic uint64_t value;        /* bits of a double; a histogram's sum */
    _Atomic uint64_t *bucket_hits; /* owned: n_buckets + 1, not cumulative */
};

struct rx_family {
    struct rx_family *next;
    struct rx_metrics *metrics;
    const struct rx_metric_desc *desc;
    const double *buckets;
    size_t n_buckets, n_labels;
    struct rx_map *by_labels; /* borrowed series by their label text */
    struct rx_metric *series, **last;
    struct rx_metric *other; /* owned: shared by the series over the bound */
    bool other_used;
};

struct rx_metrics {
    pthread_mutex_t lock; /* guards the lists, not the numbers */
    struct rx_family *families, **last;
    size_t n_families;
    struct {
        void (*fn)(void *arg);
        void *arg;
    } collectors[MAX_COLLECTORS];
    size_t n_collectors;
};

static const double default_buckets[] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                         0.25,  0.5,    1,     2.5,  5,     10};

struct rx_metrics *rx_metrics_new(void)
{
    struct rx_metrics *metrics = calloc(1, sizeof(*metrics));
    if (!metrics) {
        return NULL;
    }
    if (pthread_mutex_init(&metrics->lock, NULL) != 0) {
        free(metrics);
        return NULL;
    }
    metrics->last = &metrics->families;
    return metrics;
}

static void free_series(struct rx_metric *metric)
{
    if (metric) {
        free(metric->labels);
        free(metric->bucket_hits);
        free(metric);
    }
}

void rx_metrics_free(struct rx_metrics *metrics)
{
    if (!metrics) {
        return;
    }
    while (metrics->families) {
        struct rx_family *family = metrics->families;
        metrics->families = family->next;
        while (family->series) {
            struct rx_metric *next = family->series->next;
            free_series(family->series);
            family->series = next;
        }
        free_series(family->other);
        rx_map_free(family->by_labels);
        free(family);
    }
    (void)pthread_mutex_destroy(&metrics->lock); /* no other thread may use a dying registry */
    free(metrics);
}

/* Backslash, quote and newline as the exposition format wants them; invalid UTF-8 as U+FFFD. */
static void add_escaped(struct rx_buf *out, struct rx_str text, bool quote)
{
    for (size_t i = 0; i < text.n;) {
        size_t len = rx_utf8_len(text, i);
        char c = text.p[i];
        if (len == 0) {
            rx_buf_puts(out, "\xef\xbf\xbd");
            i++;
            continue;
        }
        if (c == '\n') {
            rx_buf_puts(out, "\\n");
        } else if (c == '\\' || (quote && c == '"')) {
            rx_buf_putc(out, '\\');
            rx_buf_putc(out, c);
        } else {
            rx_buf_add(out, text.p + i, len);
        }
        i += len;
    }
}

/* Label text of a series; values NULL = "other" for each. NULL when out of memory or too long. */
static char *label_text(const struct rx_family *family, const char *const *values)
{
    rx_auto(buf) struct rx_buf out = RX_BUF_INIT(4096);
    for (size_t i = 0; i < family->n_labels; i++) {
        rx_buf_printf(&out, "%s%s=\"", i ? "," : "", family->desc->labels[i]);
        const char *value = values ? values[i] : "other";
        add_escaped(&out, rx_str_of(value ? value : ""), true);
        rx_buf_putc(&out, '"');
    }
    return rx_buf_take(&out);
}

/* Takes over the label text, also on failure. */
static struct rx_metric *make_series(const struct rx_family *family, char *labels)
{
    struct rx_metric *metric = labels ? calloc(1, sizeof(*metric)) : NULL;
    if (!metric) {
        free(labels);
        return NULL;
    }
    metric->family = family;
    metric->labels = labels;
    if (family->desc->type == RX_HISTOGRAM) {
        metric->bucket_hits = calloc(family->n_buckets + 1, sizeof(*metric->bucket_hits));
        if (!metric->bucket_hits) {
            free_series(metric);
            return NULL;
        }
    }
    return metric;
}

static struct rx_family *make_family(struct rx_metrics *metrics, const struct rx_metric_desc *desc)
{
    struct rx_family *family = calloc(1, sizeof(*family));
    if (!family || metrics->n_families == MAX_FAMILIES) {
        abort();
    }
    family->metrics = metrics;
    family->desc = desc;
    family->buckets = desc->buckets ? desc->buckets : default_buckets;
    family->n_buckets = desc->buckets ? desc->n_buckets : RX_ARRAY_LEN(default_buckets);
    while (family->n_labels < RX_METRIC_MAX_LABELS && desc->labels[family->n_labels]) {
        family->n_labels++;
    }
    family->last = &family->series;
    family->by_labels = rx_map_new(RX_METRIC_MAX_SERIES, NULL);
    family->other = make_series(family, label_text(family, NULL));
    if (!family->by_labels || !family->other) {
        abort();
    }
    return family;
}

struct rx_family *rx_family(struct rx_metrics *metrics, const struct rx_metric_desc *desc)
{
    pthread_mutex_lock(&metrics->lock);
    struct rx_family *family = metrics->families;
    while (family && strcmp(family->desc->name, desc->name) != 0) {
        family = family->next;
    }
    if (!family) {
        family = make_family(metrics, desc);
        *metrics->last = family;
        metrics->last = &family->next;
        metrics->n_families++;
    }
    pthread_mutex_unlock(&metrics->lock);
    return family;
}

/* With the lock held. Out of memory counts on the shared series: a number is better than none. */
static struct rx_metric *find_or_make(struct rx_family *family, const char *const *values)
{
    char *labels = label_text(family, values);
    struct rx_metric *metric =
        labels ? rx_map_get(family->by_labels, rx_str_of(labels)) : family->other;
    if (metric) {
        free(labels);
        return metric;
    }
    if (rx_map_size(family->by_labels) >= RX_METRIC_MAX_SERIES) {
        free(labels);
        return family->other;
    }
    metric = make_series(family, labels);
    if (!metric) {
        return family->other;
    }
    if (rx_map_set(family->by_labels, rx_str_of(labels), metric) < 0) {
        free_series(metric);
        return family->other;
    }
    *family->last = metric;
    family->last = &metric->next;
    return metric;
}

struct rx_metric *rx_metric(struct rx_family *family, const char *const *values)
{
    assert(values || family->n_labels == 0);
    pthread_mutex_lock(&family->metrics->lock);
    struct rx_metric *metric = find_or_make(family, values);
    family->other_used = family->other_used || metric == family->other;
    pthread_mutex_unlock(&family->metrics->lock);
    return metric;
}

static double from_bits(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

static uint64_t to_bits(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    return bits;
}

static void add_to(_Atomic uint64_t *bits, double amount)
{
    uint64_t old = atomic_load_explicit(bits, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(bits, &old, to_bits(from_bits(old) + amount),
                                                  memory_order_relaxed, memory_order_relaxed)) {
    }
}

void rx_metric_inc(struct rx_metric *metric)
{
    rx_metric_add(metric, 1);
}

void rx_metric_add(struct rx_metric *metric, double amount)
{
    assert(metric->family->desc->type != RX_HISTOGRAM);
    assert(metric->family->desc->type != RX_COUNTER || amount >= 0);
    add_to(&metric->value, amount);
}

void rx_metric_set(struct rx_metric *metric, double value)
{
    assert(metric->family->desc->type != RX_HISTOGRAM);
    atomic_store_explicit(&metric->value, to_bits(value), memory_order_relaxed);
}

void rx_metric_observe(struct rx_metric *metric, double value)
{
    const struct rx_family *family = metric->family;
    assert(family->desc->type == RX_HISTOGRAM);
    size_t i = 0;
    while (i < family->n_buckets && !(value <= family->buckets[i])) {
        i++;
    }
    atomic_fetch_add_explicit(&metric->bucket_hits[i], 1, memory_order_relaxed);
    add_to(&metric->value, value);
}

static uint64_t hits_up_to(const struct rx_metric *metric, size_t n)
{
    uint64_t total = 0;
    for (size_t i = 0; i < n; i++) {
        total += atomic_load_explicit(&metric->bucket_hits[i], memory_order_relaxed);
    }
    return total;
}

double rx_metric_value(const struct rx_metric *metric)
{
    if (metric->family->desc->type == RX_HISTOGRAM) {
        return (double)hits_up_to(metric, metric->family->n_buckets + 1);
    }
    return from_bits(atomic_load_explicit(&metric->value, memory_order_relaxed));
}

void rx_metrics_on_collect(struct rx_metrics *metrics, void (*fn)(void *arg), void *arg)
{
    pthread_mutex_lock(&metrics->lock);
    assert(metrics->n_collectors < MAX_COLLECTORS);
    metrics->collectors[metrics->n_collectors].fn = fn;
    metrics->collectors[metrics->n_collectors].arg = arg;
    metrics->n_collectors++;
    pthread_mutex_unlock(&metrics->lock);
}

static void add_number(struct rx_buf *out, double value)
{
    if (isnan(value)) {
        rx_buf_puts(out, "NaN");
    } else if (isinf(value)) {
        rx_buf_puts(out, value > 0 ? "+Inf" : "-Inf");
    } else {
        rx_buf_add_double(out, value);
    }
}

static void write_histogram(const struct rx_metric *metric, struct rx_buf *out)
{
    const struct rx_family *family = metric->family;
    const char *name = family->desc->name;
    const char *comma = metric->labels[0] ? "," : "";
    uint64_t hits = 0;
    for (size_t i = 0; i <= family->n_buckets; i++) {
        hits += atomic_load_explicit(&metric->bucket_hits[i], memory_order_relaxed);
        rx_buf_printf(out, "%s_bucket{%s%sle=\"", name, metric->labels, comma);
        add_number(out, i < family->n_buckets ? family->buckets[i] : (double)INFINITY);
        rx_buf_puts(out, "\"} ");
        rx_buf_add_i64(out, (long long)hits);
        rx_buf_putc(out, '\n');
    }
    const char *open = metric->labels[0] ? "{" : "";
    const char *close = metric->labels[0] ? "}" : "";
    rx_buf_printf(out, "%s_sum%s%s%s ", name, open, metric->labels, close);
    add_number(out, from_bits(atomic_load_explicit(&metric->value, memory_order_relaxed)));
    rx_buf_printf(out, "\n%s_count%s%s%s ", name, open, metric->labels, close);
    rx_buf_add_i64(out, (long long)hits);
    rx_buf_putc(out, '\n');
}

static void write_series(const struct rx_metric *metric, struct rx_buf *out)
{
    if (metric->family->desc->type == RX_HISTOGRAM) {
        write_histogram(metric, out);
        return;
    }
    rx_buf_puts(out, metric->family->desc->name);
    if (metric->labels[0]) {
        rx_buf_putc(out, '{');
        rx_buf_puts(out, metric->labels);
        rx_buf_putc(out, '}');
    }
    rx_buf_putc(out, ' ');
    add_number(out, rx_metric_value(metric));
    rx_buf_putc(out, '\n');
}

static void write_family(const struct rx_family *family, struct rx_buf *out)
{
    static const char *const types[] = {"counter", "gauge", "histogram"};
    rx_buf_printf(out, "# HELP %s ", family->desc->name);
    add_escaped(out, rx_str_of(family->desc->help), false);
    rx_buf_printf(out, "\n# TYPE %s %s\n", family->desc->name, types[family->desc->type]);
    for (const struct rx_metric *metric = family->series; metric; metric = metric->next) {
        write_series(metric, out);
    }
    if (family->other_used) {
        write_series(family->other, out);
    }
}

int rx_metrics_write(struct rx_metrics *metrics, struct rx_buf *out)
{
    /* Collectors look series up, so they run without the lock; they are only ever added. */
    pthread_mutex_lock(&metrics->lock);
    size_t n = metrics->n_collectors;
    pthread_mutex_unlock(&metrics->lock);
    for (size_t i = 0; i < n; i++) {
        metrics->collectors[i].fn(metrics->collectors[i].arg);
    }
    pthread_mutex_lock(&metrics->lock);
    for (const struct rx_family *family = metrics->families; family; family = family->next) {
        write_family(family, out);
    }
    pthread_mutex_unlock(&metrics->lock);
    return rx_buf_error(out, NULL);
}
