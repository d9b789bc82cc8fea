// SPDX-License-Identifier: Apache-2.0
#include "agent/routes/model_health.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct rx_health_board {
    pthread_mutex_t lock;
    struct rx_model_health health;
};

struct rx_health_board *rx_health_board_new(void)
{
    struct rx_health_board *board = calloc(1, sizeof(*board));
    if (board) {
        pthread_mutex_init(&board->lock, NULL);
    }
    return board;
}

void rx_health_board_free(struct rx_health_board *board)
{
    if (board) {
        pthread_mutex_destroy(&board->lock);
        free(board);
    }
}

static void start(struct rx_model_health *health, const char *model)
{
    memset(health, 0, sizeof(*health));
    const size_t n = strnlen(model, sizeof(health->model) - 1);
    memcpy(health->model, model, n);
}

void rx_health_board_set(struct rx_health_board *board, const char *model,
                         const struct rx_health_columns *columns,
                         const struct rx_health_labels *labels)
{
    pthread_mutex_lock(&board->lock);
    if (strcmp(board->health.model, model) != 0) {
        start(&board->health, model);
    }
    if (columns) {
        board->health.columns = *columns;
    }
    if (labels) {
        board->health.labels = *labels;
    }
    pthread_mutex_unlock(&board->lock);
}

void rx_health_board_get(struct rx_health_board *board, const char *model,
                         struct rx_model_health *ret)
{
    start(ret, model);
    if (!board) {
        return;
    }
    pthread_mutex_lock(&board->lock);
    if (strcmp(board->health.model, model) == 0) {
        *ret = board->health;
    }
    pthread_mutex_unlock(&board->lock);
}

/* Labels first: they say that the model is wrong, columns only that it may be. */
static bool labels_speak(const struct rx_model_health *health)
{
    return health->labels.told == RX_HEALTH_BAD ||
           (health->columns.told != RX_HEALTH_BAD && health->labels.told == RX_HEALTH_GOOD);
}

const char *rx_model_health_status(const struct rx_model_health *health)
{
    return rx_health_status(labels_speak(health) ? health->labels.told : health->columns.told);
}

static void write_target(struct rx_jw *w, const struct rx_health_target *target)
{
    rx_jw_begin_object(w);
    rx_jw_kv_cstr(w, "name", target->name);
    rx_jw_kv_i64(w, "labels", (int64_t)target->labels);
    rx_jw_kv_i64(w, "positives", (int64_t)target->positives);
    rx_jw_kv_double(w, "expected", target->expected);
    rx_jw_kv_double(w, "observed_over_expected", target->oe);
    rx_jw_kv_double(w, "lower", target->lo);
    rx_jw_kv_double(w, "upper", target->hi);
    rx_jw_kv_double(w, "q", target->q);
    rx_jw_kv_cstr(w, "verdict", rx_drift_grade_name(target->grade));
    rx_jw_end_object(w);
}

void rx_model_health_write(struct rx_jw *w, const struct rx_model_health *health)
{
    const bool labels = labels_speak(health);
    const char *reason = labels ? health->labels.reason : health->columns.reason;
    const char *message = labels ? health->labels.message : health->columns.message;
    rx_jw_begin_object(w);
    rx_jw_kv_cstr(w, "status", rx_model_health_status(health));
    rx_jw_kv_cstr(w, "reason", reason[0] ? reason : "NotEnoughData");
    rx_jw_kv_cstr(w, "message", message[0] ? message : "no check has been made yet");
    rx_jw_kv_i64(w, "columns_drifted", (int64_t)health->columns.drifted);
    rx_jw_key(w, "rows");
    rx_jw_begin_object(w);
    rx_jw_kv_i64(w, "baseline", (int64_t)health->columns.baseline);
    rx_jw_kv_i64(w, "window", (int64_t)health->columns.window);
    rx_jw_end_object(w);
    rx_jw_key(w, "targets");
    rx_jw_begin_array(w);
    for (size_t i = 0; i < health->labels.n; i++) {
        write_target(w, &health->labels.targets[i]);
    }
    rx_jw_end_array(w);
    rx_jw_end_object(w);
}
