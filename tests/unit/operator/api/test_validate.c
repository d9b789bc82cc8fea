// SPDX-License-Identifier: Apache-2.0
/*
 * The offline validation. It covers validate.c, crd.c, default.c, input.c, lists.c, metadata.c,
 * it covers rules.c, rules_rxd.c, rules_alert.c, schema.c and unknown.c. That it agrees with a real
 * apiserver is shown by tests/integration/test_crd_corpus.py on the same files.
 */
#include "tests/support/test.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "operator/api/input.h"
#include "operator/api/validate.h"
#include "tests/support/torture.h"

#define CORPUS RX_SOURCE_DIR "/tests/corpus/cr/"

static int validate_text(const char *json, struct rx_problems *ret, struct rx_error *err)
{
    rx_auto(json_doc) struct rx_json_doc *doc = NULL;

    int r = rx_json_parse(rx_str_of(json), NULL, &doc, err);
    return r < 0 ? r : rx_validate(rx_json_root(doc), ret, err);
}

#define CR(meta, rest)                                                                             \
    "{\"apiVersion\": \"radarx.io/v1\", \"kind\": \"RadarXDeployment\", \"metadata\": " meta       \
    ", " rest "}"
#define SPEC(spec) CR("{\"name\": \"a\"}", "\"spec\": " spec)

/* The first problem's path and a part of its message. */
static void test_first_problem(void **state)
{
    static const struct {
        const char *json, *path, *message;
    } rows[] = {
        {SPEC("{\"replica\": 1}"), "spec.replica", "unknown field"},
        {SPEC("{\"b\": 1, \"a\": 1}"), "spec.a", "unknown field"},
        {SPEC("{\"replicas\": \"1\"}"), "spec.replicas", "must be of type integer, not string"},
        {SPEC("{\"replicas\": 1001}"), "spec.replicas", "must be at most 1000"},
        {SPEC("{\"engine\": {\"logLevel\": \"loud\"}}"), "spec.engine.logLevel",
         "must be one of debug, info, warn, error"},
        {SPEC("{\"engine\": {\"multipliers\": [2, 3]}}"), "spec.engine.multipliers[1]",
         "must be one of 2, 5, 10, 20, 50"},
        {SPEC("{\"engine\": {\"horizons\": [\"7d\", \"7d\"]}}"), "spec.engine.horizons[1]",
         "is listed twice"},
        {SPEC("{\"image\": {\"tag\": \"a\\u0000\"}}"), "spec.image.tag", "must match"},
        {SPEC("{\"sources\": [{\"type\": \"evm\"}]}"), "spec.sources[0].name", "is required"},
        {SPEC("{\"autoscaling\": {\"enabled\": true}}"), "spec.autoscaling.maxReplicas",
         "is required while autoscaling is enabled"},
        {CR("{\"name\": \"a\", \"labels\": {\"-\": \"x\"}}", "\"spec\": {}"), "metadata.labels",
         "is no label name"},
        {CR("{\"name\": 1}", "\"spec\": {}"), "metadata", "must be an object"},
        {CR("{}", "\"spec\": {}"), "metadata.name", "is required"},
        {CR("{\"name\": \"a\"}", "\"status\": {}"), "spec", "is required"},
        {"{\"apiVersion\": \"v1\", \"kind\": \"Pod\"}", "apiVersion", "must be radarx.io/v1"},
        {"{\"apiVersion\": \"radarx.io/v1\", \"kind\": \"Pod\"}", "kind", "RadarXDeployment"},
        {"[]", "apiVersion", "must be radarx.io/v1"},
        {"null", "apiVersion", "must be radarx.io/v1"},
    };

    (void)state;
    for (size_t i = 0; i < RX_ARRAY_LEN(rows); i++) {
        rx_auto(problems) struct rx_problems problems = {0};
        struct rx_error err = {0};
        assert_ok(validate_text(rows[i].json, &problems, &err), &err);
        if (problems.n == 0) {
            fail_msg("accepted: %s", rows[i].json);
        }
        assert_string_equal(problems.list[0].path, rows[i].path);
        assert_non_null(strstr(problems.list[0].message, rows[i].message));
    }
}

/* Rules wait until the shape is right, as the apiserver's do. */
static void test_order_of_stages(void **state)
{
    rx_auto(problems) struct rx_problems problems = {0};
    struct rx_error err = {0};

    (void)state;
    assert_ok(validate_text(SPEC("{\"replicas\": 3, \"disruption\": {\"minAvailable\": 3}, "
                                 "\"engine\": {\"cacheTTL\": \"2h\"}}"),
                            &problems, &err),
              &err);
    assert_int_equal(problems.n, 2);
    assert_string_equal(problems.list[0].path, "spec.disruption.minAvailable");
    assert_string_equal(problems.list[1].path, "spec.engine.cacheTTL");
    rx_problems_free(&problems);
    assert_ok(validate_text(SPEC("{\"suspend\": 1, \"disruption\": {\"minAvailable\": 3}}"),
                            &problems, &err),
              &err);
    assert_int_equal(problems.n, 1);
    assert_string_equal(problems.list[0].path, "spec.suspend");
}

