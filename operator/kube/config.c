// SPDX-License-Identifier: Apache-2.0
/*
 * Credentials are handed out as immutable snapshots. A file's snapshot is made anew when its time
 * has come; while a new reading fails, the old one stays in use. An exec plugin may take seconds,
 * so a thread of its own runs it again before the expiry and after a 401, and nobody waits for it.
 */
#include "operator/kube/config.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/base64.h"
#include "common/base/file.h"
#include "common/base/log.h"
#include "operator/kube/kubeconfig.h"

#define MAX_CREDENTIAL       (1u << 20)
#define EXEC_EARLY_MS        (60 * RX_MS_PER_S) /* before the expiry */
#define EXEC_FAILED_RETRY_MS (10 * RX_MS_PER_S)
#define REJECTED_MIN_MS      (1 * RX_MS_PER_S) /* between two readings that 401s ask for */

/* The snapshot as allocated; every string is owned. */
struct auth {
    struct rx_kube_auth pub; /* first */
    atomic_uint refs;
    char *ca, *cert, *key, *server_name, *authorization;
};

struct rx_kube_config {
    struct rx_kube_source source; /* owned contents, constant after loading */
    const struct rx_clock *clock;
    pthread_mutex_t lock;
    pthread_cond_t wake; /* the exec thread */
    pthread_t thread;
    bool has_thread;
    /* protected by the lock */
    struct auth *current; /* one reference */
    int64_t token_due_ms, cert_due_ms;
    struct rx_kube_credential credential; /* of the exec plugin */
    bool rejected, stop;
};

/* ---- snapshots ---- */

static void auth_unref(struct auth *auth)
{
    if (!auth || atomic_fetch_sub_explicit(&auth->refs, 1, memory_order_acq_rel) != 1) {
        return;
    }
    free(auth->ca);
    free(auth->cert);
    free(auth->key);
    free(auth->server_name);
    if (auth->authorization) {
        explicit_bzero(auth->authorization, strlen(auth->authorization));
    }
    free(auth->authorization);
    free(auth);
}
RX_DEFINE_CLEANUP(auth, struct auth *, auth_unref);

void rx_kube_auth_unref(struct rx_kube_auth *auth)
{
    auth_unref((struct auth *)auth);
}

/* Bytes of a file, or of inline data; *ret stays NULL when there is neither. */
static int load_part(const char *file, const char *inline_text, char **ret, struct rx_error *err)
{
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(MAX_CREDENTIAL);
    if (inline_text) {
        rx_buf_puts(&text, inline_text);
    } else if (file) {
        int rc = rx_file_read(file, &text, err);
        if (rc < 0) {
            return rc;
        }
        if (rx_str_trim(rx_buf_str(&text)).n == 0) {
            return rx_error_set(err, RX_EPARSE, "%s: empty", file);
        }
    } else {
        return 0;
    }
    *ret = rx_buf_take(&text);
    return *ret ? 0 : rx_error_errno(err, ENOMEM, "credentials");
}

