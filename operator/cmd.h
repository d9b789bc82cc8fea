// SPDX-License-Identifier: Apache-2.0
/*
 * The operator's subcommands. Each gets the arguments after its own name in argv[1..] and returns
 * the exit status of the program: 0, 1 (failed; invalid input for validate) or 2 (usage).
 */
#pragma once

int rx_cmd_run(int argc, char **argv);
int rx_cmd_render(int argc, char **argv);
int rx_cmd_validate(int argc, char **argv);
