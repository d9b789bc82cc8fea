// SPDX-License-Identifier: Apache-2.0
#include "common/yaml/scalar.h"

#include <stdint.h>

#include "common/base/parse.h"
#include "common/json/write.h"

#define TAG_PREFIX "tag:yaml.org,2002:"

enum kind { KIND_STR, KIND_NULL, KIND_BOOL, KIND_INT, KIND_FLOAT, KIND_REFUSED };

static bool is_one_of(struct rx_str text, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (rx_str_is(text, words[i])) {
            return true;
        }
    }
    return false;
}

static bool is_null(struct rx_str text)
{
    static const char *const words[] = {"", "~", "null", "Null", "NULL"};
    return is_one_of(text, words, RX_ARRAY_LEN(words));
}

/* kubectl and the API server read the booleans of YAML 1.1 too. */
static bool is_true(struct rx_str text)
{
    static const char *const words[] = {"true", "True", "TRUE", "yes", "Yes", "YES",
                                        "y",    "Y",    "on",   "On",  "ON"};
    return is_one_of(text, words, RX_ARRAY_LEN(words));
}

static bool is_false(struct rx_str text)
{
    static const char *const words[] = {"false", "False", "FALSE", "no",  "No", "NO",
                                        "n",     "N",     "off",   "Off", "OFF"};
    return is_one_of(text, words, RX_ARRAY_LEN(words));
}

static bool is_not_finite(struct rx_str text)
{
    static const char *const words[] = {".nan", ".NaN", ".NAN", ".inf", ".Inf", ".INF"};
    if (text.n > 0 && (text.p[0] == '-' || text.p[0] == '+')) {
        text.p++;
        text.n--;
        return is_one_of(text, words + 3, 3);
    }
    return is_one_of(text, words, RX_ARRAY_LEN(words));
}

static size_t digits_from(struct rx_str text, size_t at)
{
    size_t n = 0;
    while (at + n < text.n && text.p[at + n] >= '0' && text.p[at + n] <= '9') {
        n++;
    }
    return n;
}

/* The parts of [-+]? digits? (. digits?)? ([eE][-+]?digits)?; offsets into the text. */
struct number {
    bool negative, point;
    struct rx_str whole, fraction, exponent; /* exponent with its sign */
};

static bool split_number(struct rx_str text, struct number *ret)
{
    struct number made = {0};
    size_t at = 0;
    if (text.n > 0 && (text.p[0] == '-' || text.p[0] == '+')) {
        made.negative = text.p[0] == '-';
        at++;
    }
    made.whole = (struct rx_str){text.p + at, digits_from(text, at)};
    at += made.whole.n;
    if (at < text.n && text.p[at] == '.') {
        made.point = true;
        at++;
        made.fraction = (struct rx_str){text.p + at, digits_from(text, at)};
        at += made.fraction.n;
    }
    if (made.whole.n + made.fraction.n == 0) {
        return false;
    }
    if (at < text.n && (text.p[at] == 'e' || text.p[at] == 'E')) {
        size_t start = ++at;
        at += at < text.n && (text.p[at] == '-' || text.p[at] == '+');
        size_t n = digits_from(text, at);
        if (n == 0) {
            return false;
        }
        at += n;
        made.exponent = (struct rx_str){text.p + start, at - start};
    }
    *ret = made;
    return at == text.n;
}

/* 0x1F and 0o17; false when the text has another form. */
static bool read_based(struct rx_str text, uint64_t *ret, bool *ret_over)
{
    if (text.n < 3 || text.p[0] != '0' || (text.p[1] != 'x' && text.p[1] != 'o')) {
        return false;
    }
    unsigned shift = text.p[1] == 'x' ? 4 : 3;
    *ret = 0;
    *ret_over = false;
    for (size_t i = 2; i < text.n; i++) {
        char c = text.p[i];
        unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                         : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
                         : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A') + 10
                                                : 16;
        if (digit >> shift) {
            return false;
        }
        *ret_over = *ret_over || *ret >> (64 - shift);
        *ret = *ret << shift | digit;
    }
    return true;
}

static enum kind classify(struct rx_str text)
{
    struct number number;
    uint64_t value;
    bool over;
    if (is_null(text)) {
        return KIND_NULL;
    }
    if (is_true(text) || is_false(text)) {
        return KIND_BOOL;
    }
    if (is_not_finite(text)) {
        return KIND_FLOAT;
    }
    if (read_based(text, &value, &over)) {
        return KIND_INT;
    }
    if (!split_number(text, &number)) {
        return KIND_STR;
    }
    return number.point || number.exponent.p ? KIND_FLOAT : KIND_INT;
}

