// SPDX-License-Identifier: Apache-2.0
/* Inside of the ledger: shared by the files that book rows and take lots. */
#pragma once

#include "agent/engine/wallet/ledger.h"

#define MAX_MOVES 100000000u

struct book {
    struct rx_position position;
    struct rx_lot *lots; /* owned; [head, n) are open */
    size_t head, n, cap;
    size_t slot;
};

struct rx_ledger {
    enum rx_lot_method method;
    struct book *books; /* owned; n in use, the memory of all cap is kept */
    size_t n, cap;
    uint32_t *slots; /* owned; open addressing, book + 1 or 0 */
    size_t n_slots;
    size_t moves; /* lots taken so far */
    struct rx_ledger_totals totals;
};

/* Where taken lots go when they stay with the owner. */
struct route {
    size_t to; /* book */
    struct rx_u256 sent, received;
    struct rx_u256 done; /* of `sent`, passed so far */
    rx_money stranded;   /* cost of lots that shrank to nothing, for the next one with a basis */
};

/* The position of a wallet in a token, made when new. */
int rx_ledger_book(struct rx_ledger *ledger, uint32_t wallet, uint32_t token, size_t *ret)
    RX_MUST_CHECK;
int rx_ledger_add_lot(struct rx_ledger *ledger, size_t at, const struct rx_lot *lot) RX_MUST_CHECK;
/* Takes the row's amount out of a book by the ledger's method, into `route` unless it is NULL. */
int rx_ledger_take(struct rx_ledger *ledger, size_t at, const struct rx_trade *trade,
                   struct route *route, struct rx_fill *fill) RX_MUST_CHECK;
