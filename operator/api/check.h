// SPDX-License-Identifier: Apache-2.0
/* The steps of the offline validation, in the apiserver's order. Internal to api/; each reports
 * into *check. */
#pragma once

#include "operator/api/path.h"
#include "operator/api/validate.h"

struct rx_check {
    struct rx_problems *out;
    struct rx_path path;
    bool blocking; /* an error after which the apiserver leaves the cross-field rules out */
    bool failed;   /* out of memory */
};

/* Reports a problem at the current path. */
void rx_check_report(struct rx_check *check, const char *fmt, ...) RX_PRINTF(2, 3);

/* Fields that the schema does not know, sorted by path as the apiserver names them. */
void rx_check_unknown(struct rx_check *check, const struct rx_json *schema,
                      const struct rx_json *object);
/* metadata as the apiserver checks it for every object. */
void rx_check_metadata(struct rx_check *check, const struct rx_json *object);
/* Types, bounds, patterns, enums and required fields. */
void rx_check_schema(struct rx_check *check, const struct rx_json *schema,
                     const struct rx_json *value);
/* Unique elements of lists that are sets or maps. */
void rx_check_lists(struct rx_check *check, const struct rx_json *schema,
                    const struct rx_json *value);

/* The schema of an object's member, NULL when unknown. */
const struct rx_json *rx_schema_member(const struct rx_json *schema, struct rx_str key);
