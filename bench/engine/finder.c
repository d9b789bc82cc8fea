// SPDX-License-Identifier: Apache-2.0
/* The smart-wallet finder on random trades of one token. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/engine/wallet/finder.h"
#include "bench/engine/bench.h"

static int name_of(struct rx_trades *set, const char *kind, size_t number, uint32_t *ret)
{
    char text[64];
    (void)snprintf(text, sizeof(text), "%s%zu", kind, number);
    return rx_trades_name(set, rx_str_of(text), ret);
}

/* Each wallet buys and sells in turn, at a price that drifts and swings. */
static int fill(struct rx_trades *set, size_t wallets, size_t trades, uint32_t *ret_token,
                struct rx_error *err)
{
    uint64_t random = 1;
    uint32_t chain = 0;
    uint32_t address = 0;
    uint32_t dexes[3];
    int r = rx_trades_name(set, RX_STR("ethereum"), &chain);
    r = r < 0 ? r : rx_trades_name(set, RX_STR("token"), &address);
    r = r < 0 ? r : rx_trades_token(set, chain, address, ret_token);
    for (size_t i = 0; r >= 0 && i < RX_ARRAY_LEN(dexes); i++) {
        r = name_of(set, "dex", i, &dexes[i]);
    }
    for (size_t w = 0; r >= 0 && w < wallets; w++) {
        uint32_t wallet = 0;
        r = name_of(set, "wallet", w, &wallet);
        for (size_t k = 0; r >= 0 && k < trades; k++) {
            double day = bench_unit(&random) * 28;
            double price = exp(0.03 * day + 0.5 * sin(day));
            double coins = 100 * (1 + bench_unit(&random));
            struct rx_trade trade = {
                .amount = rx_u256_of((rx_u128)(coins * 1e9) * 1000000000u),
                .value = (rx_money)(coins * price * 1e9),
                .fee = RX_MONEY_UNIT / 100,
                .time = 1600000000 + (int64_t)(day * 86400),
                .gas_price = (double)NAN,
                .wallet = wallet,
                .token = *ret_token,
                .counterparty = RX_NAME_NONE,
                .dex = dexes[bench_random(&random) % 3],
                .tx = RX_NAME_NONE,
                .side = k % 2 == 0 ? RX_SIDE_BUY : RX_SIDE_SELL,
            };
            r = rx_trades_add(set, &trade, err);
        }
    }
    return r < 0 ? r : 0;
}

int bench_finder(int argc, char **argv, struct rx_error *err)
{
    size_t wallets = 0;
    size_t trades = 0;
    int r = bench_count(argc, argv, 0, 200, 1000000, &wallets, err);
    r = r < 0 ? r : bench_count(argc, argv, 1, 10, 1000, &trades, err);
    double times[BENCH_ROUNDS];
    size_t analysed = 0;
    for (size_t i = 0; r >= 0 && i < BENCH_ROUNDS; i++) {
        rx_auto(trades) struct rx_trades *set = rx_trades_new();
        if (!set) {
            return rx_error_errno(err, ENOMEM, "trades");
        }
        uint32_t token = 0;
        r = fill(set, wallets, trades, &token, err);
        if (r < 0) {
            break;
        }
        const struct rx_finder_request request = {.token = token,
                                                  .window_days = 30,
                                                  .as_of = RX_TIME_UNKNOWN,
                                                  .top_k = 100,
                                                  .min_confidence = 0.5};
        rx_auto(finder_result) struct rx_finder_result *result = NULL;
        double began = bench_now_us();
        r = rx_trades_finish(set);
        r = r < 0 ? r : rx_finder_run(set, &request, &result, err);
        times[i] = (bench_now_us() - began) / 1000;
        analysed = r < 0 ? 0 : result->analysed;
    }
    if (r >= 0) {
        (void)printf("finder_ms %.4f\nanalysed %zu\n", bench_median(times, BENCH_ROUNDS), analysed);
    }
    return r < 0 ? r : 0;
}
