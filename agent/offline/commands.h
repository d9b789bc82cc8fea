// SPDX-License-Identifier: Apache-2.0
/* The commands of radarx-agent that read files and answer once. Each gets its own arguments
 * (argv[0] = its name) and returns the exit code: 0, 1 = failed, 2 = wrong usage. */
#pragma once

int rx_cmd_replay(int argc, char **argv);
int rx_cmd_features(int argc, char **argv);
int rx_cmd_risk(int argc, char **argv);
int rx_cmd_score(int argc, char **argv);
int rx_cmd_model(int argc, char **argv);
int rx_cmd_portfolio(int argc, char **argv);
int rx_cmd_drift(int argc, char **argv);
int rx_cmd_recalibrate(int argc, char **argv);
int rx_cmd_wallet(int argc, char **argv);
int rx_cmd_backtest(int argc, char **argv);
