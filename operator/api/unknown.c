// SPDX-License-Identifier: Apache-2.0
#include "operator/api/check.h"

static void report(struct rx_check *check, struct rx_str key)
{
    size_t before = rx_path_push_key(&check->path, key);
    rx_check_report(check, "unknown field");
    rx_path_pop(&check->path, before);
}

static void check_value(struct rx_check *check, const struct rx_json *schema,
                        const struct rx_json *value);

static void check_object(struct rx_check *check, const struct rx_json *schema,
                         const struct rx_json *object)
{
    RX_JSON_FOREACH (member, object) {
        const struct rx_json *inner = rx_schema_member(schema, member.key);
        /* metadata is checked by its own rules. */
        if (check->path.n == 0 && rx_str_is(member.key, "metadata")) {
            continue;
        }
        if (!inner) {
            report(check, member.key);
            continue;
        }
        size_t before = rx_path_push_key(&check->path, member.key);
        check_value(check, inner, member.value);
        rx_path_pop(&check->path, before);
    }
}

static void check_value(struct rx_check *check, const struct rx_json *schema,
                        const struct rx_json *value)
{
    if (rx_json_type(value) == RX_JSON_OBJECT) {
        check_object(check, schema, value);
        return;
    }
    if (rx_json_type(value) != RX_JSON_ARRAY) {
        return;
    }
    RX_JSON_FOREACH (item, value) {
        size_t before = rx_path_push_index(&check->path, item.index);
        check_value(check, rx_json_get(schema, "items"), item.value);
        rx_path_pop(&check->path, before);
    }
}

static void check_names(struct rx_check *check, const struct rx_json *object,
                        const char *const known[])
{
    RX_JSON_FOREACH (member, object) {
        size_t i = 0;
        while (known[i] && !rx_str_is(member.key, known[i])) {
            i++;
        }
        if (!known[i]) {
            report(check, member.key);
        }
    }
}

static void check_metadata(struct rx_check *check, const struct rx_json *metadata)
{
    static const char *const fields[] = {
        "name",       "generateName",      "namespace",       "selfLink",
        "uid",        "resourceVersion",   "generation",      "creationTimestamp",
        "labels",     "deletionTimestamp", "ownerReferences", "deletionGracePeriodSeconds",
        "finalizers", "annotations",       "managedFields",   NULL};
    static const char *const owner_fields[] = {
        "apiVersion", "kind", "name", "uid", "controller", "blockOwnerDeletion", NULL};
    size_t before = rx_path_push_key(&check->path, RX_STR("metadata"));

    check_names(check, metadata, fields);
    size_t list = rx_path_push_key(&check->path, RX_STR("ownerReferences"));
    RX_JSON_FOREACH (owner, rx_json_get(metadata, "ownerReferences")) {
        size_t item = rx_path_push_index(&check->path, owner.index);
        check_names(check, owner.value, owner_fields);
        rx_path_pop(&check->path, item);
    }
    rx_path_pop(&check->path, list);
    rx_path_pop(&check->path, before);
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct rx_problem *)a)->path, ((const struct rx_problem *)b)->path);
}

void rx_check_unknown(struct rx_check *check, const struct rx_json *schema,
                      const struct rx_json *object)
{
    check_metadata(check, rx_json_get(object, "metadata"));
    check_value(check, schema, object);
    if (check->out->n > 1) {
        qsort(check->out->list, check->out->n, sizeof(check->out->list[0]), by_path);
    }
}
