// SPDX-License-Identifier: Apache-2.0
/* Vectors of FIPS 180-4's examples, and of lengths around the padding's edges. */
#include "common/base/sha256.h"

#include "tests/support/test.h"

static void check(const void *data, size_t n, const char *want)
{
    char got[65];
    rx_sha256_hex(data, n, got);
    assert_string_equal(got, want);
}

static void test_vectors(void **state)
{
    (void)state;
    check("", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    check("abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    check("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56,
          "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

static void test_lengths(void **state)
{
    (void)state;
    static const struct {
        size_t n;
        const char *want;
    } cases[] = {
        {1, "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"},
        {55, "9f4390f8d30c2dd92ec9f095b65e2b9ae9b0a925a5258e241c9f1e910f734318"},
        {56, "b35439a4ac6f0948b6d6f9e3c6af0f5f590ce20f1bde7090ef7970686ec6738a"},
        {57, "f13b2d724659eb3bf47f2dd6af1accc87b81f09f59f2b75e5c0bed6589dfe8c6"},
        {63, "7d3e74a05d7db15bce4ad9ec0658ea98e3f06eeecf16b4c6fff2da457ddc2f34"},
        {64, "ffe054fe7ae0cb6dc65c3af9b61d5209f439851db43d0ba5997337df154668eb"},
        {65, "635361c48bb9eab14198e76ea8ab7f1a41685d6ad62aa9146d301d4f17eb0ae0"},
        {119, "31eba51c313a5c08226adf18d4a359cfdfd8d2e816b13f4af952f7ea6584dcfb"},
        {120, "2f3d335432c70b580af0e8e1b3674a7c020d683aa5f73aaaedfdc55af904c21c"},
        {128, "6836cf13bac400e9105071cd6af47084dfacad4e5e302c94bfed24e013afb73e"},
        {200, "c2a908d98f5df987ade41b5fce213067efbcc21ef2240212a41e54b5e7c28ae5"},
    };
    char text[200];
    memset(text, 'a', sizeof(text));
    for (size_t i = 0; i < RX_ARRAY_LEN(cases); i++) {
        check(text, cases[i].n, cases[i].want);
    }
}

static void test_pieces(void **state)
{
    (void)state;
    char text[200];
    for (size_t i = 0; i < sizeof(text); i++) {
        text[i] = (char)i;
    }
    unsigned char whole[32];
    struct rx_sha256 ctx;
    rx_sha256_init(&ctx);
    rx_sha256_update(&ctx, text, sizeof(text));
    rx_sha256_final(&ctx, whole);
    for (size_t step = 1; step < 130; step += 7) {
        unsigned char got[32];
        rx_sha256_init(&ctx);
        for (size_t at = 0; at < sizeof(text); at += step) {
            size_t n = sizeof(text) - at < step ? sizeof(text) - at : step;
            rx_sha256_update(&ctx, text + at, n);
        }
        rx_sha256_final(&ctx, got);
        assert_memory_equal(got, whole, sizeof(got));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
