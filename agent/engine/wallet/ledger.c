// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/wallet/ledger.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "agent/engine/math/u256_muldiv.h"
#include "agent/engine/wallet/ledger_core.h"

static const char *const method_names[RX_LOTS_MAX] = {
    [RX_LOTS_FIFO] = "fifo", [RX_LOTS_AVERAGE] = "average", [RX_LOTS_LIFO] = "lifo"};

const char *rx_lot_method_name(enum rx_lot_method method)
{
    return method_names[method];
}

int rx_lot_method_parse(struct rx_str text, enum rx_lot_method *ret)
{
    for (int i = 0; i < RX_LOTS_MAX; i++) {
        if (rx_str_is(text, method_names[i])) {
            *ret = (enum rx_lot_method)i;
            return 0;
        }
    }
    return RX_EINVALID;
}

struct rx_ledger *rx_ledger_new(enum rx_lot_method method)
{
    struct rx_ledger *ledger = calloc(1, sizeof(*ledger));
    if (ledger) {
        ledger->method = method;
    }
    return ledger;
}

void rx_ledger_free(struct rx_ledger *ledger)
{
    if (!ledger) {
        return;
    }
    for (size_t i = 0; i < ledger->cap; i++) {
        free(ledger->books[i].lots);
    }
    free(ledger->books);
    free(ledger->slots);
    free(ledger);
}

void rx_ledger_reset(struct rx_ledger *ledger)
{
    for (size_t i = 0; i < ledger->n; i++) {
        struct book *book = &ledger->books[i];
        ledger->slots[book->slot] = 0;
        book->head = book->n = 0;
    }
    ledger->n = 0;
    ledger->moves = 0;
    ledger->totals = (struct rx_ledger_totals){0};
}

/* Ids are counted up by the reader, so mixing their bits is hash enough. */
static size_t slot_of(const struct rx_ledger *ledger, uint32_t wallet, uint32_t token)
{
    const uint64_t mixed = ((uint64_t)wallet << 32 | token) * 0x9e3779b97f4a7c15u;
    size_t at = (size_t)(mixed >> 20) & (ledger->n_slots - 1);
    while (ledger->slots[at] != 0) {
        const struct rx_position *p = &ledger->books[ledger->slots[at] - 1].position;
        if (p->wallet == wallet && p->token == token) {
            break;
        }
        at = (at + 1) & (ledger->n_slots - 1);
    }
    return at;
}

static int grow_books(struct rx_ledger *ledger)
{
    const size_t cap = ledger->cap ? ledger->cap * 2 : 16;
    struct book *books = realloc(ledger->books, cap * sizeof(*books));
    if (!books) {
        return -ENOMEM;
    }
    memset(books + ledger->cap, 0, (cap - ledger->cap) * sizeof(*books));
    ledger->books = books;
    ledger->cap = cap;
    uint32_t *slots = calloc(cap * 2, sizeof(*slots));
    if (!slots) {
        return -ENOMEM;
    }
    free(ledger->slots);
    ledger->slots = slots;
    ledger->n_slots = cap * 2;
    for (size_t i = 0; i < ledger->n; i++) {
        struct rx_position *p = &books[i].position;
        books[i].slot = slot_of(ledger, p->wallet, p->token);
        slots[books[i].slot] = (uint32_t)(i + 1);
    }
    return 0;
}

int rx_ledger_book(struct rx_ledger *ledger, uint32_t wallet, uint32_t token, size_t *ret)
{
    /* `cap` counts before the slots follow it when their allocation failed. */
    if (ledger->n == ledger->cap || ledger->n_slots < ledger->cap * 2) {
        const int rc = grow_books(ledger);
        if (rc < 0) {
            return rc;
        }
    }
    const size_t slot = slot_of(ledger, wallet, token);
    if (ledger->slots[slot] == 0) {
        struct book *book = &ledger->books[ledger->n++];
        book->position = (struct rx_position){.wallet = wallet, .token = token};
        book->slot = slot;
        ledger->slots[slot] = (uint32_t)ledger->n;
    }
    *ret = ledger->slots[slot] - 1;
    return 0;
}

