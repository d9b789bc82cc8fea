// SPDX-License-Identifier: Apache-2.0
/* radarx-agent recalibrate: fits maps from matured labels, tests them, keeps what is better. */
#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent/engine/calibration/overlay_json.h"
#include "agent/offline/commands.h"
#include "agent/offline/number_table.h"
#include "common/base/file.h"
#include "common/base/parse.h"

#define MAX_STATE (16u << 20)

static const char usage[] =
    "usage: radarx-agent recalibrate --scores FILE [--labels FILE] [--state FILE] [--audit FILE]\n"
    "                                [--now T] [--group NAME] [--model-version V] [--json]\n"
    "       radarx-agent recalibrate --rollback TARGET --state FILE [--audit FILE] [--now T]\n"
    "\n"
    "  --scores FILE      scored_at and p_NAME for each target (CSV, plain or .gz); times are\n"
    "                     milliseconds of Unix time\n"
    "  --labels FILE      the same rows' labels: NAME (0, 1 or nothing) and known_at (default: in\n"
    "                     --scores; known_at: scored_at and the horizon that NAME ends with)\n"
    "  --state FILE       the recalibrations in force; read when it exists, replaced when one is\n"
    "                     adopted or rolled back\n"
    "  --audit FILE       a line of JSON is appended for every decision\n"
    "  --now T            labels known later do not count (default: the last scored_at;\n"
    "                     of --rollback the clock)\n"
    "  --group NAME       column that tells which rows belong together (default: pool)\n"
    "  --model-version V  model that gave the scores (default: unknown)\n"
    "  --rollback TARGET  takes the target's newest recalibration back\n"
    "  --json             one line of JSON for every decision\n";

struct arguments {
    const char *scores, *labels, *state, *audit, *group, *version, *rollback;
    bool json, has_now;
    int64_t now;
};

