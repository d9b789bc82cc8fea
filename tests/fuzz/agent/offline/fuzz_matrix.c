// SPDX-License-Identifier: Apache-2.0
/* Any bytes as a table for a model: rows of finite or missing numbers, or an error with a message.
 */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "agent/offline/matrix.h"

#define WANTED 3u

static void read_all(const char *path, const char *const *names, enum rx_matrix_header header,
                     enum rx_matrix_absent absent)
{
    rx_auto(matrix) struct rx_matrix *matrix = NULL;
    struct rx_error err = {0};
    struct rx_str line;
    double row[WANTED];
    int rc = rx_matrix_open(path, names, WANTED, header, absent, &matrix, &err);
    while (rc >= 0) {
        rc = rx_matrix_next(matrix, row, &line, &err);
        if (rc == 0) {
            return;
        }
        for (size_t i = 0; rc == 1 && i < WANTED; i++) {
            if (isinf(row[i])) {
                abort();
            }
        }
    }
    if (err.msg[0] == 0) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[WANTED] = {"a", "b \"q\"", "c"};
    char path[64];
    int fd = memfd_create("fuzz", 0);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size) {
        abort();
    }
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    read_all(path, names, RX_HEADER_AUTO, RX_ABSENT_MISSING);
    read_all(path, names, RX_HEADER_AUTO, RX_ABSENT_REFUSED);
    read_all(path, NULL, RX_HEADER_NO, RX_ABSENT_REFUSED);
    close(fd);
    return 0;
}
