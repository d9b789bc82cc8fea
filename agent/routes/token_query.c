// SPDX-License-Identifier: Apache-2.0
#include "agent/routes/token_query.h"

#include "agent/routes/score.h"
#include "common/base/buf.h"
#include "common/base/parse.h"

static const struct {
    const char *name;
    const char *aliases[3];
    bool evm;
} chains[RX_CHAINS] = {
    {"ethereum", {"eth", "ether"}, true}, {"bsc", {"bnb", "binance"}, true},
    {"polygon", {"matic", "poly"}, true}, {"solana", {"sol"}, false},
    {"arbitrum", {"arb"}, true},          {"optimism", {NULL}, true},
    {"avalanche", {"avax"}, true},        {"base", {NULL}, true},
};

const char rx_chain_names[] =
    "ethereum, bsc, polygon, solana, arbitrum, optimism, avalanche or base";

const char *rx_chain_find(struct rx_str text)
{
    for (size_t i = 0; i < RX_CHAINS; i++) {
        if (rx_str_eq_nocase(text, rx_str_of(chains[i].name))) {
            return chains[i].name;
        }
        for (size_t k = 0; k < RX_ARRAY_LEN(chains[i].aliases) && chains[i].aliases[k]; k++) {
            if (rx_str_eq_nocase(text, rx_str_of(chains[i].aliases[k]))) {
                return chains[i].name;
            }
        }
    }
    return NULL;
}

bool rx_chain_is_evm(const char *chain)
{
    for (size_t i = 0; i < RX_CHAINS; i++) {
        if (strcmp(chain, chains[i].name) == 0) {
            return chains[i].evm;
        }
    }
    return false;
}

int rx_address_evm(struct rx_str text, uint8_t out[20], struct rx_error *err)
{
    if (text.n != 42 || text.p[0] != '0' || text.p[1] != 'x' ||
        rx_parse_hex_bytes(text, out, 20) < 0) {
        return rx_error_set(err, RX_EINVALID, "address: expected 0x and 40 hex digits");
    }
    return 0;
}

bool rx_address_is_solana(struct rx_str text)
{
    static const char alphabet[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
    for (size_t i = 0; i < text.n; i++) {
        if (!strchr(alphabet, text.p[i])) {
            return false;
        }
    }
    return text.n >= 32 && text.n <= 44;
}

int rx_horizons_parse(struct rx_str text, unsigned enabled, unsigned *ret, struct rx_error *err)
{
    unsigned mask = 0;
    struct rx_str rest = text, part;
    while (rx_str_cut(&rest, ',', &part)) {
        const struct rx_str name = rx_str_trim(part);
        size_t i = 0;
        while (i < RX_HORIZONS && !(rx_str_is(name, rx_horizons[i]) && (enabled & (1u << i)))) {
            i++;
        }
        if (i == RX_HORIZONS) {
            rx_auto(buf) struct rx_buf some = RX_BUF_INIT(64);
            for (size_t k = 0; k < RX_HORIZONS; k++) {
                if (enabled & (1u << k)) {
                    rx_buf_printf(&some, "%s%s", some.n ? ", " : "", rx_horizons[k]);
                }
            }
            return rx_error_set(err, RX_EINVALID, "horizons: expected some of %s",
                                some.p ? some.p : "");
        }
        mask |= 1u << i;
    }
    *ret = mask;
    return 0;
}

int rx_flag_parse(struct rx_str text, const char *name, bool *ret, struct rx_error *err)
{
    if (rx_str_is(text, "true") || rx_str_is(text, "1")) {
        *ret = true;
        return 0;
    }
    if (rx_str_is(text, "false") || rx_str_is(text, "0")) {
        *ret = false;
        return 0;
    }
    return rx_error_set(err, RX_EINVALID, "%s: expected true or false", name);
}
