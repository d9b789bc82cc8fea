// SPDX-License-Identifier: Apache-2.0
/*
 * Detectors that read a stream one value at a time and need no labels of when it changed.
 * One owner each; no locks.
 *
 * Sources: ADWIN: A. Bifet, R. Gavalda 2007: a window that is cut where the means of its two parts
 * differ by more than sqrt(2/m s^2 ln(2/d')) + 2/(3m) ln(2/d'), m = 1/(1/n0 + 1/n1), s^2 the
 * window's variance, d' = delta / ln n; kept as an exponential histogram, so memory and time are
 * O(log n). Page-Hinkley: E. Page 1954, D. Hinkley 1971, here for both directions.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"

/*
 * Buckets of one size before the two oldest are merged. So many that a change within the last 128
 * values is looked for at every value, as in the exact window; about 64 KiB a detector.
 */
#define RX_ADWIN_BUCKETS 128
#define RX_ADWIN_LEVELS  32

struct rx_adwin;

/* delta in (0, 1): the chance of a false cut, about. The values should be within a range of about
 * one, such as 0 / 1 outcomes or probabilities. RX_EINVALID, -ENOMEM. */
int rx_adwin_new(double delta, struct rx_adwin **ret, struct rx_error *err) RX_MUST_CHECK;
void rx_adwin_free(struct rx_adwin *adwin);
RX_DEFINE_CLEANUP(adwin, struct rx_adwin *, rx_adwin_free);

/* True when the window was cut, that is, the stream changed. A value that is not finite is
 * skipped. */
bool rx_adwin_add(struct rx_adwin *adwin, double value);
uint64_t rx_adwin_width(const struct rx_adwin *adwin);
double rx_adwin_mean(const struct rx_adwin *adwin); /* of the window; NaN when empty */

/* Set delta (tolerated change), lambda (alarm level) and min_n; leave the rest zero. */
struct rx_page_hinkley {
    double delta, lambda;
    uint64_t min_n; /* no alarm before so many values */
    uint64_t n;
    double mean, up, up_min, down, down_max;
};
/* +1: the mean rose, -1: it fell, 0: neither. After an alarm all but the settings starts anew.
 * A value that is not finite is skipped. */
int rx_page_hinkley_add(struct rx_page_hinkley *ph, double value);
