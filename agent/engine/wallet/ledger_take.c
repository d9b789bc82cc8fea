// SPDX-License-Identifier: Apache-2.0
/* Taking lots out of a position: which ones, at what cost, and where they go. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "agent/engine/math/u256_muldiv.h"
#include "agent/engine/wallet/ledger_core.h"

struct take {
    struct rx_ledger *ledger;
    size_t at;
    int64_t time;
    struct route *route; /* or NULL */
    struct rx_fill *fill;
    double weight, seconds; /* sum of quantities, and of quantity times seconds held */
};

/* The part of a moved lot that arrives: cumulative, so that the parts add up to `received`. */
static struct rx_u256 arriving(struct route *route, const struct rx_u256 *quantity)
{
    struct rx_u256 before = {{0}};
    struct rx_u256 after = {{0}};
    struct rx_u256 part;
    (void)!rx_u256_muldiv(&route->done, &route->received, &route->sent, &before, NULL);
    (void)rx_u256_add(&route->done, quantity, &route->done);
    (void)!rx_u256_muldiv(&route->done, &route->received, &route->sent, &after, NULL);
    (void)rx_u256_sub(&after, &before, &part);
    return part;
}

static int forward(struct take *take, const struct rx_lot *slice)
{
    struct route *route = take->route;
    struct rx_lot lot = *slice;
    lot.quantity = arriving(route, &slice->quantity);
    const bool known = lot.cost != RX_MONEY_UNKNOWN;
    if (rx_u256_is_zero(&lot.quantity)) {
        route->stranded += known ? lot.cost : 0;
        return 0;
    }
    if (known) {
        lot.cost += route->stranded;
        route->stranded = 0;
    }
    return rx_ledger_add_lot(take->ledger, route->to, &lot);
}

/* Books one slice as taken. */
static int use(struct take *take, const struct rx_lot *slice)
{
    struct rx_fill *fill = take->fill;
    struct rx_position *position = &take->ledger->books[take->at].position;
    fill->lots++;
    if (++take->ledger->moves > MAX_MOVES) {
        return RX_ELIMIT;
    }
    if (fill->entry == RX_TIME_UNKNOWN || slice->first < fill->entry) {
        fill->entry = slice->first;
    }
    if (slice->cost == RX_MONEY_UNKNOWN) {
        (void)rx_u256_add(&fill->unknown, &slice->quantity, &fill->unknown);
        (void)rx_u256_sub(&position->unknown, &slice->quantity, &position->unknown);
    } else {
        const double quantity = rx_u256_to_double(&slice->quantity);
        (void)rx_u256_add(&fill->known, &slice->quantity, &fill->known);
        (void)rx_u256_sub(&position->known, &slice->quantity, &position->known);
        fill->cost += slice->cost;
        position->cost -= slice->cost;
        take->weight += quantity;
        take->seconds += quantity * fmax(0, (double)take->time - slice->time);
    }
    return take->route ? forward(take, slice) : 0;
}

/* Cuts `quantity` < lot->quantity off a lot. */
static struct rx_lot cut(struct rx_lot *lot, const struct rx_u256 *quantity)
{
    struct rx_lot slice = *lot;
    slice.quantity = *quantity;
    if (lot->cost != RX_MONEY_UNKNOWN) {
        slice.cost = rx_money_share(lot->cost, quantity, &lot->quantity);
        lot->cost -= slice.cost;
    }
    (void)rx_u256_sub(&lot->quantity, quantity, &lot->quantity);
    return slice;
}

/* Whole lots from one end, then a part of the next. */
static int take_queue(struct take *take, struct rx_u256 *left)
{
    const bool newest = take->ledger->method == RX_LOTS_LIFO;
    while (!rx_u256_is_zero(left)) {
        /* Forwarding may move the array of books, never this book's lots: source and target
         * differ. */
        struct book *book = &take->ledger->books[take->at];
        if (book->head == book->n) {
            return 0;
        }
        struct rx_lot *lot = &book->lots[newest ? book->n - 1 : book->head];
        struct rx_lot slice;
        if (rx_u256_cmp(&lot->quantity, left) <= 0) {
            slice = *lot;
            *(newest ? &book->n : &book->head) += newest ? (size_t)-1 : 1;
            if (book->head == book->n) {
                book->head = book->n = 0;
            }
            (void)rx_u256_sub(left, &slice.quantity, left);
        } else {
            slice = cut(lot, left);
            *left = (struct rx_u256){{0}};
        }
        const int rc = use(take, &slice);
        if (rc < 0) {
            return rc;
        }
    }
    return 0;
}

