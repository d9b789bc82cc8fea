// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/wallet/related.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#define COMPARE(a, b)   (((a) > (b)) - ((a) < (b)))
#define MAX_PARTNERS    50 /* a wallet with more transfer partners is a hub: an exchange, a bridge */
#define MAX_WINDOW_ROWS 256   /* rows looked at around one trade */
#define MAX_CROWD       20000 /* rows of one token that are looked at */
#define WINDOW          300   /* seconds */
#define MIN_EVENTS      3
#define MIN_SHARED      3

/* What is known about each other wallet, by name. */
struct link {
    uint32_t transfers, named; /* rows of the owner, rows that name the owner */
    uint32_t events, leads;    /* trades at the same moment; those in which it came first */
    uint32_t shared, owned;    /* tokens in common; tokens it has */
    uint32_t seen;             /* mark of the last trade or token that counted it */
    double weight;             /* of the shared tokens */
    double fund;               /* score of the funding path */
    unsigned depth;
    bool self;
};

struct search {
    const struct rx_trades *trades;
    const struct rx_related_options *options;
    struct link *links; /* by name */
    uint32_t mark;
    size_t cut;
    size_t own_trades;
    double own_weight; /* of all the owner's tokens */
};

const char *rx_relation_name(enum rx_relation relation)
{
    static const char *const names[] = {"fund_flow", "similar_pattern", "coordinated"};
    return names[relation];
}

static bool is_transfer(const struct rx_trade *row)
{
    return (row->side == RX_SIDE_TRANSFER_IN || row->side == RX_SIDE_TRANSFER_OUT) &&
           row->counterparty != RX_NAME_NONE && row->counterparty != row->wallet;
}

/* Partners of a wallet in the order in which they appear; false for a hub. */
static bool partners_of(struct search *s, uint32_t wallet, uint32_t partners[MAX_PARTNERS],
                        uint32_t counts[MAX_PARTNERS], size_t *ret_n)
{
    const struct rx_trade_span rows = rx_trades_of_wallet(s->trades, wallet);
    size_t n = 0;
    for (size_t i = 0; i < rows.n; i++) {
        if (!is_transfer(&rows.p[i]) || rows.p[i].time > s->options->as_of) {
            continue;
        }
        size_t at = 0;
        while (at < n && partners[at] != rows.p[i].counterparty) {
            at++;
        }
        if (at == MAX_PARTNERS) {
            s->cut++;
            return false;
        }
        if (at == n) {
            partners[n] = rows.p[i].counterparty;
            counts[n++] = 0;
        }
        counts[at]++;
    }
    *ret_n = n;
    return true;
}

static double strength(uint32_t transfers)
{
    return 1 - exp2(-(double)transfers);
}

/* Rows of others that name the owner: the other end of a transfer may be recorded alone. */
static void count_senders(struct search *s)
{
    for (size_t i = 0; i < rx_trades_count(s->trades); i++) {
        const struct rx_trade *row = rx_trades_at(s->trades, i);
        if (is_transfer(row) && row->time <= s->options->as_of &&
            s->links[row->counterparty].self && !s->links[row->wallet].self) {
            s->links[row->wallet].named++;
        }
    }
}

static void count_own(struct search *s, uint32_t wallet)
{
    uint32_t near[MAX_PARTNERS];
    uint32_t counts[MAX_PARTNERS];
    size_t n;
    if (!partners_of(s, wallet, near, counts, &n)) {
        return;
    }
    for (size_t i = 0; i < n; i++) {
        s->links[near[i]].transfers += counts[i];
    }
}

static void follow_further(struct search *s, uint32_t wallet)
{
    uint32_t far[MAX_PARTNERS];
    uint32_t counts[MAX_PARTNERS];
    size_t n;
    if (!partners_of(s, wallet, far, counts, &n)) {
        return;
    }
    for (size_t i = 0; i < n; i++) {
        struct link *link = &s->links[far[i]];
        if (!link->self && link->depth != 1) {
            link->depth = 2;
            link->fund = fmax(link->fund, s->links[wallet].fund * strength(counts[i]) / 2);
        }
    }
}

