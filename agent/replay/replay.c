// SPDX-License-Identifier: Apache-2.0
#include "agent/replay/replay.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "agent/engine/score/score.h"
#include "common/base/parse.h"

#define DAY_MS   86400000
#define MAX_AGE  (3650LL * DAY_MS)
#define NO_LIMIT HUGE_VAL

static int add_age(struct rx_replay_options *options, struct rx_str label, struct rx_error *err)
{
    int64_t ms;
    int rc = rx_parse_duration_ms(label, 1, MAX_AGE, &ms);
    if (rc < 0 || label.n >= sizeof(options->ages[0].label)) {
        return rx_error_set(err, rc < 0 ? rc : RX_ELIMIT,
                            "ages: durations such as 1h,6h,24h up to 3650d expected, got '%.*s'",
                            label.n < 32 ? (int)label.n : 32, label.p ? label.p : "");
    }
    if (options->n_ages == RX_REPLAY_MAX_AGES) {
        return rx_error_set(err, RX_ELIMIT, "ages: at most %d expected", RX_REPLAY_MAX_AGES);
    }
    double days = (double)ms / DAY_MS;
    size_t at = options->n_ages;
    while (at > 0 && options->ages[at - 1].days >= days) {
        if (options->ages[at - 1].days == days) {
            return rx_error_set(err, RX_EINVALID, "ages: '%.*s' appears twice", (int)label.n,
                                label.p);
        }
        options->ages[at] = options->ages[at - 1];
        at--;
    }
    struct rx_replay_age *age = &options->ages[at];
    memcpy(age->label, label.p, label.n);
    age->label[label.n] = 0;
    age->days = days;
    options->n_ages++;
    return 0;
}

int rx_replay_parse_ages(struct rx_str text, struct rx_replay_options *options,
                         struct rx_error *err)
{
    options->n_ages = 0;
    struct rx_str rest = text;
    struct rx_str part;
    while (rx_str_cut(&rest, ',', &part)) {
        int rc = add_age(options, part, err);
        if (rc < 0) {
            return rc;
        }
    }
    return 0;
}

static int stream_status(FILE *out)
{
    return ferror(out) ? -EIO : 0;
}

int rx_replay_header(FILE *out, const struct rx_replay_options *options)
{
    fputs("pool,token,age,first_block", out);
    for (int i = 0; i < RX_F_EVENTS_END; i++) {
        fprintf(out, ",%s", rx_feature_info((enum rx_feature)i)->name);
    }
    for (size_t i = 0; options->model && i < rx_model_targets(options->model); i++) {
        const char *name = rx_model_target_name(options->model, i);
        fprintf(out, ",p_%s,p_%s_lo,p_%s_hi", name, name, name);
    }
    fputc('\n', out);
    return stream_status(out);
}

static void put_address(FILE *out, const unsigned char address[20])
{
    static const char digits[] = "0123456789abcdef";
    char text[43] = "0x";
    for (int i = 0; i < 20; i++) {
        text[2 + 2 * i] = digits[address[i] >> 4];
        text[3 + 2 * i] = digits[address[i] & 15];
    }
    fputs(text, out);
}

static void put_number(FILE *out, double value)
{
    if (isnan(value)) {
        fputc(',', out);
    } else {
        fprintf(out, ",%.17g", value);
    }
}

static void put_row(FILE *out, const struct rx_replay_options *options,
                    const struct rx_pool_rows *rows, const struct rx_pool *pool, const char *age,
                    const double features[RX_F_MAX])
{
    put_address(out, rows->pool);
    fputc(',', out);
    put_address(out, rows->token);
    fprintf(out, ",%s,%llu", age, (unsigned long long)rx_pool_first_block(pool));
    for (int i = 0; i < RX_F_EVENTS_END; i++) {
        put_number(out, features[i]);
    }
    if (options->model) {
        struct rx_score score;
        rx_score_targets(options->model, features, options->scratch, &score);
        for (size_t i = 0; i < score.n_targets; i++) {
            put_number(out, score.targets[i].p);
            put_number(out, score.targets[i].lo);
            put_number(out, score.targets[i].hi);
        }
    }
    fputc('\n', out);
}

