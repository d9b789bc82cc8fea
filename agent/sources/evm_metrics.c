// SPDX-License-Identifier: Apache-2.0
#include "agent/sources/evm.h"

static struct rx_metric *of_source(struct rx_metrics *registry, const struct rx_metric_desc *desc,
                                   const char *source)
{
    const char *values[] = {source};
    return rx_metric(rx_family(registry, desc), values);
}

static void init_events(struct evm_metrics *metrics, struct rx_metrics *registry,
                        const char *source)
{
    static const struct rx_metric_desc desc = {.name = "radarx_source_events_total",
                                               .help = "Chain events applied, by event.",
                                               .type = RX_COUNTER,
                                               .labels = {"source", "event"}};
    static const char *const names[EVM_LOG_PAIR_CREATED + 1] = {
        [RX_EVENT_SYNC] = "sync",
        [RX_EVENT_SWAP] = "swap",
        [RX_EVENT_MINT] = "mint",
        [RX_EVENT_BURN] = "burn",
        [RX_EVENT_LP_TRANSFER] = "lp_transfer",
        [EVM_LOG_PAIR_CREATED] = "pair_created"};
    struct rx_family *family = rx_family(registry, &desc);
    for (int kind = RX_EVENT_SYNC; kind <= EVM_LOG_PAIR_CREATED; kind++) {
        const char *values[] = {source, names[kind]};
        metrics->events[kind] = rx_metric(family, values);
    }
}

void evm_metrics_init(struct evm_metrics *metrics, struct rx_metrics *registry, const char *source)
{
    static const struct rx_metric_desc
        head = {.name = "radarx_source_head_block",
                .help = "Newest block that the node has told of.",
                .type = RX_GAUGE,
                .labels = {"source"}},
        as_of = {.name = "radarx_source_as_of_block",
                 .help = "Block that scores are as of.",
                 .type = RX_GAUGE,
                 .labels = {"source"}},
        pools = {.name = "radarx_source_pools",
                 .help = "Pools that are followed.",
                 .type = RX_GAUGE,
                 .labels = {"source"}},
        reorgs = {.name = "radarx_source_reorgs_total",
                  .help = "Reorganisations that undid blocks which had been read.",
                  .type = RX_COUNTER,
                  .labels = {"source"}},
        state = {.name = "radarx_source_state",
                 .help = "0 starting, 1 backfilling, 2 following, 3 rewinding, 4 stopped.",
                 .type = RX_GAUGE,
                 .labels = {"source"}},
        errors = {.name = "radarx_source_errors_total",
                  .help = "Failed steps, by kind; each is tried again.",
                  .type = RX_COUNTER,
                  .labels = {"source", "kind"}};
    metrics->head = of_source(registry, &head, source);
    metrics->as_of = of_source(registry, &as_of, source);
    metrics->pools = of_source(registry, &pools, source);
    metrics->reorgs = of_source(registry, &reorgs, source);
    metrics->state = of_source(registry, &state, source);
    metrics->errors = rx_family(registry, &errors);
    init_events(metrics, registry, source);
}
