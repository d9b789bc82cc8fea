// SPDX-License-Identifier: Apache-2.0
/* radarx-agent model: check, describe, apply and explain a model file. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "agent/offline/commands.h"
#include "agent/offline/model_commands.h"
#include "common/base/parse.h"

#define MAX_OUTPUT (64u << 20)

static const char usage[] =
    "usage: radarx-agent model check [--json] FILE...\n"
    "       radarx-agent model info [--iterations N] [--json] FILE\n"
    "       radarx-agent model predict --model FILE --input FILE [--output FILE] [--margin]\n"
    "       radarx-agent model explain --model FILE --input FILE [--output FILE | --rows N --top "
    "N]\n"
    "\n"
    "A model is XGBoost's JSON or UBJSON (1.0 to 3.2), LightGBM's text, or a radarx-model bundle.\n"
    "\n"
    "  --model FILE    the model\n"
    "  --input FILE    rows as CSV, plain or .gz; - is standard input. Columns are matched by the\n"
    "                  model's names, else by position; an empty field or nan is missing; "
    "infinite\n"
    "                  values are refused\n"
    "  --output FILE   predict: the input's columns, then one column an output (%.9g); explain: "
    "all\n"
    "                  contributions (default: standard output; explain: the largest ones)\n"
    "  --margin        margins or log-odds in place of predictions\n"
    "  --iterations N  boosting rounds that count: a number, best (the default: those up to the\n"
    "                  model's best_iteration, else all) or all\n"
    "  --header H      whether the first line is a header: auto (default), yes or no\n"
    "  --rows N        explain: the first N rows (default 10)\n"
    "  --top N         explain: the N largest contributions of a row (default 10)\n"
    "  --json          for machines\n";

static int wrong(const char *what)
{
    fprintf(stderr, "radarx-agent model: %s\n", what);
    return -EINVAL;
}

static int parse_iterations(const char *text, int64_t *ret)
{
    if (strcmp(text, "best") == 0) {
        *ret = RX_FOREST_BEST;
    } else if (strcmp(text, "all") == 0) {
        *ret = RX_FOREST_ALL;
    } else if (rx_parse_i64(rx_str_of(text), 1, INT32_MAX, ret) < 0) {
        return wrong("--iterations: a number from 1, best or all expected");
    }
    return 0;
}

static int parse_header(const char *text, enum rx_matrix_header *ret)
{
    static const char *const names[] = {"auto", "yes", "no"};
    for (int i = 0; i < 3; i++) {
        if (strcmp(text, names[i]) == 0) {
            *ret = (enum rx_matrix_header)i;
            return 0;
        }
    }
    return wrong("--header: auto, yes or no expected");
}

static int parse_value(int opt, struct rx_model_arguments *args)
{
    switch (opt) {
    case 'm':
        args->model = optarg;
        return 0;
    case 'i':
        args->input = optarg;
        return 0;
    case 'o':
        args->output = optarg;
        return 0;
    case 'g':
        args->margin = true;
        return 0;
    case 'j':
        args->json = true;
        return 0;
    case 'n':
        return parse_iterations(optarg, &args->iterations);
    case 'H':
        return parse_header(optarg, &args->header);
    case 'r':
        return rx_parse_u64(rx_str_of(optarg), 1000000, &args->rows) < 0
                   ? wrong("--rows: a number up to 1000000 expected")
                   : 0;
    case 't':
        return rx_parse_u64(rx_str_of(optarg), 1000000, &args->top) < 0
                   ? wrong("--top: a number up to 1000000 expected")
                   : 0;
    case 'h':
        fputs(usage, stdout);
        return 1;
    default:
        fputs(usage, stderr);
        return -EINVAL;
    }
}

static int parse_arguments(int argc, char **argv, struct rx_model_arguments *args)
{
    static const struct option options[] = {
        {"model", required_argument, NULL, 'm'},
        {"input", required_argument, NULL, 'i'},
        {"output", required_argument, NULL, 'o'},
        {"margin", no_argument, NULL, 'g'},
        {"iterations", required_argument, NULL, 'n'},
        {"header", required_argument, NULL, 'H'},
        {"rows", required_argument, NULL, 'r'},
        {"top", required_argument, NULL, 't'},
        {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0},
    };
    *args = (struct rx_model_arguments){.rows = 10, .top = 10, .iterations = RX_FOREST_BEST};
    int opt;
    while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1) {
        int rc = parse_value(opt, args);
        if (rc != 0) {
            return rc;
        }
    }
    return 0;
}

static int print(const struct rx_buf *out, struct rx_error *err)
{
    int rc = rx_buf_error(out, err);
    if (rc == 0 && (fwrite(out->p, 1, out->n, stdout) != out->n || fflush(stdout) != 0)) {
        rc = rx_error_errno(err, errno, "standard output");
    }
    return rc;
}

/* --- check -------------------------------------------------------------------------------------
 */

