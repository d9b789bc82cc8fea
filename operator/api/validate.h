// SPDX-License-Identifier: Apache-2.0
/*
 * What the apiserver would say about a custom resource, without one: unknown fields (strict field
 * validation), metadata, the CRD's structural schema, list keys, then the cross-field rules. The
 * verdict and the first field path are those of `kubectl create --dry-run=server
 * --validate=strict`. Thread-safe: no shared state beyond the immutable embedded CRDs.
 */
#pragma once

#include <stddef.h>

#include "common/base/buf.h"
#include "common/base/error.h"
#include "common/json/read.h"

#define RX_PROBLEMS_MAX 64 /* more are not collected */

struct rx_problem {
    char path[512];    /* "spec.sources[1].name"; cut when too long */
    char message[256]; /* one sentence without the path */
};

struct rx_problems {
    struct rx_problem *list; /* owned */
    size_t n;
};
void rx_problems_free(struct rx_problems *problems);
RX_DEFINE_CLEANUP_INPLACE(problems, struct rx_problems, rx_problems_free);

/*
 * Checks one object of kind RadarXDeployment or AlertSubscription; ret is initialised here. 0 with
 * ret->n problems (0 = valid), or -ENOMEM / RX_EINVALID when the embedded CRD cannot be read.
 */
int rx_validate(const struct rx_json *object, struct rx_problems *ret, struct rx_error *err)
    RX_MUST_CHECK;

/* Appends the object with the CRD's defaults filled in, as the apiserver stores it. */
int rx_default(const struct rx_json *object, struct rx_buf *ret_json, struct rx_error *err)
    RX_MUST_CHECK;
