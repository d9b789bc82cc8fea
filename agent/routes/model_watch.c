// SPDX-License-Identifier: Apache-2.0
#include "agent/routes/model_watch.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "common/base/log.h"

/* What tells one state of a file from another. All zero: it could not be looked at. */
struct mark {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec changed;
};

struct watched {
    const char *path;
    bool shadow;
    struct mark mark;
    bool looked; /* `mark` is of an earlier look */
};

struct rx_model_watch {
    struct rx_model_watch_options options;
    struct rx_model_registry *registry;
    struct watched files[2];
    atomic_bool roll_back;
    pthread_t thread;
    bool started;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool cancel; /* under the lock */
    struct rx_metric *activated, *shadowed, *refused, *rolled_back;
};

static const struct rx_metric_desc changes_desc = {
    .name = "radarx_model_changes_total",
    .help = "Model files that were activated, put in the shadow or refused, and rollbacks",
    .type = RX_COUNTER,
    .labels = {"result", NULL}};

static struct mark look(const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0) {
        return (struct mark){0};
    }
    return (struct mark){st.st_dev, st.st_ino, st.st_size, st.st_mtim};
}

static bool has_changed(struct watched *file)
{
    const struct mark now = look(file->path);
    const bool changed = !file->looked || now.device != file->mark.device ||
                         now.inode != file->mark.inode || now.size != file->mark.size ||
                         now.changed.tv_sec != file->mark.changed.tv_sec ||
                         now.changed.tv_nsec != file->mark.changed.tv_nsec;
    file->mark = now;
    file->looked = true;
    return changed;
}

static void refuse(struct rx_model_watch *watch, const struct watched *file,
                   const struct rx_error *why)
{
    struct rx_error err;
    rx_metric_inc(watch->refused);
    rx_warn("model refused; the one before stays", RX_F_S("file", file->path),
            RX_F_B("shadow", file->shadow), RX_F_ERR(why));
    if (rx_model_registry_refuse(watch->registry, file->path, why->msg,
                                 rx_clock_real_ms(watch->options.clock), &err) < 0) {
        rx_err("the ledger of models lacks an entry", RX_F_ERR(&err));
    }
}

static void load(struct rx_model_watch *watch, struct watched *file)
{
    struct rx_model_registry *registry = watch->registry;
    const int64_t now_ms = rx_clock_real_ms(watch->options.clock);
    struct rx_model *model = NULL;
    struct rx_error err = {0};
    int r = watch->options.load(file->path, &model, &err);
    if (r < 0) {
        refuse(watch, file, &err);
        return;
    }
    char version[64];
    memcpy(version, rx_model_version(model), strlen(rx_model_version(model)) + 1);
    r = file->shadow ? rx_model_registry_set_shadow(registry, model, file->path, now_ms, &err)
                     : rx_model_registry_activate(registry, model, file->path, now_ms, &err);
    if (r < 0) {
        refuse(watch, file, &err);
        return;
    }
    if (r == 0 && !file->shadow) {
        return; /* the very model that is active */
    }
    rx_metric_inc(file->shadow ? watch->shadowed : watch->activated);
    rx_info(file->shadow ? "model in the shadow" : "model active", RX_F_S("version", version),
            RX_F_S("file", file->path));
}

static void roll_back(struct rx_model_watch *watch)
{
    struct rx_error err;
    if (rx_model_registry_rollback(watch->registry, "rolled back on request",
                                   rx_clock_real_ms(watch->options.clock), &err) < 0) {
        rx_warn("no rollback", RX_F_ERR(&err));
        return;
    }
    rx_metric_inc(watch->rolled_back);
    rx_info("the previous model is active again");
}

void rx_model_watch_poll(struct rx_model_watch *watch)
{
    if (atomic_exchange(&watch->roll_back, false)) {
        roll_back(watch);
    }
    for (size_t i = 0; i < RX_ARRAY_LEN(watch->files); i++) {
        if (watch->files[i].path[0] && has_changed(&watch->files[i])) {
            load(watch, &watch->files[i]);
        }
    }
    rx_model_registry_reclaim(watch->registry);
}

/* False when it is time to end. */
static bool wait_interval(struct rx_model_watch *watch)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    const int64_t ns =
        until.tv_nsec + (watch->options.interval_ms % RX_MS_PER_S) * (RX_NS_PER_S / RX_MS_PER_S);
    until.tv_sec += watch->options.interval_ms / RX_MS_PER_S + ns / RX_NS_PER_S;
    until.tv_nsec = ns % RX_NS_PER_S;
    pthread_mutex_lock(&watch->lock);
    int r = 0;
    while (!watch->cancel && !atomic_load(&watch->roll_back) && r != ETIMEDOUT) {
        r = pthread_cond_timedwait(&watch->wake, &watch->lock, &until);
    }
    const bool go_on = !watch->cancel;
    pthread_mutex_unlock(&watch->lock);
    return go_on;
}

static void *run(void *arg)
{
    struct rx_model_watch *watch = arg;
    do {
        rx_model_watch_poll(watch);
    } while (wait_interval(watch));
    return NULL;
}

int rx_model_watch_new(const struct rx_model_watch_options *options,
                       struct rx_model_registry *registry, struct rx_model_watch **ret,
                       struct rx_error *err)
{
    struct rx_model_watch *watch = calloc(1, sizeof(*watch));
    if (!watch) {
        return rx_error_errno(err, ENOMEM, "model watch");
    }
    watch->options = *options;
    watch->registry = registry;
    watch->files[0] = (struct watched){.path = options->path};
    watch->files[1] = (struct watched){.path = options->shadow_path, .shadow = true};
    struct rx_family *changes = rx_family(options->metrics, &changes_desc);
    watch->activated = rx_metric(changes, (const char *const[]){"activated"});
    watch->shadowed = rx_metric(changes, (const char *const[]){"shadowed"});
    watch->refused = rx_metric(changes, (const char *const[]){"refused"});
    watch->rolled_back = rx_metric(changes, (const char *const[]){"rolled_back"});
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&watch->wake, &attr);
    pthread_condattr_destroy(&attr);
    pthread_mutex_init(&watch->lock, NULL);
    *ret = watch;
    return 0;
}

int rx_model_watch_start(struct rx_model_watch *watch, struct rx_error *err)
{
    const int r = pthread_create(&watch->thread, NULL, run, watch);
    if (r != 0) {
        return rx_error_errno(err, r, "model watch: thread");
    }
    watch->started = true;
    return 0;
}

void rx_model_watch_free(struct rx_model_watch *watch)
{
    if (!watch) {
        return;
    }
    if (watch->started) {
        pthread_mutex_lock(&watch->lock);
        watch->cancel = true;
        pthread_cond_signal(&watch->wake);
        pthread_mutex_unlock(&watch->lock);
        pthread_join(watch->thread, NULL);
    }
    pthread_cond_destroy(&watch->wake);
    pthread_mutex_destroy(&watch->lock);
    free(watch);
}

void rx_model_watch_rollback(struct rx_model_watch *watch)
{
    pthread_mutex_lock(&watch->lock);
    atomic_store(&watch->roll_back, true);
    pthread_cond_signal(&watch->wake);
    pthread_mutex_unlock(&watch->lock);
}
