// SPDX-License-Identifier: Apache-2.0
#include "common/http/router.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/base/map.h"
#include "common/http/internal.h"

#define MAX_ROUTES   64
#define MAX_STATUSES 16 /* distinct statuses that a route keeps a series handle for */

struct entry {
    const struct rx_route *route;
    void *arg;
    struct entry *next; /* same path, other method; borrowed from the router's array */
    size_t prefix_n;    /* bytes before "{...}", 0 = exact */
    struct rx_metric *duration;
    struct {
        unsigned status;
        struct rx_metric *total;
    } statuses[MAX_STATUSES];
};

struct rx_router {
    struct rx_family *requests, *durations; /* NULL without metrics */
    rx_router_guard *guard;
    void *guard_arg;
    struct rx_map *exact; /* path to the first struct entry */
    struct entry entries[MAX_ROUTES];
    size_t n_entries;
    struct entry unmatched; /* stands for all that no route takes */
};

static const struct rx_route unmatched_route = {.method = "", .path = "none", .open = true};

static const struct rx_metric_desc requests_desc = {
    .name = "http_requests_total",
    .help = "HTTP requests answered",
    .type = RX_COUNTER,
    .labels = {"method", "route", "status"},
};
static const struct rx_metric_desc durations_desc = {
    .name = "http_request_duration_seconds",
    .help = "Time from the complete request to its answer",
    .type = RX_HISTOGRAM,
    .labels = {"route"},
};

struct rx_router *rx_router_new(struct rx_metrics *metrics, rx_router_guard *guard, void *guard_arg)
{
    struct rx_router *router = calloc(1, sizeof(*router));
    if (!router) {
        return NULL;
    }
    router->exact = rx_map_new(MAX_ROUTES, NULL);
    if (!router->exact) {
        free(router);
        return NULL;
    }
    router->guard = guard;
    router->guard_arg = guard_arg;
    router->unmatched.route = &unmatched_route;
    if (metrics) {
        router->requests = rx_family(metrics, &requests_desc);
        router->durations = rx_family(metrics, &durations_desc);
        router->unmatched.duration =
            rx_metric(router->durations, (const char *const[]){unmatched_route.path});
    }
    return router;
}

void rx_router_free(struct rx_router *router)
{
    if (router) {
        rx_map_free(router->exact);
        free(router);
    }
}

static int add_route(struct rx_router *router, const struct rx_route *route, void *arg)
{
    if (router->n_entries == MAX_ROUTES) {
        return RX_ELIMIT;
    }
    struct entry *entry = &router->entries[router->n_entries];
    const struct rx_str path = rx_str_of(route->path);
    const ptrdiff_t brace = rx_str_find(path, '{');
    *entry = (struct entry){.route = route, .arg = arg};
    if (brace > 0) {
        entry->prefix_n = (size_t)brace;
    } else {
        entry->next = rx_map_get(router->exact, path);
        const int r = rx_map_set(router->exact, path, entry);
        if (r < 0) {
            return r;
        }
    }
    if (router->durations) {
        entry->duration = rx_metric(router->durations, (const char *const[]){route->path});
    }
    router->n_entries++;
    return 0;
}

int rx_router_add(struct rx_router *router, const struct rx_route *routes, size_t n, void *arg)
{
    for (size_t i = 0; i < n; i++) {
        const int r = add_route(router, &routes[i], arg);
        if (r < 0) {
            return r;
        }
    }
    return 0;
}

static bool method_matches(const struct rx_route *route, struct rx_str method)
{
    return rx_str_is(method, route->method) ||
           (rx_str_is(method, "HEAD") && strcmp(route->method, "GET") == 0);
}

