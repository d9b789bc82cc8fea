// SPDX-License-Identifier: Apache-2.0
#include "common/base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

__attribute__((format(printf, 2, 0))) static void set_message(struct rx_error *err, const char *fmt,
                                                              va_list args)
{
    if (vsnprintf(err->msg, sizeof(err->msg), fmt, args) < 0) {
        err->msg[0] = '\0';
    }
}

/* In parentheses, because error.h has macros of these names for the analyzer. */
int(rx_error_set)(struct rx_error *err, int code, const char *fmt, ...)
{
    if (!err) {
        return code;
    }
    /* The arguments may point into err->msg, so the text is made aside. */
    struct rx_error made = {.code = code};
    va_list args;
    va_start(args, fmt);
    set_message(&made, fmt, args);
    va_end(args);
    *err = made;
    return code;
}

int(rx_error_errno)(struct rx_error *err, int errnum, const char *fmt, ...)
{
    int code = errnum < 0 ? errnum : -errnum;
    if (!err) {
        return code;
    }
    struct rx_error made = {.code = code};
    va_list args;
    va_start(args, fmt);
    set_message(&made, fmt, args);
    va_end(args);
    made.retryable = code == -EAGAIN || code == -EINTR || code == -ENOMEM || code == -ETIMEDOUT ||
                     code == -ECONNREFUSED || code == -ECONNRESET;
    char scratch[64];
    size_t used = strlen(made.msg);
    (void)snprintf(made.msg + used, sizeof(made.msg) - used, ": %s",
                   strerror_r(-code, scratch, sizeof(scratch)));
    *err = made;
    return code;
}

int rx_error_wrap(struct rx_error *err, const char *fmt, ...)
{
    if (!err) {
        return RX_EINVALID;
    }
    struct rx_error made = *err;
    va_list args;
    va_start(args, fmt);
    set_message(&made, fmt, args);
    va_end(args);
    size_t used = strlen(made.msg);
    (void)snprintf(made.msg + used, sizeof(made.msg) - used, ": %s", err->msg);
    *err = made;
    return err->code;
}

const char *rx_code_name(int code)
{
    switch (code) {
    case 0:
        return "ok";
    case RX_EPARSE:
        return "parse";
    case RX_ELIMIT:
        return "limit";
    case RX_EINVALID:
        return "invalid";
    case RX_EPROTO:
        return "protocol";
    case RX_ESTATUS:
        return "status";
    case RX_ECONFLICT:
        return "conflict";
    case RX_EGONE:
        return "gone";
    case RX_ECLOSED:
        return "closed";
    default:
        break;
    }
    const char *text = strerrordesc_np(code < 0 ? -code : code);
    return text ? text : "unknown";
}
