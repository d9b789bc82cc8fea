// SPDX-License-Identifier: Apache-2.0
/* Shared by client.c and client_curl.c only. */
#pragma once

#include "common/http/client.h"

#define RX_HTTP_MAX_ANSWER_HEADERS (64U << 10)

/* Zeroes a result and sets its bounds; max_body 0 = the default. */
void rx_http_result_init(struct rx_http_result *result, size_t max_body);
/* One header line as it arrives, with its line end. A status line starts afresh, so that only the
 * final answer's headers stay. 0 or RX_ELIMIT / -ENOMEM. */
int rx_http_result_add_header(struct rx_http_result *result, struct rx_str line) RX_MUST_CHECK;
/* Milliseconds that a Retry-After value asks for, seen from now; -1 when it is neither seconds nor
 * an HTTP date. */
int64_t rx_http_retry_after_ms(struct rx_str value, int64_t now_real_ms);
/* "host:port" of a URL without userinfo, path and query, for messages. Cut when too long. */
void rx_http_url_host(const char *url, char *out, size_t n);
/* Whether the host is the machine itself, which no proxy can reach for us. */
bool rx_http_url_is_loopback(const char *url);