/* 0, 1 = help was asked for, or negative. */
static int parse_arguments(int argc, char **argv, struct arguments *args)
{
    static const struct option options[] = {
        {"scores", required_argument, NULL, 0},
        {"labels", required_argument, NULL, 1},
        {"state", required_argument, NULL, 2},
        {"audit", required_argument, NULL, 3},
        {"group", required_argument, NULL, 4},
        {"model-version", required_argument, NULL, 5},
        {"rollback", required_argument, NULL, 6},
        {"now", required_argument, NULL, 'n'},
        {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    *args = (struct arguments){.group = "pool", .version = "unknown"};
    const char **const texts[] = {&args->scores, &args->labels,  &args->state,   &args->audit,
                                  &args->group,  &args->version, &args->rollback};
    int opt;
    while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
        if (opt >= 0 && opt < (int)RX_ARRAY_LEN(texts)) {
            *texts[opt] = optarg;
        } else if (opt == 'j') {
            args->json = true;
        } else if (opt == 'h') {
            fputs(usage, stdout);
            return 1;
        } else if (opt != 'n') {
            fputs(usage, stderr);
            return -EINVAL;
        } else if (rx_parse_i64(rx_str_of(optarg), 0, INT64_MAX, &args->now) < 0) {
            fputs("radarx-agent recalibrate: --now: milliseconds of Unix time expected\n", stderr);
            return -EINVAL;
        } else {
            args->has_now = true;
        }
    }
    bool two = args->scores && args->rollback;
    if (two || (!args->scores && !(args->rollback && args->state)) || optind != argc) {
        fputs(usage, stderr);
        return -EINVAL;
    }
    return 0;
}

static int read_state(const char *path, struct rx_overlay_set *set, struct rx_error *err)
{
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(MAX_STATE);
    if (!path || access(path, F_OK) != 0) {
        return 0;
    }
    int rc = rx_file_read(path, &text, err);
    if (rc == 0) {
        rc = rx_overlay_set_parse(rx_buf_str(&text), set, err);
        if (rc < 0) {
            rx_error_wrap(err, "%s", path);
        }
    }
    return rc;
}

static int write_state(const char *path, const struct rx_overlay_set *set, struct rx_error *err)
{
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(MAX_STATE);
    struct rx_jw w;
    rx_jw_init(&w, &text);
    rx_overlay_set_write(&w, set);
    rx_buf_putc(&text, '\n');
    int rc = rx_buf_error(&text, err);
    return rc < 0 ? rc : rx_file_write_atomic(path, rx_buf_str(&text), 0644, err);
}

/* Shows the decision and adds it to the audit trail. */
static int tell(const struct arguments *args, const struct rx_recal_event *event,
                struct rx_error *err)
{
    rx_auto(buf) struct rx_buf line = RX_BUF_INIT(MAX_STATE);
    struct rx_jw w;
    rx_jw_init(&w, &line);
    rx_recal_event_write(&w, event);
    rx_buf_putc(&line, '\n');
    int rc = rx_buf_error(&line, err);
    if (rc == 0 && args->audit) {
        FILE *file = fopen(args->audit, "a");
        bool ok = file && fwrite(line.p, 1, line.n, file) == line.n;
        if ((file && fclose(file) != 0) || !ok) {
            return rx_error_errno(err, errno, "%s", args->audit);
        }
    }
    if (rc == 0 && args->json) {
        fwrite(line.p, 1, line.n, stdout);
    } else if (rc == 0) {
        printf("%-12s %-15s %7zu labels, %zu not known yet; %s\n", event->target,
               rx_recal_action_name(event->action), event->matured, event->immature, event->reason);
    }
    return rc;
}

/* "rug_24h" -> a day in milliseconds; -1 when the name ends with no horizon. */
static int64_t horizon_of(const char *target)
{
    const char *end = strrchr(target, '_');
    int64_t ms;
    return end && rx_parse_duration_ms(rx_str_of(end + 1), 1, INT64_MAX / 4, &ms) == 0 ? ms : -1;
}

struct tables {
    struct rx_number_table *scores, *labels; /* owned; labels may be NULL */
    const struct rx_number_column *scored_at, *known_at;
};

static void tables_free(struct tables *tables)
{
    rx_number_table_free(tables->scores);
    rx_number_table_free(tables->labels);
}
RX_DEFINE_CLEANUP_INPLACE(tables, struct tables, tables_free);

static int read_tables(const struct arguments *args, struct tables *ret, struct rx_error *err)
{
    int rc = rx_number_table_read(args->scores, args->group, &ret->scores, err);
    if (rc == 0 && args->labels) {
        rc = rx_number_table_read(args->labels, NULL, &ret->labels, err);
    }
    if (rc < 0) {
        return rc;
    }
    if (ret->labels && ret->labels->rows != ret->scores->rows) {
        return rx_error_set(err, RX_EINVALID, "%s: %zu rows expected as in %s, got %zu",
                            args->labels, ret->scores->rows, args->scores, ret->labels->rows);
    }
    ret->scored_at = rx_number_table_find(ret->scores, "scored_at");
    ret->known_at = rx_number_table_find(ret->labels ? ret->labels : ret->scores, "known_at");
    if (!ret->scored_at) {
        return rx_error_set(err, RX_EINVALID, "%s: line 1: column 'scored_at' is missing",
                            args->scores);
    }
    return 0;
}

/* Whole milliseconds, or an error with the place. */
static int take_time(const struct arguments *args, const struct rx_number_column *column, size_t i,
                     int64_t *ret, struct rx_error *err)
{
    double value = column->values[i];
    if (!(value >= 0 && value <= 9007199254740992.0) || value != floor(value)) {
        return rx_error_set(err, RX_EINVALID,
                            "%s: row %zu: column %s: whole milliseconds of Unix time expected",
                            args->labels ? args->labels : args->scores, i + 1, column->name);
    }
    *ret = (int64_t)value;
    return 0;
}

static int take_row(const struct arguments *args, const struct tables *t, size_t i, double p,
                    double y, int64_t horizon, struct rx_recal_row *row, struct rx_error *err)
{
    if (!isnan(p) && !(p >= 0 && p <= 1)) {
        return rx_error_set(err, RX_EINVALID, "%s: row %zu: a probability from 0 to 1 expected",
                            args->scores, i + 1);
    }
    double inside = fmin(fmax(p, 1e-15), 1 - 1e-15);
    row->log_odds = isnan(p) ? p : log(inside) - log1p(-inside);
    row->y = y;
    row->group = t->scores->group ? t->scores->group[i] : i;
    int rc = take_time(args, t->scored_at, i, &row->scored_at, err);
    row->known_at = row->scored_at + (horizon > 0 ? horizon : 0);
    if (rc == 0 && t->known_at && !isnan(y)) {
        rc = take_time(args, t->known_at, i, &row->known_at, err);
    }
    return rc;
}

static int recalibrate_target(const struct arguments *args, const struct tables *t,
                              const struct rx_number_column *p, const struct rx_number_column *y,
                              struct rx_overlay_set *set, bool *changed, struct rx_error *err)
{
    const char *target = p->name + 2;
    size_t n = t->scores->rows;
    int64_t horizon = horizon_of(target);
    if (!t->known_at && horizon < 0) {
        return rx_error_set(err, RX_EINVALID,
                            "%s: a column known_at, or a name that ends with a horizon such as "
                            "_24h, expected",
                            target);
    }
    rx_autofree struct rx_recal_row *rows = calloc(n + 1, sizeof(*rows));
    if (!rows) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    int64_t now = args->now;
    int rc = 0;
    for (size_t i = 0; i < n && rc == 0; i++) {
        rc = take_row(args, t, i, p->values[i], y->values[i], horizon, &rows[i], err);
        now = args->has_now || rows[i].scored_at < now ? now : rows[i].scored_at;
    }
    rx_auto(recal_event) struct rx_recal_event event = {0};
    struct rx_recal_options options = rx_recal_defaults();
    struct rx_overlay **in_force = rx_overlay_set_find(set, target);
    if (rc == 0) {
        rc = rx_recalibrate(target, args->version, rows, n, now, &options,
                            in_force ? *in_force : NULL, &event, err);
    }
    if (rc == 0) {
        rc = tell(args, &event, err);
    }
    if (rc == 0 && event.action == RX_RECAL_ADOPTED) {
        *changed = true;
        rc = rx_overlay_set_push(set, RX_TAKE(event.candidate), err);
    }
    return rc < 0 ? rx_error_wrap(err, "%s", target) : 0;
}

static int run_scores(const struct arguments *args, struct rx_error *err)
{
    rx_auto(overlay_set) struct rx_overlay_set set = {0};
    rx_auto(tables) struct tables tables = {0};
    bool changed = false;
    size_t targets = 0;
    int rc = read_state(args->state, &set, err);
    if (rc == 0) {
        rc = read_tables(args, &tables, err);
    }
    if (rc < 0) {
        return rc;
    }
    assert(tables.scores);
    const struct rx_number_table *labels = tables.labels ? tables.labels : tables.scores;
    for (size_t c = 0; c < tables.scores->columns && rc == 0; c++) {
        const struct rx_number_column *p = &tables.scores->column[c];
        const struct rx_number_column *y =
            strncmp(p->name, "p_", 2) == 0 ? rx_number_table_find(labels, p->name + 2) : NULL;
        if (y && !p->text) {
            targets++;
            rc = recalibrate_target(args, &tables, p, y, &set, &changed, err);
        }
    }
    if (rc == 0 && targets == 0) {
        rc = rx_error_set(err, RX_EINVALID, "%s: no column p_NAME with labels in a column NAME",
                          args->scores);
    }
    return rc == 0 && changed && args->state ? write_state(args->state, &set, err) : rc;
}

static int run_rollback(const struct arguments *args, struct rx_error *err)
{
    int64_t now = args->has_now ? args->now : (int64_t)time(NULL) * 1000;
    rx_auto(overlay_set) struct rx_overlay_set set = {0};
    rx_auto(recal_event) struct rx_recal_event event = {0};
    int rc = read_state(args->state, &set, err);
    if (rc == 0) {
        rc = rx_overlay_set_rollback(&set, args->rollback, now, &event, err);
    }
    if (rc == 0) {
        rc = write_state(args->state, &set, err);
    }
    return rc < 0 ? rc : tell(args, &event, err);
}

int rx_cmd_recalibrate(int argc, char **argv)
{
    struct arguments args;
    struct rx_error err = {0};
    int rc = parse_arguments(argc, argv, &args);
    if (rc != 0) {
        return rc > 0 ? 0 : 2;
    }
    rc = args.rollback ? run_rollback(&args, &err) : run_scores(&args, &err);
    if (rc == 0 && fflush(stdout) != 0) {
        rc = rx_error_errno(&err, errno, "standard output");
    }
    if (rc < 0) {
        fprintf(stderr, "radarx-agent recalibrate: %s\n", err.msg);
        return 1;
    }
    return 0;
}