/* Both directions, two steps. */
static void follow_funds(struct search *s)
{
    for (size_t i = 0; i < s->options->n_wallets; i++) {
        count_own(s, s->options->wallets[i]);
    }
    count_senders(s);
    uint32_t near[MAX_PARTNERS];
    size_t n = 0;
    for (size_t i = 0; i < rx_trades_names(s->trades); i++) {
        struct link *link = &s->links[i];
        const uint32_t most = link->transfers > link->named ? link->transfers : link->named;
        if (link->self || most == 0) {
            continue;
        }
        link->transfers = most;
        link->depth = 1;
        link->fund = strength(most);
        if (n < MAX_PARTNERS) {
            near[n++] = (uint32_t)i;
        } else {
            s->cut++;
        }
    }
    for (size_t i = 0; i < n; i++) {
        follow_further(s, near[i]);
    }
}

static bool is_trade(const struct rx_trade *row)
{
    return row->side == RX_SIDE_BUY || row->side == RX_SIDE_SELL;
}

/* Index of the first row of the token at or after `time`. */
static size_t first_at(const struct search *s, struct rx_index_span rows, int64_t time)
{
    size_t low = 0;
    size_t high = rows.n;
    while (low < high) {
        const size_t mid = low + (high - low) / 2;
        if (rx_trades_at(s->trades, rows.p[mid])->time < time) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low;
}

/* Every other wallet counts once for one trade of the owner. */
static void around_trade(struct search *s, const struct rx_trade *own)
{
    const struct rx_index_span rows = rx_trades_of_token(s->trades, own->token);
    const size_t first = first_at(s, rows, own->time - WINDOW);
    s->mark++;
    s->own_trades++;
    for (size_t i = first; i < rows.n; i++) {
        const struct rx_trade *row = rx_trades_at(s->trades, rows.p[i]);
        if (row->time > own->time + WINDOW || row->time > s->options->as_of) {
            return;
        }
        if (i - first == MAX_WINDOW_ROWS) {
            s->cut++;
            return;
        }
        struct link *link = &s->links[row->wallet];
        if (link->self || row->side != own->side || link->seen == s->mark) {
            continue;
        }
        link->seen = s->mark;
        link->events++;
        link->leads += row->time < own->time || (row->time == own->time && row->row < own->row);
    }
}

/* Counts the wallets that have a token once each, and then shares it with them. */
static void share_token(struct search *s, uint32_t token)
{
    const struct rx_index_span rows = rx_trades_of_token(s->trades, token);
    const size_t looked = rows.n < MAX_CROWD ? rows.n : MAX_CROWD;
    s->cut += rows.n > MAX_CROWD;
    const uint32_t counted = ++s->mark;
    size_t holders = 0;
    for (size_t i = 0; i < looked; i++) {
        struct link *link = &s->links[rx_trades_at(s->trades, rows.p[i])->wallet];
        holders += link->seen != counted;
        link->seen = counted;
    }
    const double wallets = (double)rx_trades_wallets(s->trades).n;
    const double weight = log((wallets + 1) / (double)holders);
    s->own_weight += weight;
    const uint32_t shared = ++s->mark;
    for (size_t i = 0; i < looked; i++) {
        struct link *link = &s->links[rx_trades_at(s->trades, rows.p[i])->wallet];
        if (link->seen != shared) {
            link->seen = shared;
            link->shared++;
            link->weight += weight;
        }
    }
}

static int look_at_rows(struct search *s)
{
    const size_t n_tokens = rx_trades_tokens(s->trades);
    rx_autofree bool *has = calloc(n_tokens + 1, sizeof(*has));
    if (!has) {
        return -ENOMEM;
    }
    for (size_t w = 0; w < s->options->n_wallets; w++) {
        const struct rx_trade_span rows = rx_trades_of_wallet(s->trades, s->options->wallets[w]);
        for (size_t i = 0; i < rows.n && rows.p[i].time <= s->options->as_of; i++) {
            if (is_trade(&rows.p[i])) {
                around_trade(s, &rows.p[i]);
            }
            if (!has[rows.p[i].token]) {
                has[rows.p[i].token] = true;
                share_token(s, rows.p[i].token);
            }
        }
    }
    return 0;
}

/* Tokens of the others, counted only for those that share enough. */
static int count_owned(struct search *s)
{
    const size_t n_tokens = rx_trades_tokens(s->trades);
    rx_autofree uint32_t *seen = calloc(n_tokens + 1, sizeof(*seen));
    if (!seen) {
        return -ENOMEM;
    }
    const struct rx_index_span wallets = rx_trades_wallets(s->trades);
    for (size_t w = 0; w < wallets.n; w++) {
        struct link *link = &s->links[wallets.p[w]];
        if (link->self || link->shared < MIN_SHARED) {
            continue;
        }
        const struct rx_trade_span rows = rx_trades_of_wallet(s->trades, wallets.p[w]);
        for (size_t i = 0; i < rows.n; i++) {
            link->owned += seen[rows.p[i].token] != w + 1;
            seen[rows.p[i].token] = (uint32_t)(w + 1);
        }
    }
    return 0;
}

/* Matches beyond what trades spread evenly over the other's span would give by chance. */
static double coordination(const struct search *s, uint32_t wallet, const struct link *link)
{
    if (link->events < MIN_EVENTS || s->own_trades == 0) {
        return 0;
    }
    const struct rx_trade_span rows = rx_trades_of_wallet(s->trades, wallet);
    const double span = fmax(1, (double)(rows.p[rows.n - 1].time - rows.p[0].time));
    const double chance = fmin(1, (double)rows.n * 2 * WINDOW / fmax(span, 2 * WINDOW) /
                                      fmax(1, (double)link->owned));
    const double share = (double)link->events / (double)s->own_trades;
    return fmin(1,
                link->owned > 0 && chance < 1 ? fmax(0, (share - chance) / (1 - chance)) : share);
}

static double similarity(const struct search *s, const struct link *link)
{
    if (link->shared < MIN_SHARED || s->own_weight <= 0) {
        return 0;
    }
    /* Tokens that only the other has count with the mean weight of the owner's. */
    const double mean = link->weight / link->shared;
    const double others = mean * (double)(link->owned - link->shared);
    return fmin(1, link->weight / (s->own_weight + others));
}

static bool strongest(const struct search *s, uint32_t wallet, struct rx_related *ret)
{
    const struct link *link = &s->links[wallet];
    const double scores[3] = {link->fund, similarity(s, link), coordination(s, wallet, link)};
    static const double counts[3] = {1, .5, 1};
    int best = 0;
    for (int i = 1; i < 3; i++) {
        best = counts[i] * scores[i] > counts[best] * scores[best] ? i : best;
    }
    if (link->self || scores[best] < s->options->min_score || scores[best] <= 0) {
        return false;
    }
    *ret = (struct rx_related){
        .wallet = wallet,
        .relation = (enum rx_relation)best,
        .score = scores[best],
        .scores = {scores[0], scores[1], scores[2]},
        .shared_tokens = link->shared,
        .events = best == RX_RELATION_FUND_FLOW ? link->transfers : link->events,
        .same_moment = link->events,
        .leads = link->events ? (double)link->leads / (double)link->events : (double)NAN,
        .depth = link->depth};
    return true;
}

static int by_score(const void *left, const void *right)
{
    const struct rx_related *a = left;
    const struct rx_related *b = right;
    return a->score != b->score ? COMPARE(b->score, a->score) : COMPARE(a->wallet, b->wallet);
}

static int collect(const struct search *s, struct rx_related **ret, size_t *ret_n)
{
    const size_t names = rx_trades_names(s->trades);
    size_t n = 0;
    struct rx_related one;
    for (size_t i = 0; i < names; i++) {
        n += strongest(s, (uint32_t)i, &one);
    }
    rx_autofree struct rx_related *list = calloc(n + 1, sizeof(*list));
    if (!list) {
        return -ENOMEM;
    }
    n = 0;
    for (size_t i = 0; i < names; i++) {
        n += strongest(s, (uint32_t)i, &list[n]);
    }
    if (n > 0) {
        qsort(list, n, sizeof(*list), by_score);
    }
    *ret = RX_TAKE(list);
    *ret_n = n < s->options->max ? n : s->options->max;
    return 0;
}

int rx_related_find(const struct rx_trades *trades, const struct rx_related_options *options,
                    struct rx_related **ret, size_t *ret_n, size_t *ret_cut)
{
    rx_autofree struct link *links = calloc(rx_trades_names(trades) + 1, sizeof(*links));
    if (!links) {
        return -ENOMEM;
    }
    struct search s = {.trades = trades, .options = options, .links = links};
    for (size_t i = 0; i < options->n_wallets; i++) {
        links[options->wallets[i]].self = true;
    }
    follow_funds(&s);
    int rc = look_at_rows(&s);
    if (rc == 0) {
        rc = count_owned(&s);
    }
    if (rc == 0) {
        rc = collect(&s, ret, ret_n);
    }
    if (rc == 0 && ret_cut) {
        *ret_cut = s.cut;
    }
    return rc;
}
