// SPDX-License-Identifier: Apache-2.0
#include "agent/sources/pace.h"

#include "common/base/random.h"

#define MIN_RATE           1.0
#define GROWTH             1.02
#define RETRY_AFTER_MAX_MS 600000

void rx_bucket_init(struct rx_bucket *bucket, double rate, double burst, int64_t now_ms)
{
    *bucket = (struct rx_bucket){
        .rate = rate, .burst = burst, .max_rate = rate, .tokens = burst, .at_ms = now_ms};
}

int64_t rx_bucket_take(struct rx_bucket *bucket, double n, int64_t now_ms)
{
    if (now_ms > bucket->at_ms) {
        bucket->tokens += bucket->rate * (double)(now_ms - bucket->at_ms) / 1000.0;
        bucket->at_ms = now_ms;
    }
    if (bucket->tokens > bucket->burst) {
        bucket->tokens = bucket->burst;
    }
    bucket->tokens -= n;
    return bucket->tokens >= 0 ? 0 : (int64_t)(-bucket->tokens / bucket->rate * 1000.0) + 1;
}

void rx_bucket_slower(struct rx_bucket *bucket)
{
    bucket->rate = bucket->rate / 2 < MIN_RATE ? MIN_RATE : bucket->rate / 2;
}

void rx_bucket_faster(struct rx_bucket *bucket)
{
    double rate = bucket->rate * GROWTH;
    bucket->rate = rate > bucket->max_rate ? bucket->max_rate : rate;
}

void rx_backoff_init(struct rx_backoff *backoff, int64_t min_ms, int64_t max_ms)
{
    *backoff = (struct rx_backoff){.min_ms = min_ms, .max_ms = max_ms};
}

int64_t rx_backoff_next(struct rx_backoff *backoff, int64_t retry_after_ms)
{
    int64_t ms = backoff->min_ms;
    for (unsigned i = 0; i < backoff->failures && ms < backoff->max_ms; i++) {
        ms *= 2;
    }
    if (ms > backoff->max_ms) {
        ms = backoff->max_ms;
    }
    backoff->failures++;
    ms = ms / 2 + (int64_t)rx_random_below((uint64_t)(ms / 2) + 1);
    if (retry_after_ms > RETRY_AFTER_MAX_MS) {
        retry_after_ms = RETRY_AFTER_MAX_MS;
    }
    return ms > retry_after_ms ? ms : retry_after_ms;
}

void rx_backoff_reset(struct rx_backoff *backoff)
{
    backoff->failures = 0;
}
