// SPDX-License-Identifier: Apache-2.0
/*
 * Lots: what a wallet's tokens cost and what each sell realised, in exact integers. One position a
 * (wallet, token); lots are taken in the order in which they reached the wallet (FIFO), newest
 * first (LIFO), or as one pool (average cost).
 *
 * Rounding: the cost of a part of a lot is floor(cost * part / lot) and the rest stays with the
 * remainder of the lot; the net proceeds of a sell are shared between its known and unknown part in
 * the same way. So for every method and history, in integers:
 *
 *     realised + (mark - cost of what is held)
 *         = cash_out - unknown_proceeds - cash_in - basis_in + basis_out + mark
 *
 * Fees: a buy's fee is cost, a sell's fee comes off its proceeds, a transfer's fee is summed apart.
 * Unknown basis: airdrops, transfers in without a value and buys without a value make lots without
 * a cost; selling them, or more than is held, realises nothing and is counted as unknown. A sell
 * without a value takes its lots like a transfer out. One thread a ledger.
 */
#pragma once

#include "agent/engine/wallet/trades.h"

enum rx_lot_method { RX_LOTS_FIFO, RX_LOTS_AVERAGE, RX_LOTS_LIFO, RX_LOTS_MAX };

struct rx_lot {
    struct rx_u256 quantity; /* > 0 */
    rx_money cost;           /* RX_MONEY_UNKNOWN: of unknown basis */
    double time;             /* acquired, seconds since 1970; mean by quantity in a pool */
    int64_t first;           /* earliest acquisition in it */
};

struct rx_position {
    uint32_t wallet, token;
    struct rx_u256 known, unknown; /* quantity held with and without a basis */
    rx_money cost;                 /* of the known quantity */
};

/* What one row did. Quantities add up to the row's amount for a sell or a transfer out. */
struct rx_fill {
    struct rx_u256 known, unknown; /* taken (or added) with and without a basis */
    rx_money cost;                 /* basis of `known` */
    rx_money proceeds;             /* net of the fee, for `known`; RX_MONEY_UNKNOWN if unpriced */
    rx_money unknown_proceeds;     /* net of the fee, for `unknown` */
    rx_money pnl;  /* proceeds - cost; RX_MONEY_UNKNOWN when known is 0 or unpriced */
    int64_t entry; /* earliest acquisition among the lots taken, or RX_TIME_UNKNOWN */
    double held;   /* seconds, mean by quantity over `known`; NaN when it is 0 */
    size_t lots;   /* lots touched */
    bool beyond;   /* more was taken than the ledger held */
};

struct rx_ledger_totals {
    rx_money cash_in;          /* buys with a value: value + fee */
    rx_money cash_out;         /* sells with a value: value - fee (may be negative) */
    rx_money basis_in;         /* values of transfers in */
    rx_money basis_out;        /* cost that left by transfers out and unpriced sells */
    rx_money unknown_proceeds; /* of sells beyond the known lots */
    rx_money transfer_fees;
    rx_money realised;
};

struct rx_ledger;

struct rx_ledger *rx_ledger_new(enum rx_lot_method method) RX_MUST_CHECK;
void rx_ledger_free(struct rx_ledger *ledger);
RX_DEFINE_CLEANUP(ledger, struct rx_ledger *, rx_ledger_free);
/* Forgets all positions and totals and keeps the memory. */
void rx_ledger_reset(struct rx_ledger *ledger);

/* Books one row; rows come in order of time. *ret_fill may be NULL. -ENOMEM; RX_ELIMIT when lots
 * were moved more than 10^8 times or a quantity leaves 256 bits. */
int rx_ledger_apply(struct rx_ledger *ledger, const struct rx_trade *trade,
                    struct rx_fill *ret_fill, struct rx_error *err) RX_MUST_CHECK;
/*
 * Books a transfer out to another wallet of the same owner: the lots move to `to` with their cost
 * and age, of which `received` <= trade->amount arrives; a tax taken on the way shrinks them evenly
 * and leaves their cost.
 */
int rx_ledger_move(struct rx_ledger *ledger, const struct rx_trade *trade, uint32_t to,
                   const struct rx_u256 *received, struct rx_fill *ret_fill, struct rx_error *err)
    RX_MUST_CHECK;

size_t rx_ledger_positions(const struct rx_ledger *ledger);
const struct rx_position *rx_ledger_position(const struct rx_ledger *ledger, size_t index);
/* The position of a wallet in a token, or NULL. */
const struct rx_position *rx_ledger_find(const struct rx_ledger *ledger, uint32_t wallet,
                                         uint32_t token);
/* Open lots of a position, in the order of arrival; borrowed until the next booking. */
const struct rx_lot *rx_ledger_lots(const struct rx_ledger *ledger, size_t index, size_t *ret_n);
const struct rx_ledger_totals *rx_ledger_totals(const struct rx_ledger *ledger);

const char *rx_lot_method_name(enum rx_lot_method method); /* "fifo", "average", "lifo" */
int rx_lot_method_parse(struct rx_str text, enum rx_lot_method *ret) RX_MUST_CHECK;
