// SPDX-License-Identifier: Apache-2.0
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/cache/keys.h"

static char dir[64], path[160];

static const char *in_dir(const char *name)
{
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    return path;
}

static void put(const char *name, const char *text)
{
    FILE *f = fopen(in_dir(name), "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

static int setup(void **state)
{
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/radarx-keys-XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    static const char *const names[] = {"key-1", "key-2", ".hidden", "link", "bad", "..data/k"};
    for (size_t i = 0; i < RX_ARRAY_LEN(names); i++) {
        unlink(in_dir(names[i]));
    }
    rmdir(in_dir("sub"));
    rmdir(in_dir("..data"));
    return rmdir(dir);
}

static unsigned check(struct rx_keys *keys, const char *text)
{
    unsigned char digest[32];
    return rx_keys_check(keys, rx_str_of(text), digest);
}

static void reads_files_and_follows_changes(void **state)
{
    (void)state;
    struct rx_error err;
    put("key-1", "0123456789abcdef\n");
    put(".hidden", "fedcba9876543210");
    assert_int_equal(mkdir(in_dir("sub"), 0700), 0);
    /* As kubelet does it: the visible name is a link into a hidden directory. */
    assert_int_equal(mkdir(in_dir("..data"), 0700), 0);
    put("..data/k", "  linked-0123456789  ");
    assert_int_equal(symlink("..data/k", in_dir("link")), 0);
    rx_auto(keys) struct rx_keys *keys = rx_keys_new(dir, "configured-0123456789");
    assert_ok(rx_keys_reload(keys, &err), &err);
    assert_int_equal(rx_keys_count(keys), 3);
    assert_true(check(keys, "0123456789abcdef") > 0);
    assert_true(check(keys, "linked-0123456789") > 0);
    assert_true(check(keys, "configured-0123456789") > 0);
    assert_int_equal(check(keys, "fedcba9876543210"), 0);
    assert_int_equal(check(keys, "0123456789abcdeF"), 0);
    assert_int_equal(check(keys, "0123456789abcde"), 0);
    assert_int_equal(check(keys, ""), 0);

    put("key-2", "second-0123456789");
    unlink(in_dir("key-1"));
    assert_ok(rx_keys_reload(keys, &err), &err);
    assert_int_equal(check(keys, "0123456789abcdef"), 0);
    assert_true(check(keys, "second-0123456789") > 0);
}

static void keeps_the_old_keys_on_an_error(void **state)
{
    (void)state;
    struct rx_error err;
    put("key-1", "0123456789abcdef");
    rx_auto(keys) struct rx_keys *keys = rx_keys_new(dir, NULL);
    assert_ok(rx_keys_reload(keys, &err), &err);
    put("bad", "too-short");
    assert_int_equal(rx_keys_reload(keys, &err), RX_EINVALID);
    assert_message(&err, "bad: expected 16 to 256 bytes");
    assert_null(strstr(err.msg, "too-short"));
    assert_true(check(keys, "0123456789abcdef") > 0);
    unlink(in_dir("bad"));
    assert_int_equal(symlink("nowhere", in_dir("link")), 0);
    assert_true(rx_keys_reload(keys, &err) < 0);
    assert_message(&err, "link: No such file or directory");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reads_files_and_follows_changes, setup, teardown),
        cmocka_unit_test_setup_teardown(keeps_the_old_keys_on_an_error, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
