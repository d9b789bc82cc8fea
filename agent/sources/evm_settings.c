// SPDX-License-Identifier: Apache-2.0
/* Settings of one evm source: read strictly, errors name the field. */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/sources/evm.h"
#include "common/base/file.h"
#include "common/base/parse.h"
#include "common/base/sha256.h"

#define URL_MAX           2048
#define CONFIRMATIONS_MAX 1000

/* Wrapped Ether of the chains whose address is known. */
static const struct {
    const char *chain, *weth;
} known_weth[] = {
    {"ethereum", "0xc02aaa39b223fe8d0a0e5c4f27ead9083c756cc2"},
    {"base", "0x4200000000000000000000000000000000000006"},
    {"optimism", "0x4200000000000000000000000000000000000006"},
    {"arbitrum", "0x82af49447d8a07e3bd95bd0d56f35241523fbab1"},
};

static int bad(const char *field, const char *wanted, struct rx_error *err)
{
    return rx_error_set(err, RX_EINVALID, "%s: must be %s", field, wanted);
}

static bool is_name(struct rx_str text, size_t max)
{
    if (text.n == 0 || text.n > max || !islower((unsigned char)text.p[0])) {
        return false;
    }
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (!islower(c) && !isdigit(c) && c != '-') {
            return false;
        }
    }
    return true;
}

static int read_name(const struct rx_json *spec, const char *field, const char *fallback, char *out,
                     size_t max, struct rx_error *err)
{
    const struct rx_json *value = rx_json_get(spec, field);
    struct rx_str text = value || !fallback ? rx_json_str(value) : rx_str_of(fallback);
    if (!is_name(text, max - 1)) {
        return bad(field, "a name of lower-case letters, digits and '-'", err);
    }
    memcpy(out, text.p, text.n);
    out[text.n] = '\0';
    return 0;
}

static int read_address(const struct rx_json *value, const char *field, uint8_t out[20],
                        struct rx_error *err)
{
    struct rx_str text = rx_json_str(value);
    if (text.n != 42 || rx_parse_hex_bytes(text, out, 20) < 0) {
        return bad(field, "an address: 0x and 40 hex digits", err);
    }
    return 0;
}

/* The URL from the file that a Secret is mounted as. */
static int read_url_file(const char *path, struct evm_settings *ret, struct rx_error *err)
{
    rx_auto(buf) struct rx_buf buf = RX_BUF_INIT(URL_MAX);
    int r = rx_file_read(path, &buf, err);
    if (r < 0) {
        return rx_error_wrap(err, "rpcURLFile");
    }
    ret->url = rx_str_dup(rx_str_trim(rx_buf_str(&buf)));
    return ret->url ? 0 : rx_error_set(err, -ENOMEM, "rpcURLFile: out of memory");
}

/* Host of a URL that was checked to have a scheme, without user and port. */
static struct rx_str host_of(struct rx_str url)
{
    struct rx_str host = {0}, rest = url, name;
    for (int part = 0; part < 3; part++) {
        (void)rx_str_cut(&rest, '/', &host); /* "http:", "", "user@host:port" */
    }
    for (ptrdiff_t at; (at = rx_str_find(host, '@')) >= 0;) {
        host = (struct rx_str){host.p + at + 1, host.n - (size_t)at - 1};
    }
    if (host.n && host.p[0] == '[') {
        return host; /* IPv6 has colons of its own */
    }
    (void)rx_str_cut(&host, ':', &name);
    return name;
}

/* Loopback, private addresses, and names without a public domain. */
static bool is_local(struct rx_str url)
{
    struct rx_str host = host_of(url);
    struct in_addr ip;
    char text[INET_ADDRSTRLEN];
    if (host.n < sizeof text) {
        memcpy(text, host.p, host.n);
        text[host.n] = '\0';
        if (inet_pton(AF_INET, text, &ip) == 1) {
            uint32_t bits = ntohl(ip.s_addr);
            return bits >> 24 == 127 || bits >> 24 == 10 || bits >> 16 == 0xc0a8 ||
                   bits >> 20 == 0xac1;
        }
    }
    return rx_str_find(host, '.') < 0 || rx_str_ends(host, RX_STR(".svc")) ||
           rx_str_ends(host, RX_STR(".svc.cluster.local"));
}

static int read_url(const struct rx_json *spec, struct evm_settings *ret, struct rx_error *err)
{
    struct rx_str url = rx_json_str(rx_json_get(spec, "rpcURL"));
    const char *file = rx_json_cstr(rx_json_get(spec, "rpcURLFile"), NULL);
    if ((url.n > 0) == (file != NULL)) {
        return rx_error_set(err, RX_EINVALID, "rpcURL: exactly one of rpcURL and rpcURLFile");
    }
    if (file) {
        int r = read_url_file(file, ret, err);
        if (r < 0) {
            return r;
        }
    } else if (!(ret->url = rx_str_dup(url))) {
        return rx_error_set(err, -ENOMEM, "rpcURL: out of memory");
    }
    struct rx_str text = rx_str_of(ret->url);
    if (text.n > URL_MAX ||
        (!rx_str_starts(text, RX_STR("http://")) && !rx_str_starts(text, RX_STR("https://")))) {
        return bad(file ? "rpcURLFile" : "rpcURL", "an http or https URL", err);
    }
    ret->local = is_local(text);
    return 0;
}

