// SPDX-License-Identifier: Apache-2.0
#include "operator/api/crd.h"

#include <pthread.h>

#include "common/yaml/yaml.h"
#include "operator/api/rxd.h"

extern const unsigned char rx_crd_radarxdeployments[];
extern const size_t rx_crd_radarxdeployments_len;
extern const unsigned char rx_crd_alertsubscriptions[];
extern const size_t rx_crd_alertsubscriptions_len;

#define CRD_MAX (256 * 1024)

static struct {
    pthread_once_t once;
    int code;
    struct rx_error err;
    const struct rx_json *deployment, *alert;
} crds = {.once = PTHREAD_ONCE_INIT};

static int parse(const unsigned char *bytes, size_t n, const struct rx_json **ret,
                 struct rx_error *err)
{
    rx_auto(buf) struct rx_buf json = RX_BUF_INIT(4 * CRD_MAX);
    struct rx_json_doc *doc = NULL;

    int r = rx_yaml_to_json((struct rx_str){(const char *)bytes, n}, NULL, &json, err);
    if (r == 0) {
        r = rx_json_parse(rx_buf_str(&json), NULL, &doc, err);
    }
    if (r < 0) {
        return rx_error_wrap(err, "embedded CRD");
    }
    const struct rx_json *versions =
        rx_json_at(rx_json_item(rx_json_root(doc), 0), "spec.versions");
    *ret = rx_json_at(rx_json_item(versions, 0), "schema.openAPIV3Schema");
    /* The document stays: its schema is used until the process ends. */
    return 0;
}

static void load(void)
{
    crds.code =
        parse(rx_crd_radarxdeployments, rx_crd_radarxdeployments_len, &crds.deployment, &crds.err);
    if (crds.code == 0) {
        crds.code =
            parse(rx_crd_alertsubscriptions, rx_crd_alertsubscriptions_len, &crds.alert, &crds.err);
    }
}

int rx_crd_schema(struct rx_str kind, const struct rx_json **ret, struct rx_error *err)
{
    pthread_once(&crds.once, load);
    if (crds.code < 0) {
        return rx_error_set(err, crds.code, "%s", crds.err.msg);
    }
    *ret = NULL;
    if (rx_str_is(kind, RX_RXD_KIND)) {
        *ret = crds.deployment;
    } else if (rx_str_is(kind, RX_ALERT_KIND)) {
        *ret = crds.alert;
    }
    return 0;
}
