// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "common/base/cleanup.h"
#include "operator/cmd.h"

static int cmd_version(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    puts("radarx-operator " RX_VERSION);
    return 0;
}

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
} commands[] = {
    {"run", rx_cmd_run, "reconcile the custom resources of a cluster"},
    {"render", rx_cmd_render, "print what a custom resource would become, without a cluster"},
    {"validate", rx_cmd_validate, "say what the apiserver would reject, without a cluster"},
    {"version", cmd_version, "print the version"},
};

static int usage(FILE *out)
{
    fputs("usage: radarx-operator COMMAND [OPTIONS]\n\n", out);
    for (size_t i = 0; i < RX_ARRAY_LEN(commands); i++) {
        fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].help);
    }
    fputs("\nradarx-operator COMMAND --help tells a command's options.\n", out);
    return out == stdout ? 0 : 2;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        return usage(stderr);
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        return usage(stdout);
    }
    if (strcmp(argv[1], "--version") == 0) {
        return cmd_version(argc, argv);
    }
    for (size_t i = 0; i < RX_ARRAY_LEN(commands); i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            return commands[i].run(argc - 1, argv + 1);
        }
    }
    fprintf(stderr, "radarx-operator: unknown command \"%s\"\n", argv[1]);
    return usage(stderr);
}
