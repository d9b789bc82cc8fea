// SPDX-License-Identifier: Apache-2.0
/* The command that stays: radarx-agent serve. argv[0] is its name; returns the exit code: 0, 1 =
 * failed, 2 = wrong usage. */
#pragma once

int rx_cmd_serve(int argc, char **argv);
