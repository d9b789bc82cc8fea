// SPDX-License-Identifier: Apache-2.0
/* Any bytes as an events file: rows and snapshots, or an error that names the line. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "agent/replay/replay.h"
#include "agent/replay/tables.h"

static const char pairs[] = "pool,token,decimals,weth_pos\n"
                            "0x0000000000000000000000000000000000000001,"
                            "0x0000000000000000000000000000000000000002,18,1\n"
                            "0x0000000000000000000000000000000000000003,"
                            "0x0000000000000000000000000000000000000002,0,0\n";

static int file_of(const void *bytes, size_t n, char path[64])
{
    int fd = memfd_create("fuzz", 0);
    if (fd < 0 || write(fd, bytes, n) != (ssize_t)n || lseek(fd, 0, SEEK_SET) != 0) {
        abort();
    }
    snprintf(path, 64, "/proc/self/fd/%d", fd);
    return fd;
}

static void replay(struct rx_tables *tables)
{
    struct rx_replay_options options = {.lp = true};
    struct rx_error err = {0};
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    if (!out || rx_replay_parse_ages(RX_STR("1s,1h,3d"), &options, &err) < 0) {
        abort();
    }
    rx_tables_sort(tables);
    uint64_t rows = 0;
    for (size_t i = 0; i < rx_tables_pools(tables); i++) {
        if (rx_replay_pool(out, &options, rx_tables_pool(tables, i), &rows, &err) < 0) {
            abort();
        }
    }
    fclose(out);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char pairs_path[64];
    char path[64];
    int pairs_fd = file_of(pairs, sizeof(pairs) - 1, pairs_path);
    int fd = file_of(data, size, path);
    rx_auto(tables) struct rx_tables *tables = rx_tables_new();
    struct rx_error err = {0};
    if (!tables || rx_tables_read_pairs(tables, pairs_path, &err) < 0) {
        abort();
    }
    int events = rx_tables_read_events(tables, path, &err);
    int lps = rx_tables_read_lp(tables, path, &err);
    if ((events < 0 || lps < 0) && !strstr(err.msg, path)) {
        abort();
    }
    replay(tables);
    close(pairs_fd);
    close(fd);
    return 0;
}
