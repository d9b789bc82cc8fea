// SPDX-License-Identifier: Apache-2.0
/* Inside of the registry: its rows, one array a group, in the order of enum rx_feature. */
#pragma once

#include "agent/engine/features/features.h"

/* First features of the groups after the events. */
#define RX_F_TRADE_FIRST    RX_F_N_BUY_M5
#define RX_F_PEOPLE_FIRST   RX_F_HOLDERS
#define RX_F_UPSTREAM_FIRST RX_F_PRICE_USD

extern const struct rx_feature_info rx_feature_rows_events[RX_F_TRADE_FIRST];
extern const struct rx_feature_info rx_feature_rows_trade[RX_F_PEOPLE_FIRST - RX_F_TRADE_FIRST];
extern const struct rx_feature_info rx_feature_rows_people[RX_F_UPSTREAM_FIRST - RX_F_PEOPLE_FIRST];
extern const struct rx_feature_info rx_feature_rows_upstream[RX_F_MAX - RX_F_UPSTREAM_FIRST];
