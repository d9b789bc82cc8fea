// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/features/features.h"

#include <stdio.h>
#include <string.h>

#include "agent/engine/features/feature_rows.h"
#include "common/base/sha256.h"

const struct rx_feature_info *rx_feature_info(enum rx_feature feature)
{
    if (feature < RX_F_TRADE_FIRST) {
        return &rx_feature_rows_events[feature];
    }
    if (feature < RX_F_PEOPLE_FIRST) {
        return &rx_feature_rows_trade[feature - RX_F_TRADE_FIRST];
    }
    if (feature < RX_F_UPSTREAM_FIRST) {
        return &rx_feature_rows_people[feature - RX_F_PEOPLE_FIRST];
    }
    return &rx_feature_rows_upstream[feature - RX_F_UPSTREAM_FIRST];
}

static const struct {
    const char *reason, *text;
} missings[RX_MISSING_MAX] = {
    [RX_MISSING_NEVER] = {"too_few_events", "never, once the pool has two events"},
    [RX_MISSING_NO_LP] = {"lp_transfers_not_read", "LP transfers were not read"},
    [RX_MISSING_LP_NONE] =
        {"no_lp_token_outstanding",
         "LP transfers were not read, nothing is outstanding, or it has too many holders"},
    [RX_MISSING_WINDOW] = {"window_too_busy", "the window has more events than are kept"},
    [RX_MISSING_NO_DAY] = {"no_trading_day",
                           "no day of the pool's life has two events and a trade"},
    [RX_MISSING_NO_LOCKS] = {"locks_not_read",
                             "locks or LP transfers were not read, or (expiry) nothing is locked"},
    [RX_MISSING_NO_HOLDERS] =
        {"token_transfers_not_read",
         "token transfers were not read, nobody holds any, or too many addresses do"},
    [RX_MISSING_NO_CREATOR] = {"creator_not_known",
                               "the creator, or what the number needs, is not known"},
    [RX_MISSING_NOT_SENT] = {"no_source", "no source was asked, or none sent it"},
};

const char *rx_missing_reason(enum rx_missing missing)
{
    return missings[missing].reason;
}

const char *rx_missing_text(enum rx_missing missing)
{
    return missings[missing].text;
}

const char *rx_feature_source_name(enum rx_feature_source source)
{
    static const char *const names[RX_FEATURE_SOURCE_MAX] = {
        [RX_FEATURE_SYNC] = "Sync logs of the pool",
        [RX_FEATURE_LP] = "Transfer logs of the LP token",
        [RX_FEATURE_LOCK] = "locks of the LP token",
        [RX_FEATURE_TRANSFER] = "Transfer logs of the token",
        [RX_FEATURE_HISTORY] = "earlier tokens of the creator",
        [RX_FEATURE_MARKET] = "market data service",
        [RX_FEATURE_SECURITY] = "token checker",
        [RX_FEATURE_SOCIAL] = "social media",
    };
    return names[source];
}

enum rx_feature rx_feature_find(struct rx_str name)
{
    for (int i = 0; i < RX_F_MAX; i++) {
        if (rx_str_is(name, rx_feature_info((enum rx_feature)i)->name)) {
            return (enum rx_feature)i;
        }
    }
    return RX_F_INVALID;
}

static void hash_end(struct rx_sha256 *ctx, char out[65])
{
    unsigned char digest[32];
    rx_sha256_final(ctx, digest);
    static const char digits[] = "0123456789abcdef";
    for (int i = 0; i < 32; i++) {
        out[2 * i] = digits[digest[i] >> 4];
        out[2 * i + 1] = digits[digest[i] & 15];
    }
    out[64] = 0;
}

void rx_features_hash(const enum rx_feature *features, size_t n, char out[65])
{
    struct rx_sha256 ctx;
    rx_sha256_init(&ctx);
    for (size_t i = 0; i < n; i++) {
        const struct rx_feature_info *info = rx_feature_info(features[i]);
        char line[64];
        int length = snprintf(line, sizeof(line), "%s %d\n", info->name, info->revision);
        rx_sha256_update(&ctx, line, (size_t)length);
    }
    hash_end(&ctx, out);
}

void rx_feature_registry_hash(char out[65])
{
    struct rx_sha256 ctx;
    rx_sha256_init(&ctx);
    for (int i = 0; i < RX_F_V1_MAX; i++) {
        const char *name = rx_feature_info((enum rx_feature)i)->name;
        rx_sha256_update(&ctx, name, strlen(name));
        rx_sha256_update(&ctx, "\n", 1);
    }
    hash_end(&ctx, out);
}
