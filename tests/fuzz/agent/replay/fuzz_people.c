// SPDX-License-Identifier: Apache-2.0
/* Any bytes as files of token transfers and of locks: features in range, or an error that names the
 * file. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "agent/replay/people.h"
#include "agent/replay/replay.h"

static int file_of(const void *bytes, size_t n, char path[64])
{
    int fd = memfd_create("fuzz", 0);
    if (fd < 0 || write(fd, bytes, n) != (ssize_t)n || lseek(fd, 0, SEEK_SET) != 0) {
        abort();
    }
    snprintf(path, 64, "/proc/self/fd/%d", fd);
    return fd;
}

static void run(const char *path, bool as_locks)
{
    struct rx_event_row events[] = {{.block = 5, .log_index = 3, .reserve = {9, 9}},
                                    {.block = 5, .log_index = 7, .reserve = {12, 8}}};
    struct rx_pool_rows rows = {.pool = {[19] = 1},
                                .token = {[19] = 2},
                                .weth_pos = 1,
                                .events = events,
                                .n_events = RX_ARRAY_LEN(events)};
    static const unsigned char creator[20] = {[19] = 5};
    struct rx_people_options options = {.transfers = as_locks ? NULL : path,
                                        .locks = as_locks ? path : NULL,
                                        .creator = creator,
                                        .history = {RX_NAN, RX_NAN}};
    struct rx_error err = {0};
    double x[RX_F_MAX];
    rx_auto(pool) struct rx_pool *pool = NULL;
    if (rx_replay_until(&rows, true, 100, &pool, &err) < 0) {
        abort();
    }
    rx_pool_features_at_age(pool, 1, x);
    int rc = rx_replay_people(&rows, pool, 100, &options, x, &err);
    if (rc < 0 && !strstr(err.msg, path) && !strstr(err.msg, "time of block")) {
        abort();
    }
    for (int i = RX_F_LP_LOCK_EXPIRY_H; rc == 0 && i < RX_F_PRICE_USD; i++) {
        const struct rx_feature_info *info = rx_feature_info((enum rx_feature)i);
        if (!isnan(x[i]) &&
            !(isfinite(x[i]) && x[i] >= info->min - 1e-9 && x[i] <= info->max + 1e-9)) {
            abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    int fd = file_of(data, size, path);
    run(path, false);
    if (lseek(fd, 0, SEEK_SET) != 0) {
        abort();
    }
    run(path, true);
    close(fd);
    return 0;
}
