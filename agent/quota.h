// SPDX-License-Identifier: Apache-2.0
/* How much CPU this process may use. Blocking; thread-safe. */
#pragma once

/* CPUs by the control group's quota, rounded up, and never more than the scheduler gives us. >= 1.
 */
unsigned rx_quota_cpus(void);
