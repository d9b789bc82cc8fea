// SPDX-License-Identifier: Apache-2.0
/* Parsers of durations and RFC 3339 times. */
#include "common/base/parse.h"

#include "common/base/clock.h"
#include "common/base/error.h"

/* Takes the digits at the start of *rest; false when there are none. Saturates at UINT64_MAX. */
static bool take_digits(struct rx_str *rest, uint64_t *ret)
{
    uint64_t value = 0;
    size_t n = 0;
    while (n < rest->n && rest->p[n] >= '0' && rest->p[n] <= '9') {
        if (__builtin_mul_overflow(value, 10u, &value) ||
            __builtin_add_overflow(value, (uint64_t)(rest->p[n] - '0'), &value)) {
            value = UINT64_MAX;
        }
        n++;
    }
    rest->p += n;
    rest->n -= n;
    *ret = value;
    return n > 0;
}

static int64_t take_duration_unit(struct rx_str *rest)
{
    static const struct {
        const char *name;
        int64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
    for (size_t i = 0; i < RX_ARRAY_LEN(units); i++) {
        struct rx_str name = rx_str_of(units[i].name);
        if (rx_str_starts(*rest, name)) {
            rest->p += name.n;
            rest->n -= name.n;
            return units[i].ms;
        }
    }
    return 0;
}

int rx_parse_duration_ms(struct rx_str text, int64_t min, int64_t max, int64_t *ret)
{
    int64_t total = 0;
    bool over = false;
    if (text.n == 0) {
        return RX_EPARSE;
    }
    while (text.n > 0) {
        uint64_t count = 0;
        if (!take_digits(&text, &count)) {
            return RX_EPARSE;
        }
        int64_t unit = take_duration_unit(&text);
        if (unit == 0) {
            return RX_EPARSE;
        }
        int64_t part = 0;
        over = over || __builtin_mul_overflow(count, unit, &part) ||
               __builtin_add_overflow(total, part, &total);
    }
    if (over || total < min || total > max) {
        return RX_ELIMIT;
    }
    *ret = total;
    return 0;
}

/* Exactly n digits. */
static bool take_fixed(struct rx_str *rest, size_t n, int *ret)
{
    if (rest->n < n) {
        return false;
    }
    struct rx_str part = {rest->p, n};
    int64_t value = 0;
    if (part.p[0] == '-' || rx_parse_i64(part, 0, 9999, &value) < 0) {
        return false;
    }
    rest->p += n;
    rest->n -= n;
    *ret = (int)value;
    return true;
}

static bool take_char(struct rx_str *rest, const char *any)
{
    if (rest->n == 0 || rest->p[0] == '\0' || !strchr(any, rest->p[0])) {
        return false;
    }
    rest->p++;
    rest->n--;
    return true;
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

/* Days since 1970-01-01 of a date in the Gregorian calendar, year 0 to 9999. */
static int64_t days_of(int year, int month, int day)
{
    /* Years start in March, so that the leap day is the last one. */
    int y = month <= 2 ? year - 1 : year;
    int m = month <= 2 ? month + 9 : month - 3;
    /* Shifted by 400 years to keep the divisions among positive numbers. */
    y += 400;
    int64_t day_of_year = (153 * m + 2) / 5 + day - 1;
    int64_t days = (int64_t)y * 365 + y / 4 - y / 100 + y / 400 + day_of_year;
    return days - 719468 - 146097;
}

static bool take_date_time(struct rx_str *rest, int64_t *ret_s)
{
    int year, month, day, hour, minute, second;
    if (!take_fixed(rest, 4, &year) || !take_char(rest, "-") || !take_fixed(rest, 2, &month) ||
        !take_char(rest, "-") || !take_fixed(rest, 2, &day) || !take_char(rest, "Tt") ||
        !take_fixed(rest, 2, &hour) || !take_char(rest, ":") || !take_fixed(rest, 2, &minute) ||
        !take_char(rest, ":") || !take_fixed(rest, 2, &second)) {
        return false;
    }
    if (month < 1 || month > 12 || day < 1 || day > days_in_month(year, month) || hour > 23 ||
        minute > 59 || second > 59) {
        return false;
    }
    *ret_s = days_of(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
    return true;
}

static bool take_fraction(struct rx_str *rest, int64_t *ret_ns)
{
    *ret_ns = 0;
    if (!take_char(rest, ".")) {
        return true;
    }
    size_t before = rest->n;
    uint64_t digits = 0;
    if (!take_digits(rest, &digits) || before - rest->n > 9) {
        return false;
    }
    for (size_t n = before - rest->n; n < 9; n++) {
        digits *= 10;
    }
    *ret_ns = (int64_t)digits;
    return true;
}

static bool take_zone(struct rx_str *rest, int64_t *ret_s)
{
    *ret_s = 0;
    if (take_char(rest, "Zz")) {
        return true;
    }
    int sign = rest->n > 0 && rest->p[0] == '-' ? -1 : 1;
    int hour, minute;
    if (!take_char(rest, "+-") || !take_fixed(rest, 2, &hour) || !take_char(rest, ":") ||
        !take_fixed(rest, 2, &minute) || hour > 23 || minute > 59) {
        return false;
    }
    *ret_s = sign * (hour * 3600 + minute * 60);
    return true;
}

int rx_parse_rfc3339_ns(struct rx_str text, int64_t *ret)
{
    int64_t seconds, fraction, zone, ns;
    if (!take_date_time(&text, &seconds) || !take_fraction(&text, &fraction) ||
        !take_zone(&text, &zone) || text.n != 0) {
        return RX_EPARSE;
    }
    if (__builtin_mul_overflow(seconds - zone, RX_NS_PER_S, &ns) ||
        __builtin_add_overflow(ns, fraction, &ns)) {
        return RX_ELIMIT;
    }
    *ret = ns;
    return 0;
}
