// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/risk/risk.h"

#include <math.h>

#define SUM_TOLERANCE 1e-6
#define MAX_UNKNOWN   0.5

static const char *const keys[RX_RISK_COMPOSITE] = {
    [RX_RISK_RUG] = "rug",
    [RX_RISK_DEV] = "dev",
    [RX_RISK_DISTRIBUTION] = "distribution",
    [RX_RISK_SOCIAL] = "social_manipulation",
    [RX_RISK_LIQUIDITY] = "liquidity",
};

const char *rx_risk_name(enum rx_risk risk)
{
    static const char *const names[RX_RISK_MAX] = {
        [RX_RISK_RUG] = "rug_risk",
        [RX_RISK_DEV] = "dev_risk",
        [RX_RISK_DISTRIBUTION] = "distribution_risk",
        [RX_RISK_SOCIAL] = "social_manipulation_risk",
        [RX_RISK_LIQUIDITY] = "liquidity_risk",
        [RX_RISK_COMPOSITE] = "composite_score",
    };
    return risk >= 0 && risk < RX_RISK_MAX ? names[risk] : "";
}

const char *rx_severity_name(enum rx_severity severity)
{
    static const char *const names[] = {"info", "warning", "danger", "critical"};
    return severity >= 0 && severity < RX_ARRAY_LEN(names) ? names[severity] : "";
}

struct rx_risk_weights rx_risk_weights_default(void)
{
    return (struct rx_risk_weights){
        .component =
            {
                [RX_RISK_RUG] = 0.40,
                [RX_RISK_DEV] = 0.15,
                [RX_RISK_DISTRIBUTION] = 0.15,
                [RX_RISK_SOCIAL] = 0.10,
                [RX_RISK_LIQUIDITY] = 0.20,
            },
        .unknown = 0.25,
    };
}

static int read_one(struct rx_str key, const struct rx_json *value, double max, double *ret,
                    struct rx_error *err)
{
    const double x = rx_json_double(value, RX_NAN);
    if (!(x >= 0 && x <= max)) {
        return rx_error_set(err, RX_EINVALID,
                            "risk weights: " RX_STR_FMT ": expected a number from 0 to %g",
                            RX_STR_ARG(key), max);
    }
    *ret = x;
    return 0;
}

static int find_key(struct rx_str key)
{
    for (int i = 0; i < RX_RISK_COMPOSITE; i++) {
        if (rx_str_is(key, keys[i])) {
            return i;
        }
    }
    return -1;
}

/* Either no component or all of them with the sum 1; made exactly 1. */
static int check_sum(const bool seen[RX_RISK_COMPOSITE], struct rx_risk_weights *w,
                     struct rx_error *err)
{
    double sum = 0;
    for (int i = 0; i < RX_RISK_COMPOSITE; i++) {
        if (!seen[i]) {
            return rx_error_set(err, RX_EINVALID,
                                "risk weights: '%s' is missing: expected all five of rug, dev, "
                                "distribution, social_manipulation, liquidity, or none",
                                keys[i]);
        }
        sum += w->component[i];
    }
    if (!(fabs(sum - 1) <= SUM_TOLERANCE)) {
        return rx_error_set(err, RX_EINVALID,
                            "risk weights: the five components sum to %g: expected 1", sum);
    }
    for (int i = 0; i < RX_RISK_COMPOSITE; i++) {
        w->component[i] /= sum;
    }
    return 0;
}

int rx_risk_weights_read(const struct rx_json *object, struct rx_risk_weights *ret,
                         struct rx_error *err)
{
    if (rx_json_type(object) != RX_JSON_OBJECT) {
        return rx_error_set(err, RX_EINVALID, "risk weights: expected an object, got %s",
                            rx_json_type_name(object));
    }
    struct rx_risk_weights w = rx_risk_weights_default();
    bool seen[RX_RISK_COMPOSITE] = {0};
    bool any = false;
    RX_JSON_FOREACH (it, object) {
        const int i = find_key(it.key);
        int rc = 0;
        if (i >= 0) {
            rc = read_one(it.key, it.value, 1, &w.component[i], err);
            seen[i] = any = true;
        } else if (rx_str_is(it.key, "unknown")) {
            rc = read_one(it.key, it.value, MAX_UNKNOWN, &w.unknown, err);
        } else {
            rc = rx_error_set(err, RX_EINVALID,
                              "risk weights: no member '%.40s': expected rug, dev, distribution, "
                              "social_manipulation, liquidity, unknown",
                              it.key.p);
        }
        if (rc != 0) {
            return rc;
        }
    }
    if (any) {
        int rc = check_sum(seen, &w, err);
        if (rc != 0) {
            return rc;
        }
    }
    *ret = w;
    return 0;
}

int rx_risk_weights_parse(struct rx_str json, struct rx_risk_weights *ret, struct rx_error *err)
{
    static const struct rx_json_limits limits = {.max_bytes = 4096, .max_depth = 4};
    rx_auto(json_doc) struct rx_json_doc *doc = NULL;
    int rc = rx_json_parse(json, &limits, &doc, err);
    if (rc != 0) {
        rx_error_wrap(err, "risk weights");
        return rc;
    }
    return rx_risk_weights_read(rx_json_root(doc), ret, err);
}
