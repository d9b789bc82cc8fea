// SPDX-License-Identifier: Apache-2.0
#include "agent/cache/answers.h"

#include <stdlib.h>

#include "agent/cache/lru.h"

struct rx_answers {
    struct rx_lru *lru;
    int64_t ttl_ms;
    struct rx_metric *hits, *misses; /* NULL without metrics */
};

static const struct rx_metric_desc requests_desc = {
    .name = "radarx_cache_requests_total",
    .help = "Lookups in a cache",
    .type = RX_COUNTER,
    .labels = {"cache", "result"},
};

static void answer_free(void *value)
{
    struct rx_answer *answer = value;
    rx_http_response_unref(answer->response);
    free(answer);
}

struct rx_answers *rx_answers_new(int64_t ttl_ms, struct rx_metrics *metrics)
{
    struct rx_answers *answers = calloc(1, sizeof(*answers));
    if (!answers) {
        return NULL;
    }
    answers->ttl_ms = ttl_ms;
    answers->lru = rx_lru_new(RX_ANSWERS_MAX, answer_free);
    if (!answers->lru) {
        free(answers);
        return NULL;
    }
    if (metrics) {
        struct rx_family *family = rx_family(metrics, &requests_desc);
        answers->hits = rx_metric(family, (const char *const[]){"answers", "hit"});
        answers->misses = rx_metric(family, (const char *const[]){"answers", "miss"});
    }
    return answers;
}

void rx_answers_free(struct rx_answers *answers)
{
    if (answers) {
        rx_lru_free(answers->lru);
        free(answers);
    }
}

struct rx_answer *rx_answers_get(struct rx_answers *answers, struct rx_str key, uint64_t generation,
                                 int64_t now_ms)
{
    struct rx_answer *answer = rx_lru_get(answers->lru, key);
    const bool good =
        answer && answer->generation == generation && now_ms - answer->made_ms < answers->ttl_ms;
    if (answers->hits) {
        rx_metric_inc(good ? answers->hits : answers->misses);
    }
    return good ? answer : NULL;
}

void rx_answers_put(struct rx_answers *answers, struct rx_str key, const struct rx_answer *answer)
{
    if (answers->ttl_ms <= 0) {
        return;
    }
    struct rx_answer *copy = malloc(sizeof(*copy));
    if (!copy) {
        return;
    }
    *copy = *answer;
    rx_http_response_ref(copy->response);
    if (rx_lru_put(answers->lru, key, copy) < 0) {
        answer_free(copy);
    }
}
