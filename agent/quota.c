// SPDX-License-Identifier: Apache-2.0
#include "agent/quota.h"

#include <sched.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/file.h"
#include "common/base/parse.h"

#define MAX_FILE 4096
#define MAX_CPUS 1024

/* The text of cpu.max ("50000 100000", "max 100000"): CPUs rounded up, 0 = unlimited or unreadable.
 */
static unsigned parse(struct rx_str text)
{
    struct rx_str rest = rx_str_trim(text), quota_text, period_text;
    int64_t quota = 0, period = 0;
    if (!rx_str_cut(&rest, ' ', &quota_text) || !rx_str_cut(&rest, ' ', &period_text) ||
        rx_parse_i64(quota_text, 1, INT64_MAX / 2, &quota) < 0 ||
        rx_parse_i64(period_text, 1, INT64_MAX / 2, &period) < 0) {
        return 0;
    }
    const int64_t cpus = quota / period + (quota % period != 0);
    return cpus > MAX_CPUS ? MAX_CPUS : (unsigned)cpus;
}

static unsigned quota_at(const char *path)
{
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(MAX_FILE);
    return rx_file_read(path, &text, NULL) < 0 ? 0 : parse(rx_buf_str(&text));
}

/* Version 2: our own group first, then the root of what we see (a container's own). */
static unsigned quota_v2(void)
{
    rx_auto(buf) struct rx_buf groups = RX_BUF_INIT(MAX_FILE);
    rx_auto(buf) struct rx_buf path = RX_BUF_INIT(MAX_FILE);
    if (rx_file_read("/proc/self/cgroup", &groups, NULL) == 0) {
        struct rx_str rest = rx_buf_str(&groups), line;
        while (rx_str_cut(&rest, '\n', &line)) {
            if (rx_str_starts(line, RX_STR("0::/"))) {
                rx_buf_printf(&path, "/sys/fs/cgroup%.*s/cpu.max", (int)(line.n - 3), line.p + 3);
                const unsigned cpus = path.error ? 0 : quota_at(path.p);
                if (cpus > 0) {
                    return cpus;
                }
                break;
            }
        }
    }
    return quota_at("/sys/fs/cgroup/cpu.max");
}

static unsigned quota_v1(void)
{
    rx_auto(buf) struct rx_buf both = RX_BUF_INIT(MAX_FILE);
    if (rx_file_read("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", &both, NULL) < 0) {
        return 0;
    }
    while (both.n > 0 && both.p[both.n - 1] == '\n') {
        both.n--;
    }
    rx_buf_putc(&both, ' ');
    if (rx_file_read("/sys/fs/cgroup/cpu/cpu.cfs_period_us", &both, NULL) < 0) {
        return 0;
    }
    return parse(rx_buf_str(&both));
}

unsigned rx_quota_cpus(void)
{
    cpu_set_t set;
    const int n = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;
    const unsigned scheduled = n > 0 ? (unsigned)n : 1;
    unsigned quota = quota_v2();
    if (quota == 0) {
        quota = quota_v1();
    }
    return quota > 0 && quota < scheduled ? quota : scheduled;
}
