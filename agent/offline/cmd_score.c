// SPDX-License-Identifier: Apache-2.0
/* radarx-agent score: the score of one recorded pool at a block, as a page or as JSON. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agent/engine/model/model.h"
#include "agent/engine/score/write.h"
#include "agent/offline/cmd_input.h"
#include "agent/offline/commands.h"
#include "agent/offline/facts_input.h"
#include "agent/offline/score_args.h"
#include "agent/offline/score_table.h"
#include "agent/replay/people.h"
#include "agent/replay/replay.h"
#include "agent/replay/tables.h"
#include "common/base/buf.h"

#define MAX_OUTPUT (1u << 20)

static void put_address(char out[43], const unsigned char address[20])
{
    static const char digits[] = "0123456789abcdef";
    memcpy(out, "0x", 2);
    for (size_t i = 0; i < 20; i++) {
        out[2 + 2 * i] = digits[address[i] >> 4];
        out[3 + 2 * i] = digits[address[i] & 15];
    }
    out[42] = 0;
}

static void write_json(const struct rx_score_page *page, uint64_t first_block, struct rx_buf *out)
{
    struct rx_jw w;
    struct rx_score_writer x;
    rx_jw_init(&w, out);
    x.w = &w;
    x.model = page->model;
    x.score = page->score;
    x.scratch = page->scratch;
    x.features = page->features;
    x.horizons = x.multipliers = ~0U;
    x.no_events = false;
    x.unknown.n = x.notes.n = 0;
    rx_jw_begin_object(&w);
    rx_jw_kv_cstr(&w, "pool", page->pool);
    rx_jw_kv_cstr(&w, "token", page->token);
    rx_jw_kv_i64(&w, "first_block", (int64_t)first_block);
    rx_jw_kv_i64(&w, "as_of_block", (int64_t)page->block);
    rx_jw_kv_cstr(&w, "model_version", rx_model_version(page->model));
    rx_score_write_targets(&x);
    rx_score_write_heatmap(&x);
    rx_score_write_rug(&x);
    rx_score_write_risk(&x);
    rx_score_write_explanations(&x);
    rx_score_write_features(&x);
    rx_score_write_model(&x);
    rx_notes_write(&w, "unknown", &x.unknown);
    rx_notes_write(&w, "notes", &x.notes);
    rx_jw_end_object(&w);
    rx_buf_putc(out, '\n');
}

/* The features of the pool's own events, of the files beside them, and of stored answers. */
static int collect(const struct rx_score_args *args, const struct rx_pool_rows *rows,
                   struct rx_pool *pool, uint64_t at, double *features, struct rx_error *err)
{
    rx_auto(pool_view) struct rx_pool_view *view = rx_pool_view_new(pool);
    struct rx_facts facts;
    const struct rx_people_options people = {
        .transfers = args->transfers,
        .locks = args->locks,
        .creator = args->has_creator ? args->creator : NULL,
        .history = {.prior_tokens = args->creator_tokens, .prior_rugs = args->creator_rugs}};
    char token[43];
    if (!view) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    rx_pool_view_features(view, (int64_t)at, features);
    int rc = rx_replay_people(rows, pool, at, &people, features, err);
    put_address(token, rows->token);
    rx_facts_init(&facts);
    for (size_t i = 0; rc == 0 && i < args->n_snapshots; i++) {
        bool solana = false;
        rc = rx_facts_read(args->snapshots[i], rx_str_of(token), -1, &facts, &solana, err);
        if (rc == 0 && solana) {
            rc = rx_error_set(err, RX_EINVALID, "%s: an answer about a token on Ethereum expected",
                              args->snapshots[i]);
        }
    }
    rx_facts_apply(&facts, features);
    return rc;
}

static int print_score(const struct rx_score_args *args, const struct rx_pool_rows *rows,
                       struct rx_pool *pool, uint64_t at, const struct rx_model *model,
                       struct rx_error *err)
{
    rx_auto(model_scratch) struct rx_model_scratch *scratch = NULL;
    rx_auto(buf) struct rx_buf out = RX_BUF_INIT(MAX_OUTPUT);
    double features[RX_F_MAX];
    char address[43], token[43];
    struct rx_score score;
    int rc = rx_model_scratch_new(model, &scratch, err);
    if (rc == 0) {
        rc = collect(args, rows, pool, at, features, err);
    }
    if (rc < 0) {
        return rc;
    }
    put_address(address, rows->pool);
    put_address(token, rows->token);
    rx_score_compute(model, features, &args->weights, RX_RISK_EVM, scratch, &score);
    const struct rx_score_page page = {address, token, at, features, model, &score, scratch};
    if (args->json) {
        write_json(&page, rx_pool_first_block(pool), &out);
    } else {
        rx_score_table(&page, &out);
    }
    rc = rx_buf_error(&out, err);
    if (rc == 0 && (fwrite(out.p, 1, out.n, stdout) != out.n || fflush(stdout) != 0)) {
        rc = rx_error_errno(err, errno, "standard output");
    }
    return rc;
}

static int run(const struct rx_score_args *args, struct rx_error *err)
{
    rx_auto(model) struct rx_model *model = NULL;
    rx_auto(tables) struct rx_tables *tables = NULL;
    rx_auto(pool) struct rx_pool *pool = NULL;
    int rc = rx_cmd_load_model(args->model, &model, err);
    if (rc < 0) {
        return rc;
    }
    rc = rx_cmd_read_tables(args->pairs, args->events, args->lp, &tables, err);
    if (rc < 0) {
        return rc;
    }
    const struct rx_pool_rows *rows = rx_tables_find(tables, args->pool);
    if (!rows) {
        return rx_error_set(err, RX_EINVALID, "--pool: %s does not have it", args->pairs);
    }
    if (rows->n_events == 0) {
        return rx_error_set(err, RX_EINVALID, "--pool: %s has no events of it", args->events);
    }
    uint64_t at = args->has_at ? args->at : rows->events[rows->n_events - 1].block;
    rc = rx_replay_until(rows, args->lp != NULL, at, &pool, err);
    if (rc == 0 && rx_pool_events(pool) == 0) {
        rc = rx_error_set(err, RX_EINVALID,
                          "--at: the pool has no event with both reserves above "
                          "zero up to block %llu",
                          (unsigned long long)at);
    }
    return rc < 0 ? rc : print_score(args, rows, pool, at, model, err);
}

int rx_cmd_score(int argc, char **argv)
{
    struct rx_score_args args;
    struct rx_error err = {0};
    int rc = rx_score_args_parse(argc, argv, &args);
    if (rc != 0) {
        return rc > 0 ? 0 : 2;
    }
    if (run(&args, &err) < 0) {
        fprintf(stderr, "radarx-agent score: %s\n", err.msg);
        return 1;
    }
    return 0;
}
