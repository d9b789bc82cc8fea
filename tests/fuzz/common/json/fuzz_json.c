// SPDX-License-Identifier: Apache-2.0
/* Whatever the reader accepts can be written, reads back the same, and survives the builder. */
#include <assert.h>
#include <stdint.h>

#include "common/json/build.h"
#include "common/json/read.h"
#include "common/json/write.h"

#define MOST (4u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void write_again(const struct rx_json *value, struct rx_buf *out)
{
    struct rx_jw w;
    rx_jw_init(&w, out);
    rx_jw_value(&w, value);
    assert(rx_buf_error(out, NULL) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    rx_auto(json_doc) struct rx_json_doc *doc = NULL;
    rx_auto(json_doc) struct rx_json_doc *again = NULL;
    struct rx_error err = {0};
    int r = rx_json_parse((struct rx_str){(const char *)data, n}, NULL, &doc, &err);
    if (r < 0) {
        assert(!doc && err.code == r && err.msg[0]);
        return 0;
    }
    rx_auto(buf) struct rx_buf first = RX_BUF_INIT(MOST);
    rx_auto(buf) struct rx_buf second = RX_BUF_INIT(MOST);
    write_again(rx_json_root(doc), &first);
    r = rx_json_parse(rx_buf_str(&first), NULL, &again, &err);
    assert(r == 0);
    write_again(rx_json_root(again), &second);
    assert(rx_str_eq(rx_buf_str(&first), rx_buf_str(&second)));

    rx_auto(build) json_t *tree = rx_build_from(rx_json_root(doc));
    assert(tree && rx_build_subset(tree, rx_json_root(doc)));
    rx_buf_clear(&first);
    rx_buf_clear(&second);
    r = rx_build_write(tree, &first);
    assert(r == 0);
    rx_auto(build) json_t *copy = NULL;
    r = rx_build_parse(rx_buf_str(&first), &copy, &err);
    assert(r == 0);
    r = rx_build_write(copy, &second);
    assert(r == 0 && rx_str_eq(rx_buf_str(&first), rx_buf_str(&second)));
    return 0;
}