static bool check_one(const char *path, const struct rx_model_arguments *args, struct rx_jw *w)
{
    rx_auto(model_file) struct rx_model_file file = {0};
    struct rx_error err = {0};
    bool ok = rx_model_file_load(path, args->iterations, &file, &err) == 0;
    if (args->json) {
        rx_jw_begin_object(w);
        rx_jw_kv_cstr(w, "file", path);
        rx_jw_kv_bool(w, "ok", ok);
        if (ok) {
            rx_model_file_write(&file, false, w);
        } else {
            rx_jw_kv_cstr(w, "error", err.msg);
        }
        rx_jw_end_object(w);
    } else if (ok) {
        rx_buf_printf(w->out, "%s: ok: ", path);
        rx_model_file_summary(&file, w->out);
        rx_buf_putc(w->out, '\n');
    } else {
        rx_buf_printf(w->out, "refused: %s\n", err.msg);
    }
    return ok;
}

static int check(int argc, char **argv, const struct rx_model_arguments *args, struct rx_error *err)
{
    rx_auto(buf) struct rx_buf out = RX_BUF_INIT(MAX_OUTPUT);
    struct rx_jw w;
    size_t refused = 0;
    rx_jw_init(&w, &out);
    if (args->json) {
        rx_jw_begin_array(&w);
    }
    for (int i = 0; i < argc; i++) {
        refused += check_one(argv[i], args, &w) ? 0 : 1;
    }
    if (args->json) {
        rx_jw_end_array(&w);
        rx_buf_putc(&out, '\n');
    }
    int rc = print(&out, err);
    if (rc == 0 && refused > 0) {
        rc = rx_error_set(err, RX_EINVALID, "%zu of %d refused", refused, argc);
    }
    return rc;
}

/* --- info --------------------------------------------------------------------------------------
 */

static int info(int argc, char **argv, const struct rx_model_arguments *args, struct rx_error *err)
{
    (void)argc;
    rx_auto(model_file) struct rx_model_file file = {0};
    rx_auto(buf) struct rx_buf out = RX_BUF_INIT(MAX_OUTPUT);
    int rc = rx_model_file_load(argv[0], args->iterations, &file, err);
    if (rc < 0) {
        return rc;
    }
    if (args->json) {
        struct rx_jw w;
        rx_jw_init(&w, &out);
        rx_jw_begin_object(&w);
        rx_model_file_write(&file, true, &w);
        rx_jw_end_object(&w);
        rx_buf_putc(&out, '\n');
    } else {
        rx_model_file_print(&file, &out);
    }
    return print(&out, err);
}

static int predict(int argc, char **argv, const struct rx_model_arguments *args,
                   struct rx_error *err)
{
    (void)argc;
    (void)argv;
    return rx_model_predict(args, err);
}

static int explain(int argc, char **argv, const struct rx_model_arguments *args,
                   struct rx_error *err)
{
    (void)argc;
    (void)argv;
    return rx_model_explain_rows(args, err);
}

static const struct {
    const char *name;
    int least, most; /* files named without an option */
    bool input;      /* --model and --input are needed */
    int (*run)(int argc, char **argv, const struct rx_model_arguments *args, struct rx_error *err);
} commands[] = {
    {"check", 1, INT32_MAX, false, check},
    {"info", 1, 1, false, info},
    {"predict", 0, 0, true, predict},
    {"explain", 0, 0, true, explain},
};

int rx_cmd_model(int argc, char **argv)
{
    struct rx_model_arguments args;
    struct rx_error err = {0};
    int rc = parse_arguments(argc, argv, &args);
    if (rc != 0) {
        return rc > 0 ? 0 : 2;
    }
    const char *name = optind < argc ? argv[optind++] : "";
    int files = argc - optind;
    for (size_t i = 0; i < RX_ARRAY_LEN(commands); i++) {
        if (strcmp(name, commands[i].name) != 0) {
            continue;
        }
        if (files < commands[i].least || files > commands[i].most ||
            (commands[i].input && (!args.model || !args.input))) {
            break;
        }
        if (commands[i].run(files, argv + optind, &args, &err) < 0) {
            fprintf(stderr, "radarx-agent model %s: %s\n", name, err.msg);
            return 1;
        }
        return 0;
    }
    fputs(usage, stderr);
    return 2;
}