static int add_int(struct rx_buf *out, struct rx_str text, const char **ret_why)
{
    uint64_t value = 0;
    bool over = false;
    if (read_based(text, &value, &over)) {
        if (over) {
            *ret_why = "integer of more than 64 bits";
            return RX_ELIMIT;
        }
        struct rx_jw w;
        rx_jw_init(&w, out);
        rx_jw_u64(&w, value);
        return 0;
    }
    struct number number;
    if (!split_number(text, &number)) {
        *ret_why = "expected an integer";
        return RX_EINVALID;
    }
    if (number.whole.n > 1 && number.whole.p[0] == '0') {
        /* YAML 1.1 reads 0644 as octal, 1.2 as decimal. */
        *ret_why = "integer with a leading zero: write it in decimal, as 0o..., or quoted";
        return RX_EINVALID;
    }
    rx_buf_puts(out, number.negative ? "-" : "");
    rx_buf_add_str(out, number.whole);
    return 0;
}

static int add_float(struct rx_buf *out, struct rx_str text, const char **ret_why)
{
    struct number number;
    if (!split_number(text, &number)) {
        *ret_why = "expected a finite number";
        return RX_EINVALID;
    }
    while (number.whole.n > 1 && number.whole.p[0] == '0') {
        number.whole.p++;
        number.whole.n--;
    }
    rx_auto(buf) struct rx_buf json = RX_BUF_INIT(512);
    rx_buf_puts(&json, number.negative ? "-" : "");
    rx_buf_add_str(&json, number.whole.n ? number.whole : RX_STR("0"));
    rx_buf_putc(&json, '.');
    rx_buf_add_str(&json, number.fraction.n ? number.fraction : RX_STR("0"));
    if (number.exponent.p) {
        rx_buf_putc(&json, 'e');
        rx_buf_add_str(&json, number.exponent);
    }
    double value;
    if (json.error == RX_ELIMIT ||
        (!json.error && rx_parse_double(rx_buf_str(&json), &value) < 0)) {
        *ret_why = "number beyond the range of a double";
        return RX_ELIMIT;
    }
    if (json.error) {
        *ret_why = "out of memory";
        return json.error;
    }
    rx_buf_add_str(out, rx_buf_str(&json));
    return 0;
}

/* What the tag demands; KIND_REFUSED for a tag that is unknown or does not fit the text. */
static enum kind kind_by_tag(const char *tag, enum kind natural)
{
    static const struct {
        const char *tag;
        enum kind kind;
    } table[] = {{TAG_PREFIX "null", KIND_NULL},
                 {TAG_PREFIX "bool", KIND_BOOL},
                 {TAG_PREFIX "int", KIND_INT},
                 {TAG_PREFIX "float", KIND_FLOAT}};
    if (rx_yaml_is_string_tag(tag)) {
        return KIND_STR;
    }
    for (size_t i = 0; i < RX_ARRAY_LEN(table); i++) {
        if (strcmp(tag, table[i].tag) == 0) {
            bool fits =
                natural == table[i].kind || (table[i].kind == KIND_FLOAT && natural == KIND_INT);
            return fits ? natural : KIND_REFUSED;
        }
    }
    return KIND_REFUSED;
}

bool rx_yaml_is_string_tag(const char *tag)
{
    return strcmp(tag, "!") == 0 || strcmp(tag, TAG_PREFIX "str") == 0;
}

int rx_yaml_add_scalar(struct rx_buf *out, struct rx_str text, bool plain, const char *tag,
                       const char **ret_why)
{
    enum kind kind = tag ? kind_by_tag(tag, classify(text)) : plain ? classify(text) : KIND_STR;
    switch (kind) {
    case KIND_STR:
        rx_json_add_string(out, text);
        return 0;
    case KIND_NULL:
        rx_buf_puts(out, "null");
        return 0;
    case KIND_BOOL:
        rx_buf_puts(out, is_true(text) ? "true" : "false");
        return 0;
    case KIND_INT:
        return add_int(out, text, ret_why);
    case KIND_FLOAT:
        return add_float(out, text, ret_why);
    case KIND_REFUSED:
        break;
    }
    *ret_why = "tag is unknown or does not fit the value";
    return RX_EINVALID;
}
