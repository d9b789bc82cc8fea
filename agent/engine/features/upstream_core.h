// SPDX-License-Identifier: Apache-2.0
/* Inside of the upstream parsers: setting features from fields of any form. Plain values. */
#pragma once

#include "agent/engine/features/upstream.h"

/* A decimal string or a JSON number; NaN for anything else. */
double rx_up_number(const struct rx_json *value);
/* Sets a feature, the last value wins; NaN and infinities are left out. */
void rx_up_set(struct rx_upstream_answer *a, enum rx_feature feature, double value);
/* "0", "1", 0, 1, false or true; anything else is unknown. Returns 0, 1, or -1 for unknown. */
int rx_up_bool(const struct rx_json *value);
void rx_up_flag(struct rx_upstream_answer *a, enum rx_feature feature, const struct rx_json *value);
/* value / scale as a part of 0..1: rounding beyond the ends is cut, values far outside (below
 * -0.05, above 10) are unknown. */
void rx_up_share(struct rx_upstream_answer *a, enum rx_feature feature, double value, double scale);
/* A finite number >= 0. */
void rx_up_amount(struct rx_upstream_answer *a, enum rx_feature feature, double value);
/* value / scale >= -1, as a change of a price. */
void rx_up_change(struct rx_upstream_answer *a, enum rx_feature feature, double value,
                  double scale);
/* Sets the status and a message of plain text. */
void rx_up_fail(struct rx_upstream_answer *a, enum rx_upstream_status status, const char *fmt, ...)
    RX_PRINTF(3, 4);
/* The status that a message of a service stands for. */
enum rx_upstream_status rx_up_status_of_text(struct rx_str text);
/* Keeps the token that the values are about. */
void rx_up_token(struct rx_upstream_answer *a, struct rx_str token);
/* The same address; hexadecimal ones in either case. */
bool rx_up_same_address(struct rx_str a, struct rx_str b);
/* 0x0...0, 0x...dead, or Solana's incinerator and system program. */
bool rx_up_is_burn(struct rx_str address);

/* Up to ten largest values seen, for shares of top holders. */
struct rx_up_top {
    double v[10];
    size_t n;
};
void rx_up_top_add(struct rx_up_top *top, double value);
double rx_up_top_sum(const struct rx_up_top *top);

/* One reader a service: `root` is the whole body. They set status, values and token. */
typedef void rx_up_reader(const struct rx_json *root, const struct rx_upstream_query *query,
                          struct rx_upstream_answer *a);
rx_up_reader rx_up_goplus;        /* upstream_goplus.c */
rx_up_reader rx_up_goplus_solana; /* upstream_solana.c */
rx_up_reader rx_up_rugcheck;      /* upstream_rugcheck.c; both kinds */
rx_up_reader rx_up_honeypot;      /* upstream_honeypot.c */
rx_up_reader rx_up_honeypot_pairs;
rx_up_reader rx_up_dexscreener; /* upstream_dexscreener.c */

/* GoPlus' envelope: the object of the wanted token, or NULL with the status set. */
const struct rx_json *rx_up_goplus_open(const struct rx_json *root,
                                        const struct rx_upstream_query *query,
                                        struct rx_upstream_answer *a);
/* GoPlus' lists of holders of the token (top 10) and of its liquidity (locked, largest, expiry).
 * dex = the pools, left out of the holders. */
void rx_up_goplus_holders(const struct rx_json *holders, const struct rx_json *dex,
                          struct rx_upstream_answer *a);
void rx_up_goplus_lp(const struct rx_json *lp_holders, double burned, struct rx_upstream_answer *a);
