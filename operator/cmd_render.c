// SPDX-License-Identifier: Apache-2.0
/* radarx-operator render: what would be applied for a CR, without a cluster. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "operator/api/input.h"
#include "operator/api/validate.h"
#include "operator/cmd.h"
#include "operator/render/render.h"

static const char usage[] =
    "usage: radarx-operator render -f FILE [-f FILE]... [--operator-namespace NS]\n"
    "Prints the objects that the operator would apply, as one JSON List.\n"
    "  -f FILE                  YAML or JSON, several documents allowed; - is standard input\n"
    "  --operator-namespace NS  namespace of the operator, for the network policies\n"
    "Generated Secrets are shown without data, owners with a uid of zeros.\n"
    "Exit status 0: rendered; 1: a resource is invalid; 2: usage.\n";

#define OUTPUT_MAX (64 << 20)
#define ZERO_UID   "00000000-0000-0000-0000-000000000000"

struct render {
    json_t *items;
    struct rx_str operator_namespace;
};

static int append_children(struct render *render, const struct rx_rxd *rxd, struct rx_error *err)
{
    struct rx_render_in in = {rxd, render->operator_namespace};

    for (size_t i = 0; i < rx_render_children_n; i++) {
        json_t *object = NULL;
        if (!rx_render_children[i].enabled(&in)) {
            continue;
        }
        int r = rx_render_child(&rx_render_children[i], &in, &object, err);
        if (r < 0) {
            return r;
        }
        if (json_array_append_new(render->items, object) < 0) {
            return rx_error_set(err, -ENOMEM, "out of memory");
        }
    }
    return 0;
}

static int check_valid(const struct rx_json *object, struct rx_error *err)
{
    rx_auto(problems) struct rx_problems problems = {0};
    const char *name = rx_json_cstr(rx_json_at(object, "metadata.name"), "(no name)");

    int r = rx_validate(object, &problems, err);
    if (r == 0 && problems.n > 0) {
        r = rx_error_set(err, RX_EINVALID, "%s: %s: %s", name, problems.list[0].path,
                         problems.list[0].message);
    }
    return r;
}

static int render_object(struct render *render, const struct rx_json *object, struct rx_error *err)
{
    rx_auto(buf) struct rx_buf full = RX_BUF_INIT(OUTPUT_MAX);
    rx_auto(json_doc) struct rx_json_doc *doc = NULL;
    struct rx_rxd rxd = {0};

    int r = check_valid(object, err);
    if (r < 0 || !rx_str_is(rx_json_str(rx_json_get(object, "kind")), RX_RXD_KIND)) {
        return r; /* an AlertSubscription has no children of its own */
    }
    r = rx_default(object, &full, err);
    if (r == 0) {
        r = rx_json_parse(rx_buf_str(&full), NULL, &doc, err);
    }
    if (r == 0) {
        r = rx_rxd_read(rx_json_root(doc), &rxd, err);
    }
    if (r < 0) {
        return r;
    }
    rxd.uid = RX_STR(ZERO_UID);
    if (rxd.ns.n == 0) {
        rxd.ns = RX_STR("default");
    }
    return append_children(render, &rxd, err);
}

static int render_file(struct render *render, const char *path, struct rx_error *err)
{
    rx_auto(input) struct rx_input *input = NULL;

    int r = rx_input_read(path, &input, err);
    for (size_t i = 0; r == 0 && i < rx_input_count(input); i++) {
        r = render_object(render, rx_input_object(input, i), err);
    }
    return r;
}

static int print_list(json_t *items, struct rx_error *err)
{
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(OUTPUT_MAX);
    rx_auto(build) json_t *list =
        json_pack("{s:s, s:s, s:O}", "apiVersion", "v1", "kind", "List", "items", items);

    if (!list || rx_build_write_pretty(list, &text) < 0) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    rx_buf_putc(&text, '\n');
    int r = rx_buf_error(&text, err);
    if (r == 0 && (fwrite(text.p, 1, text.n, stdout) != text.n || fflush(stdout) != 0)) {
        r = rx_error_errno(err, errno, "standard output");
    }
    return r;
}

static int render_all(int argc, char **argv, struct rx_error *err)
{
    rx_auto(build) json_t *items = json_array();
    struct render render = {.items = items};
    int r = items ? 0 : rx_error_set(err, -ENOMEM, "out of memory");

    for (int i = 1; i < argc; i += 2) {
        if (strcmp(argv[i], "--operator-namespace") == 0) {
            render.operator_namespace = rx_str_of(argv[i + 1]);
        }
    }
    for (int i = 1; i < argc && r == 0; i += 2) {
        if (strcmp(argv[i], "-f") == 0) {
            r = render_file(&render, argv[i + 1], err);
        }
    }
    return r < 0 ? r : print_list(items, err);
}

int rx_cmd_render(int argc, char **argv)
{
    struct rx_error err = {0};
    bool file = false;

    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        fputs(usage, stdout);
        return 0;
    }
    for (int i = 1; i < argc; i += 2) {
        bool is_file = strcmp(argv[i], "-f") == 0;
        if (i + 1 == argc || (!is_file && strcmp(argv[i], "--operator-namespace") != 0)) {
            fprintf(stderr, "radarx-operator render: unexpected argument %s\n%s", argv[i], usage);
            return 2;
        }
        file |= is_file;
    }
    if (!file) {
        fputs(usage, stderr);
        return 2;
    }
    if (render_all(argc, argv, &err) < 0) {
        fprintf(stderr, "radarx-operator render: %s\n", err.msg);
        return 1;
    }
    return 0;
}
