// SPDX-License-Identifier: Apache-2.0
/*
 * What the creator of a token does with it: holds, sells, hands on. A sale is a transfer to a pool
 * that the pool's next Sync does not show to be liquidity. Funded are those who got tokens from the
 * creator, or from somebody who got them from the creator: the clusters that bundle launches use.
 */
#include "agent/engine/features/holders_core.h"

void rx_dev_transfer(struct rx_holders *holders, const struct rx_token_transfer *event,
                     unsigned char from_funding, struct rx_balance *to)
{
    if (rx_u256_is_zero(&event->value)) {
        return;
    }
    bool creator = rx_holders_is_creator(holders, event->from);
    if (creator && to->kind == RX_HOLDER_POOL && !event->liquidity) {
        struct rx_people_mark *last = &holders->marks.last;
        last->sells++;
        (void)rx_u256_add(&last->sold, &event->value, &last->sold);
    }
    if (to->kind != RX_HOLDER_PERSON || rx_holders_is_creator(holders, to->address)) {
        return;
    }
    if (creator) {
        to->mark = RX_FUNDED_DIRECTLY;
    } else if (from_funding == RX_FUNDED_DIRECTLY && to->mark == RX_FUNDED_NOT) {
        to->mark = RX_FUNDED_ONCE_REMOVED;
    }
}

void rx_dev_features(const struct rx_holders *holders, const struct rx_people_mark *before,
                     const struct rx_creator_history *history, double out[RX_F_MAX])
{
    const struct rx_holder_sums *sums = &holders->sums;
    if (history) {
        out[RX_F_CREATOR_PRIOR_TOKENS] = history->prior_tokens;
        out[RX_F_CREATOR_PRIOR_RUGS] = history->prior_rugs;
    }
    if (!holders->has_creator || !sums->known) {
        return;
    }
    if (sums->outstanding > 0) {
        out[RX_F_CREATOR_SHARE] = sums->by_creator / sums->outstanding;
        out[RX_F_CREATOR_FUNDED_SHARE] = sums->by_funded / sums->outstanding;
    }
    if (before) {
        const struct rx_people_mark *last = &holders->marks.last;
        struct rx_u256 sold;
        out[RX_F_CREATOR_SELLS_24H] = (double)(last->sells - before->sells);
        (void)rx_u256_sub(&last->sold, &before->sold, &sold);
        if (sums->outstanding > 0) {
            out[RX_F_CREATOR_SOLD_24H] = rx_u256_to_double(&sold) / sums->outstanding;
        }
    }
}
