// SPDX-License-Identifier: Apache-2.0
/* What every unit test includes: cmocka with the headers that it wants before it, and asserts on
 * our own types. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/buf.h"
#include "common/base/error.h"
#include "common/base/str.h"

/* The view holds exactly this text. */
#define assert_str(view, text)                                                                     \
    do {                                                                                           \
        struct rx_str rx_got_ = (view);                                                            \
        if (!rx_str_is(rx_got_, (text))) {                                                         \
            fail_msg("expected \"%s\", got \"" RX_STR_FMT "\"", (text), RX_STR_ARG(rx_got_));      \
        }                                                                                          \
    } while (0)
#define assert_buf(buf, text) assert_str(rx_buf_str(buf), text)
/* The call succeeded; shows err's message when not. */
#define assert_ok(call, err)                                                                       \
    do {                                                                                           \
        int rx_code_ = (call);                                                                     \
        if (rx_code_ != 0) {                                                                       \
            fail_msg("%s: %d: %s", #call, rx_code_, (err)->msg);                                   \
        }                                                                                          \
    } while (0)
/* The error's message holds the text. */
#define assert_message(err, text)                                                                  \
    do {                                                                                           \
        if (!strstr((err)->msg, (text))) {                                                         \
            fail_msg("expected \"...%s...\", got \"%s\"", (text), (err)->msg);                     \
        }                                                                                          \
    } while (0)