/* Both pools shrink in proportion; the known part is rounded down, as costs are. */
static int take_pool(struct take *take, struct rx_u256 *left)
{
    struct book *book = &take->ledger->books[take->at];
    struct rx_u256 all;
    struct rx_u256 part;
    struct rx_u256 known = {{0}};
    (void)rx_u256_add(&book->position.known, &book->position.unknown, &all);
    part = rx_u256_cmp(left, &all) < 0 ? *left : all;
    (void)rx_u256_sub(left, &part, left);
    if (rx_u256_is_zero(&part)) {
        return 0;
    }
    (void)!rx_u256_muldiv(&part, &book->position.known, &all, &known, NULL);
    /* At most two pools: the last one first, so that removing one leaves the other in place. */
    for (size_t i = book->n; i-- > book->head;) {
        book = &take->ledger->books[take->at];
        struct rx_u256 quantity = known;
        if (book->lots[i].cost == RX_MONEY_UNKNOWN) {
            (void)rx_u256_sub(&part, &known, &quantity);
        }
        if (rx_u256_is_zero(&quantity)) {
            continue;
        }
        struct rx_lot slice = book->lots[i];
        if (rx_u256_cmp(&quantity, &slice.quantity) < 0) {
            slice = cut(&book->lots[i], &quantity);
        } else {
            book->lots[i] = book->lots[book->n - 1];
            book->n--;
        }
        const int rc = use(take, &slice);
        if (rc < 0) {
            return rc;
        }
    }
    return 0;
}

/* What was taken beyond the lots arrives as unknown too. */
static int finish_route(struct take *take, const struct rx_u256 *beyond)
{
    struct route *route = take->route;
    struct rx_lot rest = {
        .cost = RX_MONEY_UNKNOWN, .time = (double)take->time, .first = take->time};
    if (!rx_u256_is_zero(beyond)) {
        rest.quantity = arriving(route, beyond);
        if (!rx_u256_is_zero(&rest.quantity)) {
            const int rc = rx_ledger_add_lot(take->ledger, route->to, &rest);
            if (rc < 0) {
                return rc;
            }
        }
    }
    if (route->stranded == 0) {
        return 0;
    }
    /* No later lot carried it: the newest lot with a basis at the target does, else it is lost. */
    struct book *book = &take->ledger->books[route->to];
    for (size_t i = book->n; i-- > book->head;) {
        if (book->lots[i].cost != RX_MONEY_UNKNOWN) {
            book->lots[i].cost += route->stranded;
            book->position.cost += route->stranded;
            return 0;
        }
    }
    take->ledger->totals.basis_out += route->stranded;
    return 0;
}

/* Lots taken newest first arrive oldest first. */
static void reverse(struct rx_lot *lots, size_t n)
{
    for (size_t i = 0; i < n / 2; i++) {
        const struct rx_lot lot = lots[i];
        lots[i] = lots[n - 1 - i];
        lots[n - 1 - i] = lot;
    }
}

int rx_ledger_take(struct rx_ledger *ledger, size_t at, const struct rx_trade *trade,
                   struct route *route, struct rx_fill *fill)
{
    struct take take = {
        .ledger = ledger, .at = at, .time = trade->time, .route = route, .fill = fill};
    if (route && route->to == at) {
        return 0; /* to itself: nothing moves */
    }
    struct rx_u256 left = trade->amount;
    const size_t arrived = route ? ledger->books[route->to].n : 0;
    int rc = ledger->method == RX_LOTS_AVERAGE ? take_pool(&take, &left) : take_queue(&take, &left);
    if (rc == 0 && route && ledger->method == RX_LOTS_LIFO) {
        struct book *book = &ledger->books[route->to];
        if (book->n > arrived) {
            reverse(book->lots + arrived, book->n - arrived);
        }
    }
    if (rc == 0 && route) {
        rc = finish_route(&take, &left);
    }
    if (!rx_u256_is_zero(&left)) {
        fill->beyond = true;
        (void)rx_u256_add(&fill->unknown, &left, &fill->unknown);
    }
    if (take.weight > 0) {
        fill->held = take.seconds / take.weight;
    }
    return rc;
}
