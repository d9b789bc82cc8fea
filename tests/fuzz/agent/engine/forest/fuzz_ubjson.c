// SPDX-License-Identifier: Apache-2.0
/* UBJSON from anywhere parses into values that can all be visited, or is refused; what is an
 * XGBoost model predicts finite numbers. */
#include "agent/engine/forest/ubjson.h"
#include "tests/fuzz/agent/engine/forest/forest_check.h"

static size_t visit(const struct rx_ubj *value)
{
    size_t seen = 1;
    (void)rx_ubj_double(value, 0);
    struct rx_str text = rx_ubj_str(value);
    for (size_t i = 0; i < text.n; i++) {
        seen += text.p[i] == 'x';
    }
    struct rx_ubj_iter iter;
    rx_ubj_iter_init(&iter, value);
    while (rx_ubj_iter_next(&iter)) {
        seen += visit(iter.value);
    }
    return seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rx_str bytes = {(const char *)data, size};
    struct rx_ubj_doc *doc = NULL;
    struct rx_error err = {0};
    if (rx_ubj_parse(bytes, &doc, &err) == 0) {
        if (visit(rx_ubj_root(doc)) == 0) {
            abort();
        }
    } else if (err.msg[0] == 0) {
        abort();
    }
    rx_ubj_doc_free(doc);
    check_model(bytes);
    return 0;
}
