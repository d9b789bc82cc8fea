// SPDX-License-Identifier: Apache-2.0
#include "common/base/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void rx_base64_encode(struct rx_buf *out, const void *bytes, size_t n)
{
    const unsigned char *p = bytes;
    for (; n >= 3; n -= 3, p += 3) {
        unsigned bits = (unsigned)p[0] << 16 | (unsigned)p[1] << 8 | p[2];
        char four[4] = {alphabet[bits >> 18], alphabet[bits >> 12 & 63], alphabet[bits >> 6 & 63],
                        alphabet[bits & 63]};
        rx_buf_add(out, four, 4);
    }
    if (n > 0) {
        unsigned bits = (unsigned)p[0] << 16 | (n > 1 ? (unsigned)p[1] << 8 : 0);
        char four[4] = {alphabet[bits >> 18], alphabet[bits >> 12 & 63],
                        n > 1 ? alphabet[bits >> 6 & 63] : '=', '='};
        rx_buf_add(out, four, 4);
    }
}

static int digit_value(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Decodes one group of four; returns the bytes it holds, or -1. */
static int decode_group(const char *in, bool last, char out[3])
{
    int pad = last && in[3] == '=' ? 1 + (in[2] == '=') : 0;
    unsigned bits = 0;
    for (int i = 0; i < 4; i++) {
        int v = i < 4 - pad ? digit_value(in[i]) : 0;
        if (v < 0) {
            return -1;
        }
        bits = bits << 6 | (unsigned)v;
    }
    /* Canonical: the bits that the padding cuts off are zero. */
    if (bits & (pad == 2 ? 0xffffu : pad == 1 ? 0xffu : 0u)) {
        return -1;
    }
    out[0] = (char)(bits >> 16);
    out[1] = (char)(bits >> 8);
    out[2] = (char)bits;
    return 3 - pad;
}

int rx_base64_decode(struct rx_buf *out, struct rx_str text)
{
    if (text.n % 4 != 0) {
        return RX_EPARSE;
    }
    for (size_t i = 0; i < text.n; i += 4) {
        char bytes[3];
        int n = decode_group(text.p + i, i + 4 == text.n, bytes);
        if (n < 0) {
            return RX_EPARSE;
        }
        rx_buf_add(out, bytes, (size_t)n);
    }
    return rx_buf_error(out, NULL);
}