/* However much is wrong, the report stays bounded. */
static void test_problems_are_bounded(void **state)
{
    rx_auto(buf) struct rx_buf json = RX_BUF_INIT(1 << 20);
    rx_auto(problems) struct rx_problems problems = {0};
    struct rx_error err = {0};

    (void)state;
    rx_buf_puts(&json, "{\"apiVersion\": \"radarx.io/v1\", \"kind\": \"RadarXDeployment\", "
                       "\"metadata\": {\"name\": \"a\"}, \"spec\": {");
    for (int i = 0; i < 1000; i++) {
        rx_buf_printf(&json, "\"%0600d\": 1, ", i);
    }
    rx_buf_puts(&json, "\"replicas\": 1}}");
    assert_ok(validate_text(json.p, &problems, &err), &err);
    assert_int_equal(problems.n, RX_PROBLEMS_MAX);
    assert_int_equal(strlen(problems.list[0].path), sizeof(problems.list[0].path) - 1);
}

static void check_file(const char *path, bool good)
{
    rx_auto(input) struct rx_input *input = NULL;
    rx_auto(problems) struct rx_problems problems = {0};
    struct rx_error err = {0};

    if (rx_input_read(path, &input, &err) < 0) {
        if (good) {
            fail_msg("%s", err.msg);
        }
        assert_message(&err, path);
        return;
    }
    assert_int_equal(rx_input_count(input), 1);
    assert_ok(rx_validate(rx_input_object(input, 0), &problems, &err), &err);
    if (good && problems.n > 0) {
        fail_msg("%s: %s: %s", path, problems.list[0].path, problems.list[0].message);
    }
    if (!good && problems.n == 0) {
        fail_msg("%s is accepted", path);
    }
}

static size_t check_folder(const char *folder, bool good)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    char path[512];
    size_t n = 0;

    assert_non_null(dir);
    while ((entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] != '.') {
            snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
            check_file(path, good);
            n++;
        }
    }
    closedir(dir);
    return n;
}

static void test_corpus(void **state)
{
    (void)state;
    assert_true(check_folder(CORPUS "good", true) >= 25);
    assert_true(check_folder(CORPUS "bad", false) >= 60);
}

/* Defaults come in where the CRD has them, nulls that may not be go. */
static void test_defaults(void **state)
{
    rx_auto(json_doc) struct rx_json_doc *doc = NULL;
    rx_auto(buf) struct rx_buf full = RX_BUF_INIT(1 << 16);
    struct rx_error err = {0};

    (void)state;
    assert_ok(
        rx_json_parse(rx_str_of(SPEC("{\"replicas\": null, \"image\": null}")), NULL, &doc, &err),
        &err);
    assert_ok(rx_default(rx_json_root(doc), &full, &err), &err);
    assert_buf(&full, "{\"apiVersion\":\"radarx.io/v1\",\"kind\":\"RadarXDeployment\","
                      "\"metadata\":{\"name\":\"a\"},\"spec\":{\"replicas\":1},"
                      "\"status\":{\"observedGeneration\":-1}}");
}

static void write_input(const char *text, char path[64])
{
    snprintf(path, 64, "/tmp/radarx-input-%d.yaml", (int)getpid());
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void test_input(void **state)
{
    rx_auto(input) struct rx_input *input = NULL;
    struct rx_error err = {0};
    char path[64];

    (void)state;
    write_input("---\nkind: A\n---\nkind: List\nitems: [{kind: B}, {kind: C}]\n"
                "---\n# nothing\n---\n{\"kind\": \"D\"}\n",
                path);
    assert_ok(rx_input_read(path, &input, &err), &err);
    assert_int_equal(rx_input_count(input), 4);
    for (size_t i = 0; i < 4; i++) {
        const char kind[] = {(char)('A' + i), '\0'};
        assert_str(rx_json_str(rx_json_get(rx_input_object(input, i), "kind")), kind);
    }
    write_input("a: [", path);
    struct rx_input *none = NULL;
    assert_true(rx_input_read(path, &none, &err) < 0);
    assert_message(&err, path);
    unlink(path);
    assert_true(rx_input_read(path, &none, &err) < 0);
    assert_message(&err, "No such file");
}

static int validate_once(void *arg)
{
    rx_auto(problems) struct rx_problems problems = {0};
    struct rx_error err = {0};

    return validate_text(arg, &problems, &err);
}

static void test_out_of_memory(void **state)
{
    (void)state;
    /* The embedded CRDs are parsed once a process: outside the torture. */
    assert_int_equal(validate_once(SPEC("{}")), 0);
    assert_true(rx_torture_alloc(validate_once, SPEC("{\"replicas\": -1}")) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_problem),
        cmocka_unit_test(test_order_of_stages),
        cmocka_unit_test(test_problems_are_bounded),
        cmocka_unit_test(test_corpus),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_input),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
