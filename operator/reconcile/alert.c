// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "operator/kube/workqueue.h"
#include "operator/reconcile/conditions.h"
#include "operator/reconcile/controller.h"

/* This release stores subscriptions but delivers no alerts, and says so on each of them. */
static json_t *build_status(const struct rx_record *record, const struct rx_json *live,
                            int64_t now_s)
{
    struct rx_condition ready = {.type = "Ready"};
    rx_condition_set(&ready, RX_COND_FALSE, "NotYetDelivered",
                     "the subscription is accepted; this release does not deliver alerts");
    json_t *list =
        rx_conditions_build(&ready, 1, rx_json_get(live, "conditions"), record->generation, now_s);
    return json_pack("{s:I, s:o}", "observedGeneration", (json_int_t)record->generation,
                     "conditions", list);
}

static int reconcile(struct rx_pass *pass, struct rx_store *store, const struct rx_record *record,
                     struct rx_error *err)
{
    const struct rx_json_limits limits = {.allow_duplicate_keys = true};
    rx_auto(json_doc) struct rx_json_doc *doc = NULL;
    int rc = rx_json_parse(record->body, &limits, &doc, err);
    if (rc < 0) {
        return rc;
    }
    const struct rx_json *live = rx_json_get(rx_json_root(doc), "status");
    rx_auto(build) json_t *status =
        build_status(record, live, rx_clock_real_ms(pass->clock) / RX_MS_PER_S);
    if (!status) {
        return rx_error_errno(err, ENOMEM, "status");
    }
    rc = rx_write_status(pass, store, record, status, live, err);
    return rc < 0 ? rc : 0;
}

struct rx_pass_result rx_reconcile_alert(struct rx_pass *pass, struct rx_str key)
{
    struct rx_str name = key, ns = {0};
    rx_str_cut(&name, '/', &ns);
    struct rx_pass_result result = {.verdict = RX_DONE};
    struct rx_store *store = rx_cache_alert(pass->cache, ns);
    const struct rx_record *record = store ? rx_store_get(store, key) : NULL;
    if (record && !record->deleting && reconcile(pass, store, record, &result.err) < 0 &&
        result.err.code != -ENOENT) {
        result.verdict = RX_RETRY;
        result.after_ms = rx_kube_client_retry_after_ms(pass->client);
        result.up_to_ms = RX_BACKOFF_MAX_MS;
    }
    rx_record_unref(record);
    return result;
}
