// SPDX-License-Identifier: Apache-2.0
/*
 * What other services answer about a token, turned into features: GoPlus token_security (EVM and
 * Solana), RugCheck reports and summaries, honeypot.is v2, DexScreener pairs. Text in, features
 * out; no I/O and no clock. A field that is absent, empty or of an unexpected form is unknown,
 * never safe. Errors that come inside a success (HTTP 200 with a code) are told apart as typed
 * results. Shapes and units: the services' own documentation and recorded answers. Thread-safe.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/engine/features/features.h"
#include "common/base/error.h"
#include "common/base/str.h"
#include "common/json/read.h"
#include "common/json/write.h"

enum rx_upstream {
    RX_UPSTREAM_UNKNOWN = -1,
    RX_UPSTREAM_GOPLUS_EVM,
    RX_UPSTREAM_GOPLUS_SOLANA,
    RX_UPSTREAM_RUGCHECK, /* /v1/tokens/{mint}/report */
    RX_UPSTREAM_RUGCHECK_SUMMARY,
    RX_UPSTREAM_HONEYPOT,       /* /v2/IsHoneypot */
    RX_UPSTREAM_HONEYPOT_PAIRS, /* /v1/GetPairs */
    RX_UPSTREAM_DEXSCREENER,    /* every endpoint that answers pairs */
    RX_UPSTREAM_MAX
};
/* "goplus", "goplus_solana", "rugcheck", "rugcheck_summary", "honeypot_is", "honeypot_is_pairs",
 * "dexscreener"; "unknown" for others. Static storage. */
const char *rx_upstream_name(enum rx_upstream source);
enum rx_upstream rx_upstream_find(struct rx_str name);
/* Whether the answers of the source are about a token on Solana. */
bool rx_upstream_is_solana(enum rx_upstream source, struct rx_str token);

enum rx_upstream_status {
    RX_UPSTREAM_OK,
    RX_UPSTREAM_PARTIAL,      /* some fields now, more when asked again in a while */
    RX_UPSTREAM_EMPTY,        /* a success that has nothing about the token */
    RX_UPSTREAM_RATE_LIMITED, /* ask later */
    RX_UPSTREAM_NOT_FOUND,    /* the service cannot say anything about the token */
    RX_UPSTREAM_BAD_REQUEST,
    RX_UPSTREAM_AUTH,
    RX_UPSTREAM_UNAVAILABLE, /* an error of the service's own; ask later */
    RX_UPSTREAM_MALFORMED,   /* not an answer of a known form */
    RX_UPSTREAM_STATUS_MAX
};
/* "ok", "partial", "empty", "rate_limited", ... Static storage. */
const char *rx_upstream_status_name(enum rx_upstream_status status);
/* Whether the same question may get another answer later. */
bool rx_upstream_retryable(enum rx_upstream_status status);

struct rx_upstream_query {
    enum rx_upstream source; /* RX_UPSTREAM_UNKNOWN: detected from the answer */
    struct rx_str token;     /* the wanted token; empty: the only one, or the first pair's */
    struct rx_str chain;     /* DexScreener's chainId; empty: any */
    int64_t observed_at;     /* Unix seconds when the answer was received */
    unsigned http_status;    /* 0: not known, taken for 200 */
};

#define RX_UPSTREAM_MAX_VALUES 64
struct rx_upstream_value {
    enum rx_feature feature;
    double value; /* in the registry's unit and range, never NaN */
};

struct rx_upstream_answer {
    enum rx_upstream source;
    enum rx_upstream_status status;
    int64_t observed_at;
    int64_t code;      /* the service's own, or the HTTP status; 0 = none */
    char message[160]; /* what was wrong; empty for ok */
    char token[64];    /* that the values are about; empty when not told */
    size_t n;
    struct rx_upstream_value values[RX_UPSTREAM_MAX_VALUES]; /* one a feature */
};

/* Which service answered with this value; RX_UPSTREAM_UNKNOWN when none that is known. */
enum rx_upstream rx_upstream_detect(const struct rx_json *root);
/* Reads the body of an answer. 0 with a typed result in ret->status for every text, or -ENOMEM. */
int rx_upstream_parse(struct rx_str text, const struct rx_upstream_query *query,
                      struct rx_upstream_answer *ret) RX_MUST_CHECK;
/* The value of a feature, or NaN. */
double rx_upstream_get(const struct rx_upstream_answer *answer, enum rx_feature feature);

/* Answers of several services about one token, put together. */
struct rx_facts_cell {
    double value;        /* NaN = no answer has it */
    double lo, hi;       /* of all answers: they disagree when further apart than the tolerance */
    int64_t observed_at; /* of the value that won */
    enum rx_upstream source;
};
struct rx_facts {
    struct rx_facts_cell cells[RX_F_MAX];
};

void rx_facts_init(struct rx_facts *facts);
/*
 * Adds the newest answer of one service; at most one of each. Of security facts the worse value
 * wins, of others the one of the service that ranks first for it (rx_facts_rank), then the newer
 * one. The result does not depend on the order.
 */
void rx_facts_merge(struct rx_facts *facts, const struct rx_upstream_answer *answer);
/* How answers about a feature are put together: +1 the largest, -1 the smallest wins, 0 by rank. */
int rx_facts_policy(enum rx_feature feature);
/* 0 = first. */
unsigned rx_facts_rank(enum rx_feature feature, enum rx_upstream source);
/* Whether the answers about a feature disagree by more than rounding and time explain. */
bool rx_facts_disputed(const struct rx_facts *facts, enum rx_feature feature);
/* Seconds after which a value of this feature is called stale: market 900, social 3,600, security
 * 86,400. */
int64_t rx_facts_fresh_s(enum rx_feature feature);
/* Fills the features that are missing (NaN) and that an answer has; returns how many. */
size_t rx_facts_apply(const struct rx_facts *facts, double features[RX_F_MAX]);
/*
 * Writes an array: [{"feature", "value", "unit", "source", "observed_at" (Unix seconds), "age_s",
 * "stale", "disputed"?: {"lower", "upper"}}] of all values, seen at `now`.
 */
void rx_facts_write(struct rx_jw *w, const struct rx_facts *facts, int64_t now);
