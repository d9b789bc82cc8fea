// SPDX-License-Identifier: Apache-2.0
/* radarx-agent drift: what changed between two tables of features and probabilities. */
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "agent/offline/commands.h"
#include "agent/offline/drift_input.h"
#include "common/base/parse.h"

#define MAX_OUTPUT (16u << 20)

static const char usage[] =
    "usage: radarx-agent drift --baseline FILE --current FILE [--labels FILE]\n"
    "                          [--baseline-labels FILE] [--columns NAMES] [--group NAME]\n"
    "                          [--alpha A] [--min-effect E] [--json] [--fail-on-drift]\n"
    "\n"
    "  --baseline FILE         the rows that the model was made for (CSV, plain or .gz)\n"
    "  --current FILE          the rows of now\n"
    "  --labels FILE           matured labels of the current rows, in their order: a column NAME\n"
    "                          of 0, 1 or nothing for each p_NAME (default: in --current itself)\n"
    "  --baseline-labels FILE  the same for the baseline\n"
    "  --columns NAMES         compare these only, separated by commas (default: features of the\n"
    "                          registry and p_NAME; without any such, all columns of numbers)\n"
    "  --group NAME            column that tells which rows belong together and so count as one\n"
    "                          (default: pool, when there is one)\n"
    "  --alpha A               false discovery rate of the tests (default 0.01)\n"
    "  --min-effect E          least distance that counts as drift (default 0.1)\n"
    "  --json                  the whole result as JSON\n"
    "  --fail-on-drift         exit code 1 when the verdict is False\n";

struct arguments {
    struct rx_drift_files files;
    struct rx_drift_options options;
    bool json, fail;
};

static int parse_share(const char *name, const char *text, double *ret)
{
    double value;
    if (rx_parse_double(rx_str_of(text), &value) < 0 || !(value > 0 && value < 1)) {
        fprintf(stderr, "radarx-agent drift: --%s: a number between 0 and 1 expected\n", name);
        return -EINVAL;
    }
    *ret = value;
    return 0;
}

static int parse_value(int opt, struct arguments *args)
{
    struct rx_drift_files *files = &args->files;
    switch (opt) {
    case 'b':
        files->baseline = optarg;
        return 0;
    case 'c':
        files->current = optarg;
        return 0;
    case 'l':
        files->current_labels = optarg;
        return 0;
    case 'L':
        files->baseline_labels = optarg;
        return 0;
    case 'n':
        files->columns = optarg;
        return 0;
    case 'g':
        files->group = optarg;
        return 0;
    case 'a':
        return parse_share("alpha", optarg, &args->options.alpha);
    case 'e':
        return parse_share("min-effect", optarg, &args->options.min_effect);
    case 'j':
        args->json = true;
        return 0;
    case 'f':
        args->fail = true;
        return 0;
    case 'h':
        fputs(usage, stdout);
        return 1;
    default:
        fputs(usage, stderr);
        return -EINVAL;
    }
}