static int append(struct book *book, const struct rx_lot *lot)
{
    if (book->n == book->cap) {
        const size_t cap = book->cap ? book->cap * 2 : 4;
        struct rx_lot *lots = realloc(book->lots, cap * sizeof(*lots));
        if (!lots) {
            return -ENOMEM;
        }
        book->lots = lots;
        book->cap = cap;
    }
    book->lots[book->n++] = *lot;
    return 0;
}

/* The pool of the same kind, known or unknown, or NULL. */
static struct rx_lot *find_pool(struct book *book, bool known)
{
    for (size_t i = book->head; i < book->n; i++) {
        if ((book->lots[i].cost != RX_MONEY_UNKNOWN) == known) {
            return &book->lots[i];
        }
    }
    return NULL;
}

static void merge(struct rx_lot *pool, const struct rx_lot *lot)
{
    const double held = rx_u256_to_double(&pool->quantity);
    const double added = rx_u256_to_double(&lot->quantity);
    pool->time += (lot->time - pool->time) * (added / (held + added));
    pool->first = lot->first < pool->first ? lot->first : pool->first;
    (void)rx_u256_add(&pool->quantity, &lot->quantity, &pool->quantity);
    if (pool->cost != RX_MONEY_UNKNOWN) {
        pool->cost += lot->cost;
    }
}

int rx_ledger_add_lot(struct rx_ledger *ledger, size_t at, const struct rx_lot *lot)
{
    struct book *book = &ledger->books[at];
    const bool known = lot->cost != RX_MONEY_UNKNOWN;
    struct rx_u256 *quantity = known ? &book->position.known : &book->position.unknown;
    struct rx_u256 all;
    struct rx_u256 sum;
    if (!rx_u256_add(&book->position.known, &book->position.unknown, &all) ||
        !rx_u256_add(&all, &lot->quantity, &all)) {
        return RX_ELIMIT;
    }
    (void)rx_u256_add(quantity, &lot->quantity, &sum);
    struct rx_lot *pool = ledger->method == RX_LOTS_AVERAGE ? find_pool(book, known) : NULL;
    if (pool) {
        merge(pool, lot);
    } else {
        const int rc = append(book, lot);
        if (rc < 0) {
            return rc;
        }
    }
    *quantity = sum;
    if (known) {
        book->position.cost += lot->cost;
    }
    return 0;
}

static int add_row(struct rx_ledger *ledger, size_t at, const struct rx_trade *trade,
                   struct rx_fill *fill)
{
    struct rx_lot lot = {.quantity = trade->amount,
                         .cost = trade->value,
                         .time = (double)trade->time,
                         .first = trade->time};
    if (trade->side == RX_SIDE_AIRDROP) {
        lot.cost = RX_MONEY_UNKNOWN;
    } else if (trade->side == RX_SIDE_BUY && lot.cost != RX_MONEY_UNKNOWN) {
        lot.cost += trade->fee;
    }
    const int rc = rx_ledger_add_lot(ledger, at, &lot);
    if (rc < 0) {
        return rc;
    }
    struct rx_ledger_totals *totals = &ledger->totals;
    if (lot.cost == RX_MONEY_UNKNOWN) {
        fill->unknown = trade->amount;
    } else {
        fill->known = trade->amount;
        fill->cost = lot.cost;
        *(trade->side == RX_SIDE_BUY ? &totals->cash_in : &totals->basis_in) += lot.cost;
    }
    if (trade->side != RX_SIDE_BUY) {
        totals->transfer_fees += trade->fee;
    }
    fill->lots = 1;
    return 0;
}

