// SPDX-License-Identifier: Apache-2.0
#include "agent/offline/out_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int rx_out_file_open(const char *path, struct rx_out_file *ret, struct rx_error *err)
{
    *ret = (struct rx_out_file){.stream = stdout, .path = path};
    if (strcmp(path, "-") == 0) {
        return 0;
    }
    ret->stream = NULL;
    if (asprintf(&ret->partial, "%s.partial", path) < 0) {
        ret->partial = NULL;
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    ret->stream = fopen(ret->partial, "we");
    if (!ret->stream) {
        int rc = rx_error_errno(err, errno, "%s", ret->partial);
        free(RX_TAKE(ret->partial));
        return rc;
    }
    return 0;
}

int rx_out_file_write(struct rx_out_file *file, struct rx_str text, struct rx_error *err)
{
    if (text.n > 0 && fwrite(text.p, 1, text.n, file->stream) != text.n) {
        return rx_error_errno(err, errno ? errno : EIO, "%s", file->path);
    }
    return 0;
}

int rx_out_file_commit(struct rx_out_file *file, struct rx_error *err)
{
    if (fflush(file->stream) != 0) {
        return rx_error_errno(err, errno, "%s", file->path);
    }
    if (!file->partial) {
        return 0;
    }
    FILE *stream = RX_TAKE(file->stream);
    if (fclose(stream) != 0 || rename(file->partial, file->path) != 0) {
        return rx_error_errno(err, errno, "%s", file->path);
    }
    free(RX_TAKE(file->partial));
    return 0;
}

void rx_out_file_close(struct rx_out_file *file)
{
    if (file->partial) {
        if (file->stream) {
            (void)fclose(file->stream); /* what it holds is thrown away */
        }
        (void)remove(file->partial);
        free(file->partial);
    }
    *file = (struct rx_out_file){0};
}
