// SPDX-License-Identifier: Apache-2.0
/* How much CPU this process may use. Blocking; thread-safe. */
#pragma once

#include "common/base/str.h"

/* CPUs by the control group's quota, rounded up, and never more than the scheduler gives us. >= 1.
 */
unsigned rx_quota_cpus(void);
/* The text of cpu.max ("50000 100000", "max 100000"): CPUs rounded up, 0 = unlimited or unreadable.
 */
unsigned rx_quota_parse(struct rx_str cpu_max);