static void realise(struct rx_ledger *ledger, const struct rx_trade *trade, struct rx_fill *fill)
{
    struct rx_ledger_totals *totals = &ledger->totals;
    if (trade->side != RX_SIDE_SELL || trade->value == RX_MONEY_UNKNOWN) {
        totals->basis_out += fill->cost;
        totals->transfer_fees += trade->fee;
        return;
    }
    const rx_money net = trade->value - trade->fee;
    totals->cash_out += net;
    /* The share is rounded toward zero for either sign. */
    const rx_money size = rx_money_share(net < 0 ? -net : net, &fill->known, &trade->amount);
    fill->proceeds = net < 0 ? -size : size;
    fill->unknown_proceeds = net - fill->proceeds;
    totals->unknown_proceeds += fill->unknown_proceeds;
    if (!rx_u256_is_zero(&fill->known)) {
        fill->pnl = fill->proceeds - fill->cost;
        totals->realised += fill->pnl;
    }
}

static int failed(int rc, struct rx_error *err)
{
    return rx_error_set(err, rc, rc == -ENOMEM ? "out of memory" : "too many or too large lots");
}

int rx_ledger_apply(struct rx_ledger *ledger, const struct rx_trade *trade,
                    struct rx_fill *ret_fill, struct rx_error *err)
{
    struct rx_fill fill = {.proceeds = RX_MONEY_UNKNOWN,
                           .pnl = RX_MONEY_UNKNOWN,
                           .entry = RX_TIME_UNKNOWN,
                           .held = (double)NAN};
    size_t at;
    int rc = rx_ledger_book(ledger, trade->wallet, trade->token, &at);
    if (rc == 0 && trade->side != RX_SIDE_SELL && trade->side != RX_SIDE_TRANSFER_OUT) {
        rc = add_row(ledger, at, trade, &fill);
    } else if (rc == 0) {
        rc = rx_ledger_take(ledger, at, trade, NULL, &fill);
        if (rc == 0) {
            realise(ledger, trade, &fill);
        }
    }
    if (rc < 0) {
        return failed(rc, err);
    }
    if (ret_fill) {
        *ret_fill = fill;
    }
    return 0;
}

int rx_ledger_move(struct rx_ledger *ledger, const struct rx_trade *trade, uint32_t to,
                   const struct rx_u256 *received, struct rx_fill *ret_fill, struct rx_error *err)
{
    struct rx_fill fill = {.proceeds = RX_MONEY_UNKNOWN,
                           .pnl = RX_MONEY_UNKNOWN,
                           .entry = RX_TIME_UNKNOWN,
                           .held = (double)NAN};
    struct route route = {.sent = trade->amount, .received = *received};
    size_t at;
    int rc = rx_ledger_book(ledger, trade->wallet, trade->token, &at);
    if (rc == 0) {
        rc = rx_ledger_book(ledger, to, trade->token, &route.to);
    }
    if (rc == 0) {
        rc = rx_ledger_take(ledger, at, trade, &route, &fill);
    }
    if (rc < 0) {
        return failed(rc, err);
    }
    ledger->totals.transfer_fees += trade->fee;
    if (ret_fill) {
        *ret_fill = fill;
    }
    return 0;
}

size_t rx_ledger_positions(const struct rx_ledger *ledger)
{
    return ledger->n;
}

const struct rx_position *rx_ledger_position(const struct rx_ledger *ledger, size_t index)
{
    return &ledger->books[index].position;
}

const struct rx_position *rx_ledger_find(const struct rx_ledger *ledger, uint32_t wallet,
                                         uint32_t token)
{
    if (ledger->n == 0) {
        return NULL;
    }
    const uint32_t found = ledger->slots[slot_of(ledger, wallet, token)];
    return found ? &ledger->books[found - 1].position : NULL;
}

const struct rx_lot *rx_ledger_lots(const struct rx_ledger *ledger, size_t index, size_t *ret_n)
{
    const struct book *book = &ledger->books[index];
    *ret_n = book->n - book->head;
    return *ret_n > 0 ? book->lots + book->head : NULL;
}

const struct rx_ledger_totals *rx_ledger_totals(const struct rx_ledger *ledger)
{
    return &ledger->totals;
}
