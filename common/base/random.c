// SPDX-License-Identifier: Apache-2.0
#include "common/base/random.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

void rx_random_bytes(void *out, size_t n)
{
    unsigned char *p = out;
    while (n > 0) {
        ssize_t got = getrandom(p, n, 0);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            abort();
        }
        p += got;
        n -= (size_t)got;
    }
}

uint64_t rx_random_below(uint64_t bound)
{
    assert(bound > 0);
    /* Values under the threshold would make some remainders more likely than others. */
    uint64_t threshold = (0 - bound) % bound;
    uint64_t value;
    do {
        rx_random_bytes(&value, sizeof(value));
    } while (value < threshold);
    return value % bound;
}

void rx_random_uuid(char out[37])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char bytes[16];
    rx_random_bytes(bytes, sizeof(bytes));
    bytes[6] = (unsigned char)((bytes[6] & 0x0f) | 0x40);
    bytes[8] = (unsigned char)((bytes[8] & 0x3f) | 0x80);
    size_t n = 0;
    for (size_t i = 0; i < sizeof(bytes); i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            out[n++] = '-';
        }
        out[n++] = digits[bytes[i] >> 4];
        out[n++] = digits[bytes[i] & 15];
    }
    out[n] = '\0';
}

void rx_random_base64url(char *out, size_t n)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    while (n > 0) {
        unsigned char bytes[3] = {0};
        size_t part = n < 3 ? n : 3;
        rx_random_bytes(bytes, part);
        unsigned bits = (unsigned)bytes[0] << 16 | (unsigned)bytes[1] << 8 | bytes[2];
        for (size_t i = 0; i <= part; i++) {
            *out++ = alphabet[(bits >> (18 - 6 * i)) & 63];
        }
        n -= part;
    }
    *out = '\0';
}
