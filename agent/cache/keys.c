// SPDX-License-Identifier: Apache-2.0
#include "agent/cache/keys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/sha256.h"

#define MAX_FILE_BYTES 4096

struct key_set {
    size_t n;
    unsigned char digests[RX_KEYS_MAX][32];
};

struct rx_keys {
    char *dir; /* owned; NULL = none */
    struct key_set fixed;
    pthread_rwlock_t lock;
    struct key_set set; /* protected by lock */
};

static void digest_of(struct rx_str key, unsigned char out[32])
{
    struct rx_sha256 ctx;
    rx_sha256_init(&ctx);
    rx_sha256_update(&ctx, key.p, key.n);
    rx_sha256_final(&ctx, out);
}

struct rx_keys *rx_keys_new(const char *dir, const char *key)
{
    struct rx_keys *keys = calloc(1, sizeof(*keys));
    if (!keys) {
        return NULL;
    }
    pthread_rwlock_init(&keys->lock, NULL);
    if (dir && dir[0] && !(keys->dir = strdup(dir))) {
        rx_keys_free(keys);
        return NULL;
    }
    if (key && key[0]) {
        digest_of(rx_str_of(key), keys->fixed.digests[keys->fixed.n++]);
    }
    return keys;
}

void rx_keys_free(struct rx_keys *keys)
{
    if (keys) {
        pthread_rwlock_destroy(&keys->lock);
        free(keys->dir);
        free(keys);
    }
}

/* Adds the key in a file; 0 also when the entry is no regular file. */
static int read_key(int dir_fd, const char *dir, const char *name, struct key_set *set,
                    struct rx_error *err)
{
    rx_autoclose int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    if (fd < 0 || fstat(fd, &st) < 0) {
        return rx_error_errno(err, errno, "API keys: %s/%s", dir, name);
    }
    if (!S_ISREG(st.st_mode)) {
        return 0;
    }
    char text[MAX_FILE_BYTES];
    const ssize_t n = read(fd, text, sizeof(text));
    if (n < 0) {
        return rx_error_errno(err, errno, "API keys: %s/%s", dir, name);
    }
    const struct rx_str key = rx_str_trim((struct rx_str){text, (size_t)n});
    int r = 0;
    if (n == (ssize_t)sizeof(text) || key.n < RX_KEY_MIN_LEN || key.n > RX_KEY_MAX_LEN) {
        r = rx_error_set(err, RX_EINVALID, "API keys: %s/%s: expected %d to %d bytes", dir, name,
                         RX_KEY_MIN_LEN, RX_KEY_MAX_LEN);
    } else if (set->n == RX_KEYS_MAX) {
        r = rx_error_set(err, RX_ELIMIT, "API keys: %s: more than %d keys", dir, RX_KEYS_MAX);
    } else {
        digest_of(key, set->digests[set->n++]);
    }
    explicit_bzero(text, sizeof(text));
    return r;
}

static int read_dir(const char *path, struct key_set *set, struct rx_error *err)
{
    DIR *dir = opendir(path);
    if (!dir) {
        return rx_error_errno(err, errno, "API keys: %s", path);
    }
    int r = 0;
    struct dirent *entry;
    while (r == 0 && (entry = readdir(dir))) {
        if (entry->d_name[0] != '.') {
            r = read_key(dirfd(dir), path, entry->d_name, set, err);
        }
    }
    closedir(dir);
    return r;
}

int rx_keys_reload(struct rx_keys *keys, struct rx_error *err)
{
    struct key_set fresh = keys->fixed;
    if (keys->dir) {
        const int r = read_dir(keys->dir, &fresh, err);
        if (r < 0) {
            return r;
        }
    }
    pthread_rwlock_wrlock(&keys->lock);
    keys->set = fresh;
    pthread_rwlock_unlock(&keys->lock);
    return 0;
}

size_t rx_keys_count(struct rx_keys *keys)
{
    pthread_rwlock_rdlock(&keys->lock);
    const size_t n = keys->set.n;
    pthread_rwlock_unlock(&keys->lock);
    return n;
}

unsigned rx_keys_check(struct rx_keys *keys, struct rx_str presented, unsigned char digest[32])
{
    if (presented.n == 0 || presented.n > RX_KEY_MAX_LEN) {
        return 0;
    }
    digest_of(presented, digest);
    const struct rx_str wanted = {(const char *)digest, 32};
    unsigned found = 0;
    pthread_rwlock_rdlock(&keys->lock);
    for (size_t i = 0; i < keys->set.n; i++) {
        const struct rx_str have = {(const char *)keys->set.digests[i], 32};
        const unsigned same = rx_str_eq_secret(wanted, have);
        found |= same * (unsigned)(i + 1);
    }
    pthread_rwlock_unlock(&keys->lock);
    return found;
}
