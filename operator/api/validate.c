// SPDX-License-Identifier: Apache-2.0
#include "operator/api/validate.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>

#include "common/json/write.h"
#include "operator/api/check.h"
#include "operator/api/crd.h"
#include "operator/api/rules.h"
#include "operator/api/rxd.h"

#define OBJECT_MAX       (8 << 20)
#define GENERATED_PREFIX 58 /* the apiserver cuts generateName here and adds five characters */

void rx_problems_free(struct rx_problems *problems)
{
    free(problems->list);
    *problems = (struct rx_problems){0};
}

RX_PRINTF(3, 0)
static void report(struct rx_check *check, const char *path, const char *fmt, va_list args)
{
    struct rx_problems *out = check->out;

    if (out->list == NULL) {
        out->list = calloc(RX_PROBLEMS_MAX, sizeof(out->list[0]));
        check->failed = out->list == NULL;
    }
    if (check->failed || out->n == RX_PROBLEMS_MAX) {
        return;
    }
    struct rx_problem *problem = &out->list[out->n++];
    snprintf(problem->path, sizeof(problem->path), "%s", path);
    vsnprintf(problem->message, sizeof(problem->message), fmt, args);
}

void rx_check_report(struct rx_check *check, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    report(check, check->path.text, fmt, args);
    va_end(args);
}

static bool report_rule(void *ctx, const char *path, const char *message)
{
    struct rx_check *check = ctx;
    struct rx_path before = check->path;

    check->path.n = 0;
    rx_path_push(&check->path, "", rx_str_of(path), "");
    rx_check_report(check, "%s", message);
    check->path = before;
    return true;
}

static void check_at(struct rx_check *check, const char *key, const char *message)
{
    size_t before = rx_path_push_key(&check->path, rx_str_of(key));
    rx_check_report(check, "%s", message);
    rx_path_pop(&check->path, before);
}

/* Writes the object as the apiserver sees it at the time of its checks: a status is dropped on
 * create, a missing name is generated. */
static void write_created(struct rx_jw *w, const struct rx_json *object)
{
    const struct rx_json *metadata = rx_json_get(object, "metadata");
    struct rx_str prefix = rx_json_str(rx_json_get(metadata, "generateName"));
    bool generate = prefix.n > 0 && rx_json_str(rx_json_get(metadata, "name")).n == 0;
    char name[GENERATED_PREFIX + 6];

    rx_jw_begin_object(w);
    RX_JSON_FOREACH (member, object) {
        if (rx_str_is(member.key, "status")) {
            continue;
        }
        rx_jw_key_str(w, member.key);
        if (!generate || !rx_str_is(member.key, "metadata")) {
            rx_jw_value(w, member.value);
            continue;
        }
        size_t n = prefix.n < GENERATED_PREFIX ? prefix.n : GENERATED_PREFIX;
        snprintf(name, sizeof(name), "%.*sx0x0x", (int)n, prefix.p);
        rx_jw_begin_object(w);
        rx_jw_key(w, "name");
        rx_jw_cstr(w, name);
        RX_JSON_FOREACH (field, member.value) {
            if (!rx_str_is(field.key, "name")) {
                rx_jw_key_str(w, field.key);
                rx_jw_value(w, field.value);
            }
        }
        rx_jw_end_object(w);
    }
    rx_jw_end_object(w);
}

static int reparse(struct rx_buf *text, struct rx_json_doc **ret, struct rx_error *err)
{
    int r = rx_buf_error(text, err);
    return r < 0 ? r : rx_json_parse(rx_buf_str(text), NULL, ret, err);
}

static void run_rules(struct rx_check *check, const struct rx_json *object)
{
    if (rx_str_is(rx_json_str(rx_json_get(object, "kind")), RX_RXD_KIND)) {
        rx_rules_check(rx_rules_rxd, rx_rules_rxd_n, object, report_rule, check);
    } else {
        rx_rules_check(rx_rules_alert, rx_rules_alert_n, object, report_rule, check);
    }
}

static int check_created(struct rx_check *check, const struct rx_json *schema,
                         const struct rx_json *object, struct rx_error *err)
{
    rx_auto(buf) struct rx_buf created = RX_BUF_INIT(OBJECT_MAX);
    rx_auto(buf) struct rx_buf full = RX_BUF_INIT(OBJECT_MAX);
    rx_auto(json_doc) struct rx_json_doc *created_doc = NULL;
    rx_auto(json_doc) struct rx_json_doc *doc = NULL;
    struct rx_jw w;

    rx_jw_init(&w, &created);
    write_created(&w, object);
    int r = reparse(&created, &created_doc, err);
    if (r == 0) {
        r = rx_default(rx_json_root(created_doc), &full, err);
    }
    if (r == 0) {
        r = reparse(&full, &doc, err);
    }
    if (r < 0) {
        return r;
    }
    const struct rx_json *root = rx_json_root(doc);
    rx_check_metadata(check, root);
    rx_check_schema(check, schema, root);
    rx_check_lists(check, schema, root);
    if (!check->blocking) {
        run_rules(check, root);
    }
    return 0;
}

int rx_validate(const struct rx_json *object, struct rx_problems *ret, struct rx_error *err)
{
    const struct rx_json *schema = NULL;
    struct rx_check check = {.out = ret};

    *ret = (struct rx_problems){0};
    int r = rx_crd_schema(rx_json_str(rx_json_get(object, "kind")), &schema, err);
    if (r < 0) {
        return r;
    }
    if (!rx_str_is(rx_json_str(rx_json_get(object, "apiVersion")), RX_API_VERSION)) {
        check_at(&check, "apiVersion", "must be " RX_API_VERSION);
    } else if (!schema) {
        check_at(&check, "kind", "must be " RX_RXD_KIND " or " RX_ALERT_KIND);
    } else {
        rx_check_unknown(&check, schema, object);
        if (ret->n == 0) {
            r = check_created(&check, schema, object, err);
        }
    }
    if (check.failed) {
        r = rx_error_set(err, -ENOMEM, "out of memory");
    }
    if (r < 0) {
        rx_problems_free(ret);
    }
    return r;
}