static int parse_arguments(int argc, char **argv, struct arguments *args)
{
    static const struct option options[] = {
        {"baseline", required_argument, NULL, 'b'},
        {"current", required_argument, NULL, 'c'},
        {"labels", required_argument, NULL, 'l'},
        {"baseline-labels", required_argument, NULL, 'L'},
        {"columns", required_argument, NULL, 'n'},
        {"group", required_argument, NULL, 'g'},
        {"alpha", required_argument, NULL, 'a'},
        {"min-effect", required_argument, NULL, 'e'},
        {"json", no_argument, NULL, 'j'},
        {"fail-on-drift", no_argument, NULL, 'f'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    *args = (struct arguments){.files.group = "pool", .options = rx_drift_defaults()};
    int opt;
    while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
        int rc = parse_value(opt, args);
        if (rc != 0) {
            return rc;
        }
    }
    if (!args->files.baseline || !args->files.current || optind != argc) {
        fputs(usage, stderr);
        return -EINVAL;
    }
    return 0;
}

/* "-" for what is unknown. */
static const char *number(const char *format, double value, char out[32])
{
    if (isnan(value)) {
        return "-";
    }
    /* The formats are those of print_columns and print_targets. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(out, 32, format, value);
#pragma GCC diagnostic pop
    return out;
}

static int by_gravity(const void *a, const void *b, void *arg)
{
    const struct rx_drift_column_result *r = arg;
    size_t i = *(const size_t *)a, j = *(const size_t *)b;
    if (r[i].grade != r[j].grade) {
        return r[i].grade < r[j].grade ? 1 : -1;
    }
    double x = isnan(r[i].effect) ? -1 : r[i].effect;
    double y = isnan(r[j].effect) ? -1 : r[j].effect;
    return x != y ? (x < y ? 1 : -1) : (i > j) - (i < j);
}

/* The gravest first. */
static int print_columns(const struct rx_drift_report *report, struct rx_error *err)
{
    rx_autofree size_t *order = malloc((report->n_columns + 1) * sizeof(*order));
    if (!order) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    for (size_t i = 0; i < report->n_columns; i++) {
        order[i] = i;
    }
    qsort_r(order, report->n_columns, sizeof(*order), by_gravity, (void *)report->column_results);
    printf("%-24s %8s %8s %8s %8s %8s %10s %10s %8s  %s\n", "column", "baseline", "current",
           "missing", "PSI", "KS D", "p", "q (BH)", "effect", "verdict");
    for (size_t k = 0; k < report->n_columns; k++) {
        const struct rx_drift_column *c = &report->columns[order[k]];
        const struct rx_drift_column_result *r = &report->column_results[order[k]];
        char t[6][32];
        printf("%-24s %8zu %8zu %8s %8s %8s %10s %10s %8s  %s\n", c->name, c->baseline.n,
               c->current.n, number("%+.3f", r->missing_change, t[0]), number("%.4f", r->psi, t[1]),
               number("%.4f", r->ks, t[2]), number("%.3g", r->p, t[3]), number("%.3g", r->q, t[4]),
               number("%.3f", r->effect, t[5]), rx_drift_grade_name(r->grade));
    }
    return 0;
}

static void print_targets(const struct rx_drift_report *report)
{
    if (report->n_targets == 0) {
        return;
    }
    printf("\n%-12s %7s %6s %8s %17s %8s %8s %8s %8s %8s  %s\n", "target", "labels", "ones",
           "obs/exp", "95 % interval", "q", "AUC", "was", "Brier", "was", "verdict");
    for (size_t i = 0; i < report->n_targets; i++) {
        const struct rx_drift_target_result *r = &report->target_results[i];
        char t[7][32], interval[64] = "-";
        if (!r->has_current) {
            printf("%-12s %7zu: too few labels\n", report->targets[i].name,
                   report->targets[i].current.n);
            continue;
        }
        if (!isnan(r->current.oe)) {
            snprintf(interval, sizeof(interval), "%.3f to %.3f", r->current.oe_lo,
                     r->current.oe_hi);
        }
        const struct rx_quality none = {.auc = (double)NAN, .brier = (double)NAN};
        const struct rx_quality *was = r->has_baseline ? &r->baseline : &none;
        printf("%-12s %7zu %6zu %8s %17s %8s %8s %8s %8s %8s  %s\n", report->targets[i].name,
               r->current.n, r->current.positives, number("%.3f", r->current.oe, t[0]), interval,
               number("%.2g", r->oe_q, t[1]), number("%.4f", r->current.auc, t[2]),
               number("%.4f", was->auc, t[3]), number("%.4f", r->current.brier, t[4]),
               number("%.4f", was->brier, t[5]), rx_drift_grade_name(r->grade));
    }
}

static int print_json(const struct rx_drift_report *report, const struct rx_verdict *verdict,
                      struct rx_error *err)
{
    rx_auto(buf) struct rx_buf out = RX_BUF_INIT(MAX_OUTPUT);
    struct rx_jw w;
    rx_jw_init(&w, &out);
    rx_jw_begin_object(&w);
    rx_jw_key(&w, "verdict");
    rx_verdict_write(&w, verdict);
    rx_drift_report_write(&w, report);
    rx_jw_end_object(&w);
    rx_buf_putc(&out, '\n');
    int rc = rx_buf_error(&out, err);
    if (rc == 0 && fwrite(out.p, 1, out.n, stdout) != out.n) {
        rc = rx_error_errno(err, errno, "standard output");
    }
    return rc;
}

/* 0 or 1, or a negative error. */
static int run(const struct arguments *args, struct rx_error *err)
{
    rx_auto(drift_input) struct rx_drift_input *in = NULL;
    int rc = rx_drift_input_read(&args->files, &in, err);
    if (rc < 0) {
        return rc;
    }
    rx_autofree struct rx_drift_column_result *columns =
        calloc(in->n_columns + 1, sizeof(*columns));
    rx_autofree struct rx_drift_target_result *targets =
        calloc(in->n_targets + 1, sizeof(*targets));
    if (!columns || !targets) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    rc = rx_drift_columns(in->columns, in->n_columns, &args->options, columns, err);
    if (rc == 0) {
        rc = rx_drift_targets(in->targets, in->n_targets, &args->options, targets, err);
    }
    if (rc < 0) {
        return rc;
    }
    struct rx_drift_report report = {in->columns, columns, in->n_columns,
                                     in->targets, targets, in->n_targets};
    struct rx_verdict verdict;
    rx_drift_judge(&report, &args->options, &verdict);
    if (args->json) {
        rc = print_json(&report, &verdict, err);
    } else {
        rc = print_columns(&report, err);
        print_targets(&report);
        printf("\nModelHealthy: %s (%s)\n%s\n", rx_health_status(verdict.health), verdict.reason,
               verdict.message);
    }
    if (rc == 0 && fflush(stdout) != 0) {
        rc = rx_error_errno(err, errno, "standard output");
    }
    return rc < 0 ? rc : args->fail && verdict.health == RX_HEALTH_BAD;
}

int rx_cmd_drift(int argc, char **argv)
{
    struct arguments args;
    struct rx_error err = {0};
    int rc = parse_arguments(argc, argv, &args);
    if (rc != 0) {
        return rc > 0 ? 0 : 2;
    }
    rc = run(&args, &err);
    if (rc < 0) {
        fprintf(stderr, "radarx-agent drift: %s\n", err.msg);
        return 1;
    }
    return rc;
}
