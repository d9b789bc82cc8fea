// SPDX-License-Identifier: Apache-2.0
#include "common/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "common/base/random.h"

#define CHUNK 16384u

static int read_all(int fd, const char *path, struct rx_buf *out, struct rx_error *err)
{
    char chunk[CHUNK];
    for (;;) {
        ssize_t n = read(fd, chunk, sizeof(chunk));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return rx_error_errno(err, errno, "read %s", path);
        }
        if (n == 0) {
            return 0;
        }
        rx_buf_add(out, chunk, (size_t)n);
        if (out->error == RX_ELIMIT) {
            return rx_error_set(err, RX_ELIMIT, "read %s: more than %zu bytes", path, out->max);
        }
        if (out->error) {
            return rx_error_errno(err, ENOMEM, "read %s", path);
        }
    }
}

int rx_file_read(const char *path, struct rx_buf *out, struct rx_error *err)
{
    if (strcmp(path, "-") == 0) {
        return read_all(STDIN_FILENO, "standard input", out, err);
    }
    rx_autoclose int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        return rx_error_errno(err, errno, "open %s", path);
    }
    return read_all(fd, path, out, err);
}

static int write_all(int fd, struct rx_str bytes)
{
    while (bytes.n > 0) {
        ssize_t n = write(fd, bytes.p, bytes.n);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return -errno;
        }
        bytes.p += n;
        bytes.n -= (size_t)n;
    }
    return 0;
}

/* A rename lasts only once the directory that holds the name is on disk too. */
static int sync_directory(const char *path)
{
    const char *slash = strrchr(path, '/');
    struct rx_str name = slash == path ? RX_STR("/")
                         : slash       ? (struct rx_str){path, (size_t)(slash - path)}
                                       : RX_STR(".");
    rx_autofree char *folder = rx_str_dup(name);
    if (!folder) {
        return -ENOMEM;
    }
    rx_autoclose int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) < 0) {
        /* Some file systems have no fsync for directories. */
        return errno == EINVAL ? 0 : -errno;
    }
    return 0;
}

static int write_beside(const char *path, const char *temporary, struct rx_str bytes, unsigned mode)
{
    rx_autoclose int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        return -errno;
    }
    int r = write_all(fd, bytes);
    if (r == 0 && (fchmod(fd, mode) < 0 || fsync(fd) < 0 || rename(temporary, path) < 0)) {
        r = -errno;
    }
    if (r < 0) {
        (void)unlink(temporary); /* the first error is the one to tell */
        return r;
    }
    return sync_directory(path);
}

int rx_file_write_atomic(const char *path, struct rx_str bytes, unsigned mode, struct rx_error *err)
{
    char tail[13];
    rx_random_base64url(tail, 9);
    rx_auto(buf) struct rx_buf temporary = RX_BUF_INIT(4096);
    rx_buf_puts(&temporary, path);
    rx_buf_puts(&temporary, ".");
    rx_buf_puts(&temporary, tail);
    int r = rx_buf_error(&temporary, err);
    if (r < 0) {
        return r;
    }
    r = write_beside(path, temporary.p, bytes, mode);
    return r < 0 ? rx_error_errno(err, -r, "write %s", path) : 0;
}