static int read_weth(const struct rx_json *spec, struct evm_settings *ret, struct rx_error *err)
{
    const struct rx_json *value = rx_json_get(spec, "weth");
    if (value) {
        return read_address(value, "weth", ret->weth, err);
    }
    for (size_t i = 0; i < RX_ARRAY_LEN(known_weth); i++) {
        if (strcmp(known_weth[i].chain, ret->chain) == 0) {
            return rx_parse_hex_bytes(rx_str_of(known_weth[i].weth), ret->weth, 20);
        }
    }
    return bad("weth", "given: no address is known for this chain", err);
}

static int read_count(const struct rx_json *value, const char *field, int64_t max, int64_t fallback,
                      int64_t *ret, struct rx_error *err)
{
    int64_t number = value ? rx_json_i64(value, -1) : fallback;
    if (number < 0 || number > max) {
        return rx_error_set(err, RX_EINVALID, "%s: must be an integer from 0 to %lld", field,
                            (long long)max);
    }
    *ret = number;
    return 0;
}

static int read_factory(const struct rx_json *json, struct evm_factory *out, struct rx_error *err)
{
    const struct rx_json *protocol = rx_json_get(json, "protocol");
    const struct rx_json *from = rx_json_get(json, "fromBlock");
    int64_t block = 0;
    if (protocol && !rx_str_is(rx_json_str(protocol), "uniswap-v2")) {
        return bad("protocol", "uniswap-v2", err);
    }
    int r = read_address(rx_json_get(json, "address"), "address", out->address, err);
    if (r == 0) {
        r = read_count(from, "fromBlock", INT64_MAX / 2, 0, &block, err);
    }
    out->from_block = from ? (uint64_t)block : EVM_FROM_DEFAULT;
    return r;
}

static int read_factories(const struct rx_json *spec, struct evm_settings *ret,
                          struct rx_error *err)
{
    const struct rx_json *list = rx_json_get(spec, "factories");
    size_t n = rx_json_len(list);
    if (rx_json_type(list) != RX_JSON_ARRAY || n == 0 || n > EVM_MAX_FACTORIES) {
        return bad("factories", "a list of 1 to 8 factories", err);
    }
    RX_JSON_FOREACH (it, list) {
        struct evm_factory *factory = &ret->factories[ret->n_factories];
        int r = read_factory(it.value, factory, err);
        if (r < 0) {
            return rx_error_wrap(err, "factories[%zu]", ret->n_factories);
        }
        for (size_t i = 0; i < ret->n_factories; i++) {
            if (memcmp(ret->factories[i].address, factory->address, 20) == 0) {
                return rx_error_set(err, RX_EINVALID, "factories[%zu].address: there twice",
                                    ret->n_factories);
            }
        }
        ret->n_factories++;
    }
    return 0;
}

static int read_poll(const struct rx_json *spec, struct evm_settings *ret, struct rx_error *err)
{
    const struct rx_json *value = rx_json_get(spec, "pollInterval");
    if (value && rx_parse_duration_ms(rx_json_str(value), 10, 60000, &ret->poll_ms) < 0) {
        return bad("pollInterval", "a duration from 10ms to 1m", err);
    }
    return 0;
}

static int check_members(const struct rx_json *spec, struct rx_error *err)
{
    static const char *const members[] = {"name",       "type",          "rpcURL",
                                          "rpcURLFile", "chain",         "weth",
                                          "factories",  "confirmations", "pollInterval"};
    RX_JSON_FOREACH (it, spec) {
        bool known = false;
        for (size_t i = 0; i < RX_ARRAY_LEN(members); i++) {
            known = known || rx_str_is(it.key, members[i]);
        }
        if (!known) {
            return rx_error_set(err, RX_EINVALID, "%.*s: no such setting of an evm source",
                                (int)(it.key.n < 64 ? it.key.n : 64), it.key.p);
        }
    }
    return 0;
}

int evm_settings_read(const struct rx_json *spec, struct evm_settings *ret, struct rx_error *err)
{
    int64_t confirmations = 0;
    *ret = (struct evm_settings){0};
    int r = check_members(spec, err);
    if (r == 0) {
        r = read_name(spec, "name", NULL, ret->name, sizeof ret->name, err);
    }
    if (r == 0) {
        r = read_name(spec, "chain", "ethereum", ret->chain, sizeof ret->chain, err);
    }
    if (r == 0) {
        r = read_url(spec, ret, err);
    }
    if (r == 0) {
        r = read_weth(spec, ret, err);
    }
    if (r == 0) {
        r = read_factories(spec, ret, err);
    }
    if (r == 0) {
        r = read_count(rx_json_get(spec, "confirmations"), "confirmations", CONFIRMATIONS_MAX, 2,
                       &confirmations, err);
    }
    if (r == 0) {
        r = read_poll(spec, ret, err);
    }
    ret->confirmations = (uint64_t)confirmations;
    return r;
}

void evm_settings_fini(struct evm_settings *settings)
{
    if (settings->url) {
        explicit_bzero(settings->url, strlen(settings->url)); /* may hold an access key */
    }
    free(settings->url);
    settings->url = NULL;
}

void evm_settings_fingerprint(const struct evm_settings *settings, char out[65])
{
    char text[128 + EVM_MAX_FACTORIES * 80], address[EVM_ADDRESS_TEXT];
    int n = snprintf(text, sizeof text, "v1 %s %s", settings->chain,
                     evm_address_text(settings->weth, address));
    for (size_t i = 0; i < settings->n_factories; i++) {
        const struct evm_factory *factory = &settings->factories[i];
        n += snprintf(text + n, sizeof text - (size_t)n, " %s:%llu",
                      evm_address_text(factory->address, address),
                      (unsigned long long)factory->from_block);
    }
    rx_sha256_hex(text, (size_t)n, out);
}
