// SPDX-License-Identifier: Apache-2.0
/* radarx-agent replay: recorded events in, one row of features and probabilities a snapshot out. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "agent/engine/model/model.h"
#include "agent/offline/cmd_input.h"
#include "agent/offline/commands.h"
#include "agent/replay/replay.h"
#include "agent/replay/tables.h"

static const char usage[] =
    "usage: radarx-agent replay --events FILE --pairs FILE [--lp FILE] [--ages LIST] [--out FILE]\n"
    "                           [--model FILE]\n"
    "\n"
    "  --events FILE  Sync events: pool,block,logi,reserve0,reserve1 (CSV, plain or .gz)\n"
    "  --pairs FILE   pool,token,decimals,weth_pos; -999 decimals = unknown\n"
    "  --lp FILE      LP-token transfers: pool,block,logi,from,to,value\n"
    "  --ages LIST    ages of the snapshots (default 1h,6h,24h,72h)\n"
    "  --out FILE     where the rows go (default -, standard output)\n"
    "  --model FILE   probability model (default: the built-in one)\n";

struct arguments {
    const char *events, *pairs, *lp, *ages, *out, *model;
};

static int parse_arguments(int argc, char **argv, struct arguments *args)
{
    static const struct option options[] = {
        {"events", required_argument, NULL, 'e'}, {"pairs", required_argument, NULL, 'p'},
        {"lp", required_argument, NULL, 'l'},     {"ages", required_argument, NULL, 'a'},
        {"out", required_argument, NULL, 'o'},    {"model", required_argument, NULL, 'm'},
        {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0},
    };
    *args = (struct arguments){.ages = "1h,6h,24h,72h", .out = "-"};
    int opt;
    while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (opt) {
        case 'e':
            args->events = optarg;
            break;
        case 'p':
            args->pairs = optarg;
            break;
        case 'l':
            args->lp = optarg;
            break;
        case 'a':
            args->ages = optarg;
            break;
        case 'o':
            args->out = optarg;
            break;
        case 'm':
            args->model = optarg;
            break;
        case 'h':
            fputs(usage, stdout);
            return 1;
        default:
            fputs(usage, stderr);
            return -EINVAL;
        }
    }
    if (!args->events || !args->pairs || optind != argc) {
        fputs(usage, stderr);
        return -EINVAL;
    }
    return 0;
}

static int write_rows(FILE *out, const struct rx_replay_options *options,
                      const struct rx_tables *tables, uint64_t *rows, struct rx_error *err)
{
    int rc = rx_replay_header(out, options);
    if (rc < 0) {
        return rx_error_set(err, rc, "cannot write the header");
    }
    for (size_t i = 0; i < rx_tables_pools(tables); i++) {
        rc = rx_replay_pool(out, options, rx_tables_pool(tables, i), rows, err);
        if (rc < 0) {
            return rc;
        }
    }
    if (fflush(out) != 0) {
        return rx_error_errno(err, errno, "cannot write the rows");
    }
    return 0;
}

/* The rows appear under their name only when all of them are written. */
static int write_file(const char *path, const struct rx_replay_options *options,
                      const struct rx_tables *tables, uint64_t *rows, struct rx_error *err)
{
    if (strcmp(path, "-") == 0) {
        return write_rows(stdout, options, tables, rows, err);
    }
    rx_autofree char *partial = NULL;
    if (asprintf(&partial, "%s.partial", path) < 0) {
        partial = NULL;
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    FILE *out = fopen(partial, "we");
    if (!out) {
        return rx_error_errno(err, errno, "%s", partial);
    }
    int rc = write_rows(out, options, tables, rows, err);
    if (fclose(out) != 0 && rc == 0) {
        rc = rx_error_errno(err, errno, "%s", partial);
    }
    if (rc == 0 && rename(partial, path) != 0) {
        rc = rx_error_errno(err, errno, "%s", path);
    }
    if (rc < 0) {
        remove(partial);
    }
    return rc;
}

static void report(const struct rx_tables_counts *counts, uint64_t rows)
{
    fprintf(stderr,
            "replay: %llu events, %llu LP transfers, %llu snapshots; %llu rows out of order, "
            "%llu repeated, %llu of other events, %llu of %llu pools that the pairs file lacks\n",
            (unsigned long long)counts->rows, (unsigned long long)counts->lp_rows,
            (unsigned long long)rows, (unsigned long long)counts->out_of_order,
            (unsigned long long)counts->repeated, (unsigned long long)counts->other_events,
            (unsigned long long)counts->unknown_rows, (unsigned long long)counts->unknown_pools);
}

static int run(const struct arguments *args, struct rx_error *err)
{
    rx_auto(model) struct rx_model *model = NULL;
    rx_auto(model_scratch) struct rx_model_scratch *scratch = NULL;
    rx_auto(tables) struct rx_tables *tables = NULL;
    struct rx_replay_options options = {.lp = args->lp != NULL};
    int rc = rx_replay_parse_ages(rx_str_of(args->ages), &options, err);
    if (rc == 0) {
        rc = rx_cmd_load_model(args->model, &model, err);
    }
    if (rc < 0) {
        return rc;
    }
    options.model = model;
    rc = rx_model_scratch_new(model, &scratch, err);
    options.scratch = scratch;
    if (rc < 0) {
        return rc;
    }
    rc = rx_cmd_read_tables(args->pairs, args->events, args->lp, &tables, err);
    uint64_t rows = 0;
    if (rc == 0) {
        rc = write_file(args->out, &options, tables, &rows, err);
    }
    if (rc == 0) {
        report(rx_tables_counts(tables), rows);
    }
    return rc;
}

int rx_cmd_replay(int argc, char **argv)
{
    struct arguments args;
    struct rx_error err = {0};
    int rc = parse_arguments(argc, argv, &args);
    if (rc != 0) {
        return rc > 0 ? 0 : 2;
    }
    if (run(&args, &err) < 0) {
        fprintf(stderr, "radarx-agent replay: %s\n", err.msg);
        return 1;
    }
    return 0;
}
