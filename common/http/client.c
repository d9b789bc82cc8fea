// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <time.h>

#include "common/base/clock.h"
#include "common/base/parse.h"
#include "common/http/client_internal.h"

#define DEFAULT_MAX_BODY  (16U << 20)
#define RETRY_AFTER_MAX_S 86400

void rx_http_result_init(struct rx_http_result *result, size_t max_body)
{
    *result = (struct rx_http_result){.retry_after_ms = -1};
    rx_buf_init(&result->body, max_body ? max_body : DEFAULT_MAX_BODY);
    rx_buf_init(&result->headers, RX_HTTP_MAX_ANSWER_HEADERS);
}

void rx_http_result_free(struct rx_http_result *result)
{
    rx_buf_free(&result->body);
    rx_buf_free(&result->headers);
}

int rx_http_result_add_header(struct rx_http_result *result, struct rx_str line)
{
    if (rx_str_starts(line, RX_STR("HTTP/"))) {
        rx_buf_clear(&result->headers);
        return 0;
    }
    while (line.n > 0 && (line.p[line.n - 1] == '\n' || line.p[line.n - 1] == '\r')) {
        line.n--;
    }
    if (line.n > 0) {
        rx_buf_add_str(&result->headers, line);
        rx_buf_puts(&result->headers, "\r\n");
    }
    return result->headers.error;
}

struct rx_str rx_http_result_header(const struct rx_http_result *result, const char *name)
{
    const struct rx_str wanted = rx_str_of(name);
    struct rx_str rest = rx_buf_str(&result->headers), line;
    while (rest.n > 0 && rx_str_cut(&rest, '\n', &line)) {
        if (line.n > wanted.n && line.p[wanted.n] == ':' &&
            rx_str_eq_nocase((struct rx_str){line.p, wanted.n}, wanted)) {
            return rx_str_trim((struct rx_str){line.p + wanted.n + 1, line.n - wanted.n - 1});
        }
    }
    return (struct rx_str){NULL, 0};
}

static int month_of(struct rx_str name)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    for (int i = 0; i < 12; i++) {
        if (memcmp(months + 3 * i, name.p, 3) == 0) {
            return i;
        }
    }
    return -1;
}

/* "Sun, 06 Nov 1994 08:49:37 GMT", the one form that may still be sent (RFC 9110 5.6.7). */
static bool parse_imf_date(struct rx_str text, int64_t *ret_s)
{
    if (text.n != 29 || text.p[3] != ',' || text.p[4] != ' ' || text.p[7] != ' ' ||
        text.p[11] != ' ' || text.p[16] != ' ' || text.p[19] != ':' || text.p[22] != ':' ||
        memcmp(text.p + 25, " GMT", 4) != 0) {
        return false;
    }
    static const struct {
        size_t at, n;
        int64_t min, max;
    } fields[] = {
        {5, 2, 1, 31}, {12, 4, 1970, 9999}, {17, 2, 0, 23}, {20, 2, 0, 59}, {23, 2, 0, 60}};
    int64_t v[RX_ARRAY_LEN(fields)] = {0};
    for (size_t i = 0; i < RX_ARRAY_LEN(fields); i++) {
        if (rx_parse_i64((struct rx_str){text.p + fields[i].at, fields[i].n}, fields[i].min,
                         fields[i].max, &v[i]) < 0) {
            return false;
        }
    }
    const int month = month_of((struct rx_str){text.p + 8, 3});
    if (month < 0) {
        return false;
    }
    struct tm tm = {.tm_mday = (int)v[0],
                    .tm_mon = month,
                    .tm_year = (int)v[1] - 1900,
                    .tm_hour = (int)v[2],
                    .tm_min = (int)v[3],
                    .tm_sec = (int)v[4]};
    *ret_s = (int64_t)timegm(&tm);
    return true;
}

int64_t rx_http_retry_after_ms(struct rx_str value, int64_t now_real_ms)
{
    int64_t seconds = 0;
    bool digits = value.n > 0;
    for (size_t i = 0; i < value.n; i++) {
        digits = digits && value.p[i] >= '0' && value.p[i] <= '9';
    }
    if (digits) {
        if (rx_parse_i64(value, 0, RETRY_AFTER_MAX_S, &seconds) < 0) {
            seconds = RETRY_AFTER_MAX_S;
        }
        return seconds * RX_MS_PER_S;
    }
    if (!parse_imf_date(value, &seconds)) {
        return -1;
    }
    const int64_t wait_ms = seconds * RX_MS_PER_S - now_real_ms;
    const int64_t max_ms = (int64_t)RETRY_AFTER_MAX_S * RX_MS_PER_S;
    return wait_ms < 0 ? 0 : (wait_ms > max_ms ? max_ms : wait_ms);
}

/* The authority without userinfo. */
static struct rx_str host_of(const char *url)
{
    struct rx_str rest = rx_str_of(url);
    for (size_t i = 0; i + 2 < rest.n; i++) {
        if (memcmp(rest.p + i, "://", 3) == 0) {
            rest = (struct rx_str){rest.p + i + 3, rest.n - i - 3};
            break;
        }
    }
    size_t start = 0, end = 0;
    while (end < rest.n && !strchr("/?#", rest.p[end])) {
        if (rest.p[end] == '@') {
            start = end + 1;
        }
        end++;
    }
    return (struct rx_str){rest.p + start, end - start};
}

void rx_http_url_host(const char *url, char *out, size_t n)
{
    snprintf(out, n, RX_STR_FMT, RX_STR_ARG(host_of(url)));
}

bool rx_http_url_is_loopback(const char *url)
{
    const struct rx_str host = host_of(url);
    return rx_str_starts(host, RX_STR("127.")) || rx_str_starts(host, RX_STR("[::1]")) ||
           rx_str_is(host, "localhost") || rx_str_starts(host, RX_STR("localhost:"));
}
