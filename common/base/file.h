// SPDX-License-Identifier: Apache-2.0
/* Small whole files: configuration, tokens, certificates. Blocking; thread-safe. */
#pragma once

#include "common/base/buf.h"

/* Appends the file's bytes; RX_ELIMIT when it is larger than out's maximum allows. path "-" =
 * standard input. */
int rx_file_read(const char *path, struct rx_buf *out, struct rx_error *err) RX_MUST_CHECK;
/* Writes a new file beside it, syncs and renames: a reader sees the old or the new bytes, never a
 * part. */
int rx_file_write_atomic(const char *path, struct rx_str bytes, unsigned mode, struct rx_error *err)
    RX_MUST_CHECK;
