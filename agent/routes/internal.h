// SPDX-License-Identifier: Apache-2.0
/* Shared by the files of agent/routes only. Handlers get the rx_api_loop as their argument. */
#pragma once

#include "agent/routes/api.h"

struct rx_api_loop {
    struct rx_api *api;                     /* borrowed */
    struct rx_router *router;               /* owned */
    struct rx_answers *answers;             /* owned */
    struct rx_buf scratch;                  /* a body under construction */
    struct rx_model_reader *models;         /* owned */
    struct rx_model_scratch *model_scratch; /* owned */
};

extern const struct rx_route rx_api_routes[];
extern const size_t rx_api_n_routes;

void rx_route_score(struct rx_http_request *request, void *loop);
void rx_route_livez(struct rx_http_request *request, void *loop);
void rx_route_ready(struct rx_http_request *request, void *loop);
void rx_route_health(struct rx_http_request *request, void *loop);
void rx_route_info(struct rx_http_request *request, void *loop);
void rx_route_metrics(struct rx_http_request *request, void *loop);
void rx_route_openapi(struct rx_http_request *request, void *loop);

/* "timestamp": the clock's time now. */
void rx_write_now(struct rx_jw *w, const struct rx_api *api);