static int load_authorization(struct rx_kube_config *config, char **ret, struct rx_error *err)
{
    const struct rx_kube_source *source = &config->source;
    const char *token = source->exec ? config->credential.token : source->token;
    rx_autofree char *text = NULL;
    int rc = load_part(source->token_file, source->token_file ? NULL : token, &text, err);
    if (rc < 0 || !text) {
        return rc;
    }
    rx_auto(buf) struct rx_buf line = RX_BUF_INIT(MAX_CREDENTIAL);
    rx_buf_puts(&line, "Authorization: Bearer ");
    struct rx_str trimmed = rx_str_trim(rx_str_of(text));
    rx_buf_add_str(&line, trimmed);
    bool bad = memchr(trimmed.p, '\n', trimmed.n) || memchr(trimmed.p, '\r', trimmed.n);
    explicit_bzero(text, strlen(text));
    if (bad) {
        return rx_error_set(err, RX_EPARSE, "token: more than one line");
    }
    *ret = rx_buf_take(&line);
    return *ret ? 0 : rx_error_errno(err, ENOMEM, "credentials");
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

/* Reads everything into a fresh snapshot. Called under the lock (or before it matters). */
static int build(struct rx_kube_config *config, struct auth **ret, struct rx_error *err)
{
    const struct rx_kube_source *source = &config->source;
    rx_auto(auth) struct auth *auth = calloc(1, sizeof(*auth));
    if (!auth) {
        return rx_error_errno(err, ENOMEM, "credentials");
    }
    atomic_init(&auth->refs, 1);
    const char *cert = source->exec ? config->credential.cert_pem : source->cert_pem;
    const char *key = source->exec ? config->credential.key_pem : source->key_pem;
    int rc = load_part(source->ca_file, source->ca_pem, &auth->ca, err);
    rc = rc < 0 ? rc : load_part(source->cert_file, cert, &auth->cert, err);
    rc = rc < 0 ? rc : load_part(source->key_file, key, &auth->key, err);
    rc = rc < 0 ? rc : load_authorization(config, &auth->authorization, err);
    if (rc < 0) {
        return rc;
    }
    if (source->server_name && !(auth->server_name = strdup(source->server_name))) {
        return rx_error_errno(err, ENOMEM, "credentials");
    }
    auth->pub.tls = (struct rx_http_tls){.ca_pem = auth->ca,
                                         .cert_pem = auth->cert,
                                         .key_pem = auth->key,
                                         .insecure_skip_verify = source->insecure,
                                         .server_name = auth->server_name};
    auth->pub.authorization = auth->authorization;
    *ret = RX_TAKE(auth);
    return 0;
}

/* Puts a fresh snapshot in place; connections are dropped only when certificates changed. */
static void install(struct rx_kube_config *config, struct auth *fresh)
{
    struct auth *old = config->current;
    fresh->pub.version = 1;
    if (old) {
        bool same = same_text(old->ca, fresh->ca) && same_text(old->cert, fresh->cert) &&
                    same_text(old->key, fresh->key);
        fresh->pub.version = old->pub.version + (same ? 0 : 1);
    }
    config->current = fresh;
    auth_unref(old);
}

static int reload(struct rx_kube_config *config, struct rx_error *err)
{
    struct auth *fresh = NULL;
    int rc = build(config, &fresh, err);
    if (rc == 0) {
        install(config, fresh);
    }
    int64_t now = rx_clock_monotonic_ms(config->clock);
    config->token_due_ms = now + RX_KUBE_TOKEN_REREAD_MS;
    config->cert_due_ms = now + RX_KUBE_CERT_REREAD_MS;
    return rc;
}

static bool is_due(const struct rx_kube_config *config)
{
    const struct rx_kube_source *source = &config->source;
    int64_t now = rx_clock_monotonic_ms(config->clock);
    return (source->token_file && now >= config->token_due_ms) ||
           ((source->ca_file || source->cert_file) && now >= config->cert_due_ms);
}

struct rx_kube_auth *rx_kube_config_auth(struct rx_kube_config *config)
{
    pthread_mutex_lock(&config->lock);
    if (is_due(config)) {
        struct rx_error err = {0};
        if (reload(config, &err) < 0) {
            rx_warn("credentials could not be read again; the old ones stay", RX_F_ERR(&err));
        }
    }
    struct auth *auth = config->current;
    atomic_fetch_add_explicit(&auth->refs, 1, memory_order_relaxed);
    pthread_mutex_unlock(&config->lock);
    return &auth->pub;
}

void rx_kube_config_rejected(struct rx_kube_config *config, const struct rx_kube_auth *auth)
{
    pthread_mutex_lock(&config->lock);
    int64_t now = rx_clock_monotonic_ms(config->clock);
    bool still_in_use = &config->current->pub == auth;
    /* A server that says 401 to everything must not make us read files in a loop. */
    bool rested = now >= config->token_due_ms - RX_KUBE_TOKEN_REREAD_MS + REJECTED_MIN_MS;
    if (still_in_use && rested) {
        config->token_due_ms = now;
        config->rejected = true;
        pthread_cond_signal(&config->wake);
    }
    pthread_mutex_unlock(&config->lock);
}

/* ---- the exec plugin's thread ---- */

/* When the plugin must run again, monotonic ms; negative = never by itself. Under the lock. */
static int64_t exec_due_ms(struct rx_kube_config *config)
{
    if (config->credential.expires_ns == 0) {
        return -1;
    }
    int64_t left = config->credential.expires_ns / 1000000 - rx_clock_real_ms(config->clock);
    int64_t wait = left - EXEC_EARLY_MS;
    return wait > EXEC_FAILED_RETRY_MS ? wait : EXEC_FAILED_RETRY_MS;
}

static void exec_wait(struct rx_kube_config *config, int64_t ms)
{
    if (ms < 0) {
        pthread_cond_wait(&config->wake, &config->lock);
        return;
    }
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += ms / RX_MS_PER_S + 1;
    pthread_cond_timedwait(&config->wake, &config->lock, &until);
}

static int exec_refresh(struct rx_kube_config *config, struct rx_error *err)
{
    struct rx_kube_credential fresh = {0};
    int rc = rx_kube_exec_run(config->source.exec, &fresh, err);
    if (rc < 0) {
        return rc;
    }
    pthread_mutex_lock(&config->lock);
    rx_kube_credential_free(&config->credential);
    config->credential = fresh;
    rc = reload(config, err);
    pthread_mutex_unlock(&config->lock);
    return rc;
}

static void *exec_thread(void *arg)
{
    struct rx_kube_config *config = arg;
    pthread_mutex_lock(&config->lock);
    while (!config->stop) {
        if (!config->rejected) {
            int64_t wait = exec_due_ms(config);
            exec_wait(config, wait);
            if (config->stop || (!config->rejected && wait < 0)) {
                continue;
            }
        }
        config->rejected = false;
        pthread_mutex_unlock(&config->lock);
        struct rx_error err = {0};
        int rc = exec_refresh(config, &err);
        if (rc < 0) {
            rx_warn("credential plugin failed; the old credentials stay", RX_F_ERR(&err));
        }
        pthread_mutex_lock(&config->lock);
        if (rc < 0 && !config->stop) {
            exec_wait(config, EXEC_FAILED_RETRY_MS);
            config->rejected = true;
        }
    }
    pthread_mutex_unlock(&config->lock);
    return NULL;
}

static int start_exec(struct rx_kube_config *config, struct rx_error *err)
{
    int rc = rx_kube_exec_run(config->source.exec, &config->credential, err);
    if (rc < 0) {
        return rc;
    }
    rc = pthread_create(&config->thread, NULL, exec_thread, config);
    if (rc != 0) {
        return rx_error_errno(err, rc, "thread");
    }
    config->has_thread = true;
    return 0;
}

/* ---- lifetime ---- */

int rx_kube_config_load(const char *path, const struct rx_clock *clock, struct rx_kube_config **ret,
                        struct rx_error *err)
{
    rx_auto(kube_config) struct rx_kube_config *config = calloc(1, sizeof(*config));
    if (!config) {
        return rx_error_errno(err, ENOMEM, "kube config");
    }
    config->clock = clock ? clock : rx_clock_system();
    pthread_mutex_init(&config->lock, NULL);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&config->wake, &attr);
    pthread_condattr_destroy(&attr);
    int rc = rx_kube_source_load(path, &config->source, err);
    if (rc == 0) {
        pthread_mutex_lock(&config->lock);
        rc = config->source.exec ? start_exec(config, err) : 0;
        rc = rc < 0 ? rc : reload(config, err);
        pthread_mutex_unlock(&config->lock);
    }
    if (rc == 0) {
        *ret = RX_TAKE(config);
    }
    return rc;
}

void rx_kube_config_free(struct rx_kube_config *config)
{
    if (!config) {
        return;
    }
    if (config->has_thread) {
        pthread_mutex_lock(&config->lock);
        config->stop = true;
        pthread_cond_signal(&config->wake);
        pthread_mutex_unlock(&config->lock);
        pthread_join(config->thread, NULL);
    }
    auth_unref(config->current);
    rx_kube_credential_free(&config->credential);
    rx_kube_source_free(&config->source);
    pthread_cond_destroy(&config->wake);
    pthread_mutex_destroy(&config->lock);
    free(config);
}

const char *rx_kube_config_server(const struct rx_kube_config *config)
{
    return config->source.server;
}

const char *rx_kube_config_namespace(const struct rx_kube_config *config)
{
    return config->source.ns;
}

bool rx_kube_config_in_cluster(const struct rx_kube_config *config)
{
    return config->source.in_cluster;
}
