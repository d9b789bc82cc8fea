// SPDX-License-Identifier: Apache-2.0
#include "agent/store/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/error.h"

#define UNIT_MAX_BYTES  (64UL << 20)
#define EVENT_MAX_BYTES 256
#define PACKED_MAX      1024

struct rx_unit *rx_unit_new(void)
{
    struct rx_unit *unit = calloc(1, sizeof *unit);
    if (unit && !(unit->arena = rx_arena_new(UNIT_MAX_BYTES))) {
        free(unit);
        unit = NULL;
    }
    return unit;
}

void rx_unit_free(struct rx_unit *unit)
{
    if (unit) {
        rx_arena_free(unit->arena);
        free(unit);
    }
}

size_t rx_unit_bytes(const struct rx_unit *unit)
{
    return unit->bytes;
}

size_t rx_unit_rows(const struct rx_unit *unit)
{
    return unit->rows;
}

/* The op is linked in by add(), after its strings were copied. */
static struct rx_op *new_op(struct rx_unit *unit, enum rx_op_kind kind)
{
    struct rx_op *op = rx_arena_alloc(unit->arena, sizeof *op);
    if (op) {
        op->kind = kind;
        unit->bytes += sizeof *op;
    }
    return op;
}

static int add(struct rx_unit *unit, struct rx_op *op)
{
    if (unit->last) {
        unit->last->next = op;
    } else {
        unit->first = op;
    }
    unit->last = op;
    unit->rows++;
    return 0;
}

static int no_room(const struct rx_unit *unit)
{
    return unit->bytes + (1UL << 20) > UNIT_MAX_BYTES ? RX_ELIMIT : -ENOMEM;
}

/* Replaces *text by a copy in the arena; false when there is no room. */
static bool keep(struct rx_unit *unit, const char **text)
{
    struct rx_str view = rx_str_of(*text);
    *text = rx_arena_strdup(unit->arena, view);
    unit->bytes += view.n + 1;
    return *text != NULL;
}

int rx_unit_token(struct rx_unit *unit, const struct rx_row_token *row)
{
    struct rx_op *op = new_op(unit, RX_OP_TOKEN);
    if (!op) {
        return no_room(unit);
    }
    op->token = *row;
    if (!keep(unit, &op->token.chain) || !keep(unit, &op->token.address) ||
        !keep(unit, &op->token.symbol) || !keep(unit, &op->token.name)) {
        return no_room(unit);
    }
    return add(unit, op);
}

int rx_unit_pool(struct rx_unit *unit, const struct rx_row_pool *row)
{
    struct rx_op *op = new_op(unit, RX_OP_POOL);
    if (!op) {
        return no_room(unit);
    }
    op->pool = *row;
    return keep(unit, &op->pool.chain) ? add(unit, op) : no_room(unit);
}

int rx_unit_event(struct rx_unit *unit, const struct rx_row_event *row)
{
    if (row->data.n > EVENT_MAX_BYTES) {
        return RX_ELIMIT;
    }
    struct rx_op *op = new_op(unit, RX_OP_EVENT);
    char *data = op ? rx_arena_alloc(unit->arena, row->data.n + 1) : NULL;
    if (!data) {
        return no_room(unit);
    }
    if (row->data.n) {
        memcpy(data, row->data.p, row->data.n);
    }
    op->event = *row;
    op->event.data.p = data;
    unit->bytes += row->data.n + 16;
    return add(unit, op);
}

int rx_unit_block(struct rx_unit *unit, const struct rx_row_block *row)
{
    struct rx_op *op = new_op(unit, RX_OP_BLOCK);
    if (!op) {
        return no_room(unit);
    }
    op->block = *row;
    return add(unit, op);
}

int rx_unit_cursor(struct rx_unit *unit, const struct rx_row_cursor *row)
{
    struct rx_op *op = new_op(unit, RX_OP_CURSOR);
    if (!op) {
        return no_room(unit);
    }
    op->cursor = *row;
    return keep(unit, &op->cursor.fingerprint) ? add(unit, op) : no_room(unit);
}

int rx_unit_score(struct rx_unit *unit, const struct rx_row_score *row)
{
    struct rx_op *op = new_op(unit, RX_OP_SCORE);
    if (!op) {
        return no_room(unit);
    }
    op->score = *row;
    if (!keep(unit, &op->score.chain) || !keep(unit, &op->score.address) ||
        !keep(unit, &op->score.probability_data) || !keep(unit, &op->score.features) ||
        !keep(unit, &op->score.model_version)) {
        return no_room(unit);
    }
    return add(unit, op);
}

/* The same for bytes. */
static bool keep_bytes(struct rx_unit *unit, struct rx_str *bytes)
{
    char *copy = rx_arena_alloc(unit->arena, bytes->n + 1);
    if (copy && bytes->n) {
        memcpy(copy, bytes->p, bytes->n);
    }
    bytes->p = copy;
    unit->bytes += bytes->n + 1;
    return copy != NULL;
}

int rx_unit_forecast(struct rx_unit *unit, const struct rx_row_forecast *row)
{
    if (row->forecast.n > PACKED_MAX) {
        return RX_ELIMIT;
    }
    struct rx_op *op = new_op(unit, RX_OP_FORECAST);
    if (!op) {
        return no_room(unit);
    }
    op->forecast = *row;
    if (!keep(unit, &op->forecast.model) || !keep(unit, &op->forecast.chain) ||
        !keep_bytes(unit, &op->forecast.forecast)) {
        return no_room(unit);
    }
    return add(unit, op);
}

int rx_unit_outcome(struct rx_unit *unit, const struct rx_row_outcome *row)
{
    if (row->outcomes.n > PACKED_MAX) {
        return RX_ELIMIT;
    }
    struct rx_op *op = new_op(unit, RX_OP_OUTCOME);
    if (!op) {
        return no_room(unit);
    }
    op->outcome = *row;
    return keep_bytes(unit, &op->outcome.outcomes) ? add(unit, op) : no_room(unit);
}

int rx_unit_recalibration(struct rx_unit *unit, const struct rx_row_recalibration *row)
{
    struct rx_op *op = new_op(unit, RX_OP_RECALIBRATION);
    if (!op) {
        return no_room(unit);
    }
    op->recalibration = *row;
    if (!keep(unit, &op->recalibration.model) || !keep(unit, &op->recalibration.state) ||
        !keep(unit, &op->recalibration.event)) {
        return no_room(unit);
    }
    return add(unit, op);
}

static int add_range(struct rx_unit *unit, enum rx_op_kind kind, uint32_t source, uint64_t block)
{
    struct rx_op *op = new_op(unit, kind);
    if (!op) {
        return no_room(unit);
    }
    op->range = (struct rx_op_range){source, block};
    return add(unit, op);
}

int rx_unit_rewind(struct rx_unit *unit, uint32_t source, uint64_t block)
{
    return add_range(unit, RX_OP_REWIND, source, block);
}

int rx_unit_wipe(struct rx_unit *unit, uint32_t source)
{
    return add_range(unit, RX_OP_WIPE, source, 0);
}

int rx_unit_prune(struct rx_unit *unit, uint32_t source, uint64_t block)
{
    return add_range(unit, RX_OP_PRUNE, source, block);
}

int rx_unit_prune_forecasts(struct rx_unit *unit, int64_t time, uint32_t keep)
{
    return add_range(unit, RX_OP_PRUNE_FORECASTS, keep, time > 0 ? (uint64_t)time : 0);
}