/* Where the feeding of a pool's recorded rows stands. */
struct cursor {
    const struct rx_pool_rows *rows;
    size_t event, lp;
};

static int new_pool(const struct rx_pool_rows *rows, bool lp, struct rx_pool **ret,
                    struct rx_error *err)
{
    struct rx_pool_meta meta = {
        .decimals = rows->decimals, .weth_pos = rows->weth_pos, .clock = RX_POOL_BLOCKS, .lp = lp};
    memcpy(meta.address, rows->pool, 20);
    return rx_pool_new(&meta, ret, err);
}

/* Feeds Syncs up to block `limit`, and, while the pool is empty and `age_days` >= 0, sets the limit
 * from the first kept one. Then LP transfers up to the same block. */
static int feed(struct rx_pool *pool, struct cursor *at, double limit, double age_days,
                struct rx_error *err)
{
    const struct rx_pool_rows *rows = at->rows;
    while (at->event < rows->n_events) {
        const struct rx_event_row *row = &rows->events[at->event];
        if (age_days >= 0 && rx_pool_events(pool) > 0) {
            limit = (double)rx_pool_first_block(pool) + age_days * RX_BLOCKS_PER_DAY;
        }
        if ((double)row->block > limit) {
            break;
        }
        struct rx_sync event = {.block = row->block,
                                .log_index = row->log_index,
                                .time = (int64_t)row->block,
                                .reserve = {row->reserve[0], row->reserve[1]}};
        int rc = rx_pool_sync(pool, &event, err);
        if (rc < 0) {
            return rc;
        }
        at->event++;
    }
    if (age_days >= 0 && rx_pool_events(pool) > 0) {
        limit = (double)rx_pool_first_block(pool) + age_days * RX_BLOCKS_PER_DAY;
    }
    while (at->lp < rows->n_lps && (double)rows->lps[at->lp].transfer.block <= limit) {
        int rc = rx_pool_lp_transfer(pool, &rows->lps[at->lp].transfer, err);
        if (rc < 0) {
            return rc;
        }
        at->lp++;
    }
    return 0;
}

int rx_replay_pool(FILE *out, const struct rx_replay_options *options,
                   const struct rx_pool_rows *rows, uint64_t *ret_rows, struct rx_error *err)
{
    if (rows->n_events == 0) {
        return 0;
    }
    rx_auto(pool) struct rx_pool *pool = NULL;
    int rc = new_pool(rows, options->lp, &pool, err);
    if (rc < 0) {
        return rc;
    }
    struct cursor at = {.rows = rows};
    for (size_t i = 0; i < options->n_ages; i++) {
        const struct rx_replay_age *age = &options->ages[i];
        rc = feed(pool, &at, NO_LIMIT, age->days, err);
        if (rc < 0) {
            return rc;
        }
        if (rx_pool_events(pool) < RX_POOL_MIN_EVENTS || rx_pool_weth(pool) < RX_POOL_MIN_WETH) {
            continue;
        }
        double features[RX_F_MAX];
        rx_pool_features_at_age(pool, age->days, features);
        put_row(out, options, rows, pool, age->label, features);
        ++*ret_rows;
    }
    rc = stream_status(out);
    return rc < 0 ? rx_error_set(err, rc, "cannot write the rows") : 0;
}

int rx_replay_until(const struct rx_pool_rows *rows, bool lp, uint64_t at, struct rx_pool **ret,
                    struct rx_error *err)
{
    rx_auto(pool) struct rx_pool *pool = NULL;
    int rc = new_pool(rows, lp, &pool, err);
    if (rc < 0) {
        return rc;
    }
    struct cursor from = {.rows = rows};
    rc = feed(pool, &from, (double)at, -1, err);
    if (rc < 0) {
        return rc;
    }
    *ret = RX_TAKE(pool);
    return 0;
}
