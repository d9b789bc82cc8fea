// SPDX-License-Identifier: Apache-2.0
/* radarx-agent: picks the command. */
#include <stdio.h>
#include <string.h>

#include "agent/cmd.h"
#include "agent/offline/commands.h"
#include "common/base/cleanup.h"

struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
};

static int version(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    puts("radarx-agent " RX_VERSION);
    return 0;
}

static const struct command commands[] = {
    {"serve", rx_cmd_serve, "follow the chain and answer over HTTP"},
    {"model", rx_cmd_model, "check, describe, apply or explain a model file"},
    {"score", rx_cmd_score, "score one pool of recorded events"},
    {"replay", rx_cmd_replay, "features and probabilities of recorded events as CSV"},
    {"features", rx_cmd_features, "what the features are: unit, range, source, formula"},
    {"portfolio", rx_cmd_portfolio, "the risk of what an owner holds and owes"},
    {"drift", rx_cmd_drift, "compare the features and probabilities of two tables"},
    {"recalibrate", rx_cmd_recalibrate, "fit maps from matured labels and keep what is better"},
    {"wallet", rx_cmd_wallet, "what a wallet made, how it trades, and who trades well"},
    {"risk", rx_cmd_risk, "risk and flags of a token from stored answers; the table of rules"},
    {"backtest", rx_cmd_backtest, "a model on recorded pools, walked forward in time"},
    {"version", version, "print the version"},
};

static void print_usage(FILE *out)
{
    fputs("usage: radarx-agent COMMAND [OPTION...]\n\n", out);
    for (size_t i = 0; i < RX_ARRAY_LEN(commands); i++) {
        fprintf(out, "  %-11s %s\n", commands[i].name, commands[i].help);
    }
    fputs("\nradarx-agent COMMAND --help tells the options of a command.\n", out);
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        print_usage(stderr);
        return 2;
    }
    const char *name = argv[1];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
        print_usage(stdout);
        return 0;
    }
    if (strcmp(name, "--version") == 0) {
        name = "version";
    }
    for (size_t i = 0; i < RX_ARRAY_LEN(commands); i++) {
        if (strcmp(name, commands[i].name) == 0) {
            return commands[i].run(argc - 1, argv + 1);
        }
    }
    fprintf(stderr, "radarx-agent: unknown command '%s'\n\n", name);
    print_usage(stderr);
    return 2;
}
