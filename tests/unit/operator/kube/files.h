// SPDX-License-Identifier: Apache-2.0
/* A folder with small files, removed at the end of the test. */
#pragma once

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/test.h"

struct files {
    char dir[64];
    char path[128]; /* of the last file written */
};

static inline void files_init(struct files *files)
{
    snprintf(files->dir, sizeof(files->dir), "/tmp/radarx-kube-XXXXXX");
    assert_non_null(mkdtemp(files->dir));
}

/* Writes or replaces a file; returns its path. */
static inline const char *files_put(struct files *files, const char *name, const char *text)
{
    snprintf(files->path, sizeof(files->path), "%s/%s", files->dir, name);
    FILE *out = fopen(files->path, "w");
    assert_non_null(out);
    assert_true(fputs(text, out) >= 0);
    assert_int_equal(fclose(out), 0);
    return files->path;
}

static inline int files_remove_one(const char *path, const struct stat *st, int flag,
                                   struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

static inline void files_fini(struct files *files)
{
    nftw(files->dir, files_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}
