// SPDX-License-Identifier: Apache-2.0
#include "operator/api/cidr.h"

#include <arpa/inet.h>
#include <string.h>

#include "common/base/parse.h"

#define ADDRESS_TEXT_MAX 46

bool rx_cidr_parse_address(struct rx_str text, struct rx_cidr *ret)
{
    char copy[ADDRESS_TEXT_MAX];
    struct rx_cidr cidr = {0};
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};

    if (text.n == 0 || text.n >= sizeof(copy) || memchr(text.p, '\0', text.n)) {
        return false;
    }
    memcpy(copy, text.p, text.n);
    copy[text.n] = '\0';
    cidr.v6 = strchr(copy, ':') != NULL;
    cidr.bits = cidr.v6 ? 128 : 32;
    if (inet_pton(cidr.v6 ? AF_INET6 : AF_INET, copy, cidr.address) != 1) {
        return false;
    }
    if (cidr.v6 && memcmp(cidr.address, mapped, sizeof(mapped)) == 0) {
        return false;
    }
    *ret = cidr;
    return true;
}

bool rx_cidr_parse(struct rx_str text, struct rx_cidr *ret)
{
    ptrdiff_t slash = rx_str_find(text, '/');
    struct rx_cidr cidr;
    uint64_t bits;

    if (slash < 0 || !rx_cidr_parse_address((struct rx_str){text.p, (size_t)slash}, &cidr)) {
        return false;
    }
    struct rx_str length = {text.p + slash + 1, text.n - (size_t)slash - 1};
    if (length.n > 1 && length.p[0] == '0') {
        return false;
    }
    if (rx_parse_u64(length, cidr.v6 ? 128 : 32, &bits) < 0) {
        return false;
    }
    cidr.bits = (unsigned)bits;
    *ret = cidr;
    return true;
}

bool rx_cidr_contains(const struct rx_cidr *outer, const struct rx_cidr *inner)
{
    if (outer->v6 != inner->v6 || inner->bits < outer->bits) {
        return false;
    }
    unsigned whole = outer->bits / 8, rest = outer->bits % 8;
    unsigned char mask = (unsigned char)(0xff00u >> rest);
    return memcmp(outer->address, inner->address, whole) == 0 &&
           (rest == 0 || ((outer->address[whole] ^ inner->address[whole]) & mask) == 0);
}
