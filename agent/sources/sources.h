// SPDX-License-Identifier: Apache-2.0
/* All configured sources. Main thread only. */
#pragma once

#include "agent/sources/source.h"

#define RX_SOURCES_MAX 16

struct rx_sources;

/*
 * json: the value of the setting `sources` (array text; "" = none). Everything is checked here, so
 * that a bad setting stops the program before it listens: errors name "sources[0].rpcURL" and what
 * was expected.
 */
int rx_sources_new(struct rx_str json, const struct rx_source_deps *deps, struct rx_sources **ret,
                   struct rx_error *err) RX_MUST_CHECK;
int rx_sources_start(struct rx_sources *sources, struct rx_error *err) RX_MUST_CHECK;
/* Asks all to stop, waits for each (under a second unless the disk hangs), frees. NULL is fine. */
void rx_sources_free(struct rx_sources *sources);
size_t rx_sources_count(const struct rx_sources *sources);

RX_DEFINE_CLEANUP(sources, struct rx_sources *, rx_sources_free);
