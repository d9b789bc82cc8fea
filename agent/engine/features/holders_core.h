// SPDX-License-Identifier: Apache-2.0
/* Inside of the engine: the parts of rx_holders. */
#pragma once

#include "agent/engine/features/balances.h"
#include "agent/engine/features/custody.h"
#include "agent/engine/features/holders.h"
#include "agent/engine/features/pool_state.h"
#include "agent/engine/math/concentration.h"

enum rx_holder_kind { RX_HOLDER_PERSON, RX_HOLDER_BURN, RX_HOLDER_CUSTODY, RX_HOLDER_POOL };

/* How an address came to the token, kept in rx_balance.mark. */
enum rx_holder_funding { RX_FUNDED_NOT, RX_FUNDED_DIRECTLY, RX_FUNDED_ONCE_REMOVED };

/* The running counts after the transfers of one moment. */
struct rx_people_mark {
    int64_t time;
    uint64_t holders;
    uint64_t sells;      /* of the creator to a pool */
    struct rx_u256 sold; /* modulo 2^256 */
};

struct rx_people_marks {
    struct rx_people_mark *marks; /* owned: of the last 24 hours, ascending */
    size_t n, cap;
    struct rx_people_mark base; /* before the first of them */
    struct rx_people_mark last; /* after the last transfer */
    int64_t lost;               /* marks up to this time were let go for their number alone */
    bool any_lost;
};

void rx_people_marks_fini(struct rx_people_marks *marks);
/* Room for one more; `from`: what no later moment asks for. 0 or -ENOMEM (nothing lost). */
int rx_people_marks_reserve(struct rx_people_marks *marks, double from) RX_MUST_CHECK;
/* Keeps `last` as of now. Needs room. */
void rx_people_marks_add(struct rx_people_marks *marks);
/* The counts at `from`; NULL when they are not kept any more. */
const struct rx_people_mark *rx_people_marks_at(const struct rx_people_marks *marks, double from);

/* What does not change between transfers. */
struct rx_holder_sums {
    bool known;         /* false: something left 255 bits, or too many addresses */
    bool concentrated;  /* `spread` is valid: somebody holds some */
    double outstanding; /* base units, burned ones excluded */
    double held;        /* of it, by holders */
    double by_creator, by_funded;
    struct rx_concentration spread;
};

struct rx_holders {
    unsigned char token[20], creator[20];
    bool has_creator;
    unsigned char (*pools)[20]; /* owned */
    size_t n_pools;
    enum rx_pool_clock clock;
    struct rx_balances balances; /* kind: rx_holder_kind, mark: rx_holder_funding */
    struct rx_people_marks marks;
    struct rx_position position;
    bool broken, fresh;
    struct rx_holder_sums sums; /* valid when fresh */
};

bool rx_holders_is_creator(const struct rx_holders *holders, const unsigned char address[20]);

/* dev.c: notes what a transfer says of the creator. `to` is the receiver's entry. */
void rx_dev_transfer(struct rx_holders *holders, const struct rx_token_transfer *event,
                     unsigned char from_funding, struct rx_balance *to);
/* dev.c: the creator columns. `before`: 24 hours ago, NULL when not kept. */
void rx_dev_features(const struct rx_holders *holders, const struct rx_people_mark *before,
                     const struct rx_creator_history *history, double out[RX_F_MAX]);
