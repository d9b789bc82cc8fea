// SPDX-License-Identifier: Apache-2.0
/*
 * Asks the agents how far they are behind their sources: GET /health through the Service, at most
 * each 15 s for each RadarXDeployment that has sources and ready agents. An answer that says the
 * same as before changes nothing: lags are told in steps, and one lost answer is forgiven.
 */
#pragma once

#include "common/http/client.h"
#include "operator/reconcile/conditions.h"

struct rx_synced;

#define RX_SYNCED_EVERY_MS (15 * RX_MS_PER_S)

/* changed: loop thread; the condition of that key differs now. */
int rx_synced_new(struct rx_loop *loop, struct rx_http_client *http,
                  void (*changed)(struct rx_str key, void *arg), void *arg, struct rx_synced **ret,
                  struct rx_error *err) RX_MUST_CHECK;
void rx_synced_free(struct rx_synced *synced);
/* Loop thread: begins polling. */
void rx_synced_start(struct rx_synced *synced);

/*
 * Any thread. address: the Service's cluster IP; NULL or "" = there is nobody to ask now.
 * Fills ret with the condition as it is known.
 */
void rx_synced_get(struct rx_synced *synced, struct rx_str key, const char *address,
                   struct rx_condition *ret);
void rx_synced_forget(struct rx_synced *synced, struct rx_str key);

/* What an answer means; body as /health sent it. For tests too. */
void rx_synced_judge(unsigned status, struct rx_str body, struct rx_condition *ret);

RX_DEFINE_CLEANUP(synced, struct rx_synced *, rx_synced_free);
