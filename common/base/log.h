// SPDX-License-Identifier: Apache-2.0
/*
 * JSON lines on stderr: {"time","level","msg",fields...}, one write a line. The level is checked
 * before any argument is evaluated. Values of secret-looking keys (key, token, secret, password,
 * authorization, dsn) are replaced, and RX_F_URL drops userinfo, path and query. Thread-safe.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/str.h"

enum rx_log_level { RX_LOG_DEBUG, RX_LOG_INFO, RX_LOG_WARN, RX_LOG_ERROR, RX_LOG_LEVEL_MAX };

enum rx_field_type { RX_FIELD_STR, RX_FIELD_I64, RX_FIELD_DOUBLE, RX_FIELD_BOOL, RX_FIELD_URL };

struct rx_field {
    const char *key;
    enum rx_field_type type;
    struct rx_str str;
    int64_t i64;
    double real;
};

#define RX_F_S(k, text)                                                                            \
    ((struct rx_field){.key = (k), .type = RX_FIELD_STR, .str = rx_str_of(text)})
#define RX_F_V(k, view) ((struct rx_field){.key = (k), .type = RX_FIELD_STR, .str = (view)})
#define RX_F_I(k, value)                                                                           \
    ((struct rx_field){.key = (k), .type = RX_FIELD_I64, .i64 = (int64_t)(value)})
#define RX_F_D(k, value) ((struct rx_field){.key = (k), .type = RX_FIELD_DOUBLE, .real = (value)})
#define RX_F_B(k, value) ((struct rx_field){.key = (k), .type = RX_FIELD_BOOL, .i64 = (value)})
#define RX_F_URL(k, url)                                                                           \
    ((struct rx_field){.key = (k), .type = RX_FIELD_URL, .str = rx_str_of(url)})
/* The message of a struct rx_error * as field "error". */
#define RX_F_ERR(e) RX_F_S("error", (e)->msg)

extern enum rx_log_level rx_log_min; /* written by rx_log_set_level only */
void rx_log_set_level(enum rx_log_level level);
/* Descriptor that lines go to; 2 unless told. For tests. */
void rx_log_set_fd(int fd);

void rx_log_write(enum rx_log_level level, const char *msg, const struct rx_field *fields,
                  size_t n);

/* rx_log(RX_LOG_INFO, "listening", RX_F_I("port", port)); */
#define rx_log(level, message, ...)                                                                \
    do {                                                                                           \
        if ((level) >= __atomic_load_n(&rx_log_min, __ATOMIC_RELAXED)) {                           \
            const struct rx_field rx_fields_[] = {{0}, ##__VA_ARGS__};                             \
            rx_log_write(level, message, rx_fields_ + 1, RX_ARRAY_LEN(rx_fields_) - 1);            \
        }                                                                                          \
    } while (0)
#define rx_debug(...) rx_log(RX_LOG_DEBUG, __VA_ARGS__)
#define rx_info(...)  rx_log(RX_LOG_INFO, __VA_ARGS__)
#define rx_warn(...)  rx_log(RX_LOG_WARN, __VA_ARGS__)
#define rx_err(...)   rx_log(RX_LOG_ERROR, __VA_ARGS__)
