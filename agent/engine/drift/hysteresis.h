// SPDX-License-Identifier: Apache-2.0
/*
 * A verdict that does not flap: bad news must come `raise_after` times in a row before it is told,
 * good news `clear_after` times before it is taken back. Answers that say "unknown" change nothing
 * and break no row. Plain state, one owner.
 */
#pragma once

enum rx_health { RX_HEALTH_UNKNOWN, RX_HEALTH_GOOD, RX_HEALTH_BAD };

struct rx_hysteresis {
    unsigned raise_after, clear_after; /* 0 counts as 1 */
    unsigned bad, good;                /* in a row, of those that are not yet told */
    enum rx_health told;
};

/* Takes one answer in, says what to tell. The first known good answer is told at once. */
enum rx_health rx_hysteresis_update(struct rx_hysteresis *h, enum rx_health now);
/* "True", "False", "Unknown": the status of a condition. */
const char *rx_health_status(enum rx_health health);
