// SPDX-License-Identifier: Apache-2.0
/* Header lines of an answer, cut at line ends as they arrive, and the Retry-After among them. */
#include <stdint.h>
#include <stdlib.h>

#include "common/http/client_internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct rx_http_result result;
    struct rx_str rest = {(const char *)data, n}, line;
    rx_http_result_init(&result, 0);
    while (rx_str_cut(&rest, '\n', &line) && rx_http_result_add_header(&result, line) == 0) {
    }
    const struct rx_str value = rx_http_result_header(&result, "Retry-After");
    const int64_t wait_ms = rx_http_retry_after_ms(value, 1700000000000);
    if (wait_ms < -1 || wait_ms > 86400000) {
        abort();
    }
    char host[32], *url = strndup((const char *)data, n);
    rx_http_url_host(url ? url : "", host, sizeof(host));
    (void)rx_http_url_is_loopback(url ? url : "");
    free(url);
    rx_http_result_free(&result);
    return 0;
}
