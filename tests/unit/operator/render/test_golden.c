// SPDX-License-Identifier: Apache-2.0
/*
 * Every child of every tests/golden/operator/CR/cr.yaml, byte for byte. RADARX_UPDATE_GOLDEN=1
 * writes the files anew, to be reviewed as a diff.
 */
#include "tests/support/test.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/file.h"
#include "operator/api/input.h"
#include "operator/api/validate.h"
#include "operator/render/render.h"

#define GOLDEN   RX_SOURCE_DIR "/tests/golden/operator/"
#define FILE_MAX (1 << 20)

static void file_of(const char *cr, const struct rx_render_child *child, char *out, size_t n)
{
    int used = snprintf(out, n, GOLDEN "%s/%s%s.json", cr, child->kind, child->suffix);
    assert_true(used > 0 && (size_t)used < n);
    for (char *p = out + strlen(GOLDEN) + strlen(cr) + 1; *p; p++) {
        *p = (char)tolower(*p);
    }
}

static void compare(const char *path, const json_t *object)
{
    rx_auto(buf) struct rx_buf got = RX_BUF_INIT(FILE_MAX);
    rx_auto(buf) struct rx_buf want = RX_BUF_INIT(FILE_MAX);

    assert_int_equal(rx_build_write_pretty(object, &got), 0);
    rx_buf_putc(&got, '\n');
    if (getenv("RADARX_UPDATE_GOLDEN")) {
        FILE *file = fopen(path, "w");
        assert_non_null(file);
        assert_int_equal(fwrite(got.p, 1, got.n, file), got.n);
        assert_int_equal(fclose(file), 0);
        return;
    }
    struct rx_error err = {0};
    if (rx_file_read(path, &want, &err) < 0) {
        fail_msg("%s", err.msg);
    }
    if (!rx_str_eq(rx_buf_str(&want), rx_buf_str(&got))) {
        fail_msg("%s differs; rendered:\n%s", path, got.p);
    }
}

/* One child that is off must not have a golden file either. */
static void check_child(const char *cr, const struct rx_render_child *child,
                        const struct rx_render_in *in)
{
    char path[512];
    struct rx_error err = {0};
    json_t *object = NULL;

    file_of(cr, child, path, sizeof(path));
    if (!child->enabled(in)) {
        assert_int_not_equal(access(path, F_OK), 0);
        return;
    }
    if (rx_render_child(child, in, &object, &err) < 0) {
        fail_msg("%s", err.msg);
    }
    compare(path, object);
    json_decref(object);
}

static void check_cr(const char *cr)
{
    rx_auto(input) struct rx_input *input = NULL;
    rx_auto(problems) struct rx_problems problems = {0};
    rx_auto(buf) struct rx_buf full = RX_BUF_INIT(FILE_MAX);
    rx_auto(json_doc) struct rx_json_doc *doc = NULL;
    struct rx_error err = {0};
    struct rx_rxd rxd;
    char path[512];

    snprintf(path, sizeof(path), GOLDEN "%s/cr.yaml", cr);
    assert_int_equal(rx_input_read(path, &input, &err), 0);
    const struct rx_json *object = rx_input_object(input, 0);
    assert_int_equal(rx_validate(object, &problems, &err), 0);
    if (problems.n > 0) {
        fail_msg("%s: %s: %s", cr, problems.list[0].path, problems.list[0].message);
    }
    assert_int_equal(rx_default(object, &full, &err), 0);
    assert_int_equal(rx_json_parse(rx_buf_str(&full), NULL, &doc, &err), 0);
    assert_int_equal(rx_rxd_read(rx_json_root(doc), &rxd, &err), 0);
    rxd.uid = RX_STR("11111111-2222-3333-4444-555555555555");
    struct rx_render_in in = {&rxd, RX_STR("radarx-system")};
    for (size_t i = 0; i < rx_render_children_n; i++) {
        check_child(cr, &rx_render_children[i], &in);
    }
}

static void test_plain(void **state)
{
    (void)state;
    check_cr("plain");
}

static void test_scaled(void **state)
{
    (void)state;
    check_cr("scaled");
}

static void test_full(void **state)
{
    (void)state;
    check_cr("full");
}

static void test_network(void **state)
{
    (void)state;
    check_cr("network");
}

static void test_suspended(void **state)
{
    (void)state;
    check_cr("suspended");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),     cmocka_unit_test(test_scaled),
        cmocka_unit_test(test_full),      cmocka_unit_test(test_network),
        cmocka_unit_test(test_suspended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
