// SPDX-License-Identifier: Apache-2.0
/* A folder for database files, gone at the end of the scope. */
#pragma once

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct temp {
    char dir[64], path[96]; /* path: a database that does not exist yet */
};

static inline int temp_remove(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

static inline void temp_init(struct temp *temp)
{
    snprintf(temp->dir, sizeof temp->dir, "/tmp/radarx-test-XXXXXX");
    assert_non_null(mkdtemp(temp->dir));
    snprintf(temp->path, sizeof temp->path, "%s/test.db", temp->dir);
}

static inline void temp_fini(struct temp *temp)
{
    nftw(temp->dir, temp_remove, 8, FTW_DEPTH | FTW_PHYS);
}
