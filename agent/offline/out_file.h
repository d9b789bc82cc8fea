// SPDX-License-Identifier: Apache-2.0
/* A file that appears under its name only when all of it is written; "-" is standard output.
 * Blocking; one thread. */
#pragma once

#include <stdio.h>

#include "common/base/error.h"
#include "common/base/str.h"

struct rx_out_file {
    FILE *stream;     /* to write to */
    char *partial;    /* owned: its name until it is complete; NULL: standard output */
    const char *path; /* borrowed */
};

int rx_out_file_open(const char *path, struct rx_out_file *ret, struct rx_error *err) RX_MUST_CHECK;
int rx_out_file_write(struct rx_out_file *file, struct rx_str text, struct rx_error *err)
    RX_MUST_CHECK;
/* Flushes, closes and renames. */
int rx_out_file_commit(struct rx_out_file *file, struct rx_error *err) RX_MUST_CHECK;
/* Removes what was written unless it was committed. */
void rx_out_file_close(struct rx_out_file *file);
RX_DEFINE_CLEANUP_INPLACE(out_file, struct rx_out_file, rx_out_file_close);
