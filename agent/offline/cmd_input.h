// SPDX-License-Identifier: Apache-2.0
/* Inputs that the offline commands share. Blocking; one thread. */
#pragma once

#include "agent/engine/model/model.h"
#include "agent/replay/tables.h"

/* The model file, or the built-in model when path is NULL. */
int rx_cmd_load_model(const char *path, struct rx_model **ret, struct rx_error *err) RX_MUST_CHECK;
/* Pairs, events and, unless lp is NULL, LP transfers; sorted. */
int rx_cmd_read_tables(const char *pairs, const char *events, const char *lp,
                       struct rx_tables **ret, struct rx_error *err) RX_MUST_CHECK;
