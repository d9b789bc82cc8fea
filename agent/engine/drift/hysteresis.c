// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/drift/hysteresis.h"

enum rx_health rx_hysteresis_update(struct rx_hysteresis *h, enum rx_health now)
{
    if (now == RX_HEALTH_UNKNOWN) {
        return h->told;
    }
    if (now == RX_HEALTH_BAD) {
        h->good = 0;
        h->bad++;
        if (h->bad >= h->raise_after) {
            h->told = RX_HEALTH_BAD;
            h->bad = 0;
        }
        return h->told;
    }
    h->bad = 0;
    h->good++;
    if (h->told == RX_HEALTH_UNKNOWN || h->good >= h->clear_after) {
        h->told = RX_HEALTH_GOOD;
        h->good = 0;
    }
    return h->told;
}

const char *rx_health_status(enum rx_health health)
{
    static const char *const names[] = {"Unknown", "True", "False"};
    return names[health];
}
