// SPDX-License-Identifier: Apache-2.0
/* process_* gauges with the names of the Prometheus client libraries, read from /proc. */
#include "common/base/metrics.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/base/parse.h"

static const struct rx_metric_desc cpu_desc = {.name = "process_cpu_seconds_total",
                                               .help = "User and system CPU time spent in seconds.",
                                               .type = RX_COUNTER};
static const struct rx_metric_desc rss_desc = {.name = "process_resident_memory_bytes",
                                               .help = "Resident memory size in bytes.",
                                               .type = RX_GAUGE};
static const struct rx_metric_desc virtual_desc = {.name = "process_virtual_memory_bytes",
                                                   .help = "Virtual memory size in bytes.",
                                                   .type = RX_GAUGE};
static const struct rx_metric_desc fds_desc = {
    .name = "process_open_fds", .help = "Number of open file descriptors.", .type = RX_GAUGE};
static const struct rx_metric_desc max_fds_desc = {
    .name = "process_max_fds", .help = "Maximum number of open descriptors.", .type = RX_GAUGE};
static const struct rx_metric_desc start_desc = {
    .name = "process_start_time_seconds",
    .help = "Start time of the process since unix epoch in seconds.",
    .type = RX_GAUGE};
static const struct rx_metric_desc build_desc = {.name = "radarx_build_info",
                                                 .help = "Program and version; always 1.",
                                                 .type = RX_GAUGE,
                                                 .labels = {"program", "version"}};

/* Field `index` (1-based, as in proc(5)) of /proc/self/stat after the command's ")". */
static double stat_field(struct rx_str stat, int index)
{
    const char *end = stat.n ? memrchr(stat.p, ')', stat.n) : NULL;
    if (!end) {
        return 0;
    }
    struct rx_str rest = {end + 1, stat.n - (size_t)(end + 1 - stat.p)};
    struct rx_str part = {0};
    /* The text after ")" starts with a space, so that the first part is empty. */
    for (int i = 2; i <= index; i++) {
        if (!rx_str_cut(&rest, ' ', &part)) {
            return 0;
        }
    }
    double value = 0;
    return rx_parse_double(rx_str_trim(part), &value) == 0 ? value : 0;
}

/* "btime N" of /proc/stat: when the machine booted. */
static double boot_time(void)
{
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(4u << 20);
    if (rx_file_read("/proc/stat", &text, NULL) < 0) {
        return 0;
    }
    struct rx_str rest = rx_buf_str(&text);
    struct rx_str line;
    while (rx_str_cut(&rest, '\n', &line)) {
        double value = 0;
        if (rx_str_starts(line, RX_STR("btime ")) &&
            rx_parse_double((struct rx_str){line.p + 6, line.n - 6}, &value) == 0) {
            return value;
        }
    }
    return 0;
}

static double count_fds(void)
{
    DIR *dir = opendir("/proc/self/fd");
    if (!dir) {
        return 0;
    }
    int n = 0;
    while (readdir(dir)) {
        n++;
    }
    closedir(dir);
    return n - 3; /* ".", ".." and the directory's own descriptor */
}

static void collect(void *arg)
{
    struct rx_metrics *metrics = arg;
    rx_auto(buf) struct rx_buf stat = RX_BUF_INIT(4096);
    if (rx_file_read("/proc/self/stat", &stat, NULL) < 0) {
        return;
    }
    struct rx_str text = rx_buf_str(&stat);
    double ticks = (double)sysconf(_SC_CLK_TCK);
    double page = (double)sysconf(_SC_PAGESIZE);
    double cpu = (stat_field(text, 14) + stat_field(text, 15)) / ticks;
    rx_metric_set(rx_metric(rx_family(metrics, &cpu_desc), NULL), cpu);
    rx_metric_set(rx_metric(rx_family(metrics, &virtual_desc), NULL), stat_field(text, 23));
    rx_metric_set(rx_metric(rx_family(metrics, &rss_desc), NULL), stat_field(text, 24) * page);
    rx_metric_set(rx_metric(rx_family(metrics, &fds_desc), NULL), count_fds());
}

void rx_metrics_add_process(struct rx_metrics *metrics, const char *program)
{
    rx_metric_set(rx_metric(rx_family(metrics, &build_desc), (const char *[]){program, RX_VERSION}),
                  1);
    rx_auto(buf) struct rx_buf stat = RX_BUF_INIT(4096);
    if (rx_file_read("/proc/self/stat", &stat, NULL) == 0) {
        double ticks = (double)sysconf(_SC_CLK_TCK);
        double start = boot_time() + stat_field(rx_buf_str(&stat), 22) / ticks;
        rx_metric_set(rx_metric(rx_family(metrics, &start_desc), NULL), start);
    }
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        rx_metric_set(rx_metric(rx_family(metrics, &max_fds_desc), NULL), (double)limit.rlim_cur);
    }
    /* Made here, so that a collection allocates nothing. */
    const struct rx_metric_desc *made[] = {&cpu_desc, &rss_desc, &virtual_desc, &fds_desc};
    for (size_t i = 0; i < RX_ARRAY_LEN(made); i++) {
        (void)rx_family(metrics, made[i]);
    }
    rx_metrics_on_collect(metrics, collect, metrics);
}