/* Entries of a path, one a method, through *state; NULL at the end. */
static struct entry *next_for_path(struct rx_router *router, struct rx_str path, struct entry *last,
                                   size_t *prefix_at)
{
    if (last && last->prefix_n == 0 && last->next) {
        return last->next;
    }
    if (!last) {
        struct entry *first = rx_map_get(router->exact, path);
        if (first) {
            return first;
        }
    } else if (last->prefix_n == 0) {
        return NULL;
    }
    for (; *prefix_at < router->n_entries; (*prefix_at)++) {
        struct entry *entry = &router->entries[*prefix_at];
        if (entry->prefix_n > 0 && path.n > entry->prefix_n &&
            memcmp(path.p, entry->route->path, entry->prefix_n) == 0 &&
            !memchr(path.p + entry->prefix_n, '/', path.n - entry->prefix_n)) {
            (*prefix_at)++;
            return entry;
        }
    }
    return NULL;
}

static int64_t now_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * RX_NS_PER_S + ts.tv_nsec;
}

/* The methods that are counted by name; anything else a client sends is one series. */
static const char *method_label(struct rx_str method)
{
    static const char *const known[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
    for (size_t i = 0; i < RX_ARRAY_LEN(known); i++) {
        if (rx_str_is(method, known[i])) {
            return known[i];
        }
    }
    return "other";
}

static struct rx_metric *status_series(struct rx_router *router, struct entry *entry,
                                       unsigned status, const char *method)
{
    char text[12];
    /* HEAD and the unmatched have no fixed method, so their handle is looked up each time. */
    const bool keep = strcmp(method, entry->route->method) == 0;
    size_t i = 0;
    for (; keep && i < MAX_STATUSES && entry->statuses[i].total; i++) {
        if (entry->statuses[i].status == status) {
            return entry->statuses[i].total;
        }
    }
    snprintf(text, sizeof(text), "%u", status);
    struct rx_metric *series =
        rx_metric(router->requests, (const char *const[]){method, entry->route->path, text});
    if (keep && i < MAX_STATUSES) {
        entry->statuses[i].status = status;
        entry->statuses[i].total = series;
    }
    return series;
}

static void observe(struct rx_http_request *request, unsigned status, void *arg)
{
    struct rx_router *router = arg;
    struct entry *entry = request->route == &unmatched_route ? &router->unmatched
                                                             : (struct entry *)request->route_entry;
    if (router->requests) {
        const char *method = method_label(rx_http_method(request));
        rx_metric_inc(status_series(router, entry, status, method));
        rx_metric_observe(entry->duration, (double)(now_ns() - request->start_ns) / 1e9);
    }
}

static void answer_unmatched(struct rx_router *router, struct rx_http_request *request)
{
    char allow[64] = "";
    size_t prefix_at = 0;
    const struct rx_str path = rx_http_path(request);
    struct entry *entry = NULL;
    while ((entry = next_for_path(router, path, entry, &prefix_at))) {
        const size_t n = strlen(allow);
        snprintf(allow + n, sizeof(allow) - n, "%s%s", n ? ", " : "", entry->route->method);
        if (strcmp(entry->route->method, "GET") == 0) {
            const size_t m = strlen(allow);
            snprintf(allow + m, sizeof(allow) - m, ", HEAD");
        }
    }
    if (allow[0] == '\0') {
        rx_respond_error(request, 404, "not_found", "no such path");
    } else {
        rx_respond_not_allowed(request, allow);
    }
}

void rx_router_handle(struct rx_http_request *request, void *arg)
{
    struct rx_router *router = arg;
    const struct rx_str method = rx_http_method(request), path = rx_http_path(request);
    request->start_ns = now_ns();
    request->observe = observe;
    request->observe_arg = router;
    size_t prefix_at = 0;
    struct entry *entry = NULL;
    while ((entry = next_for_path(router, path, entry, &prefix_at))) {
        if (method_matches(entry->route, method)) {
            break;
        }
    }
    if (!entry) {
        request->route = &unmatched_route;
        answer_unmatched(router, request);
        return;
    }
    request->route = entry->route;
    request->route_entry = entry;
    if (entry->prefix_n > 0) {
        request->param = (struct rx_str){path.p + entry->prefix_n, path.n - entry->prefix_n};
    }
    if (!entry->route->open && router->guard &&
        router->guard(request, entry->route, router->guard_arg) != 0) {
        return;
    }
    entry->route->handle(request, entry->arg);
}

struct rx_str rx_router_param(const struct rx_http_request *request)
{
    return request->param;
}
