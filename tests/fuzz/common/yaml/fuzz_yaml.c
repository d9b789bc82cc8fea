// SPDX-License-Identifier: Apache-2.0
/* Whatever the YAML reader accepts becomes JSON that our strict reader takes. */
#include <assert.h>
#include <stdint.h>

#include "common/json/read.h"
#include "common/yaml/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    rx_auto(buf) struct rx_buf json = RX_BUF_INIT(16u << 20);
    struct rx_error err = {0};
    const struct rx_json_limits limits = {.max_depth = 65};
    int r = rx_yaml_to_json((struct rx_str){(const char *)data, n}, NULL, &json, &err);
    if (r < 0) {
        assert(err.code == r && err.msg[0]);
        return 0;
    }
    rx_auto(json_doc) struct rx_json_doc *doc = NULL;
    r = rx_json_parse(rx_buf_str(&json), &limits, &doc, &err);
    /* An integer of any length stays exact text here, but one beyond a double is no JSON number. */
    assert(r == 0 || strstr(err.msg, "infinity"));
    return 0;
}
