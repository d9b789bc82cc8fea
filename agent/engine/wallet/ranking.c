// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/wallet/ranking.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#define COMPARE(a, b) (((a) > (b)) - ((a) < (b)))
#define MAX_PRIOR     1e6 /* trades: all wallets alike */

static const char *const metric_names[RX_RANK_MAX] = {
    [RX_RANK_WIN_RATE] = "win_rate", [RX_RANK_WILSON] = "wilson", [RX_RANK_PNL] = "pnl",
    [RX_RANK_VOLUME] = "volume",     [RX_RANK_TRADES] = "trades", [RX_RANK_SHARPE] = "sharpe",
};

const char *rx_rank_metric_name(enum rx_rank_metric metric)
{
    return metric_names[metric];
}

int rx_rank_metric_parse(struct rx_str text, enum rx_rank_metric *ret)
{
    for (int i = 0; i < RX_RANK_MAX; i++) {
        if (rx_str_is(text, metric_names[i])) {
            *ret = (enum rx_rank_metric)i;
            return 0;
        }
    }
    return RX_EINVALID;
}

double rx_rank_value(const struct rx_rank_row *row, enum rx_rank_metric metric)
{
    switch (metric) {
    case RX_RANK_WIN_RATE:
        return row->shrunk;
    case RX_RANK_WILSON:
        return row->win.lo;
    case RX_RANK_PNL:
        return rx_money_to_double(row->realised);
    case RX_RANK_VOLUME:
        return rx_money_to_double(row->volume);
    case RX_RANK_TRADES:
        return (double)row->trades;
    default:
        return row->sharpe;
    }
}

static int measure(const struct rx_trades *trades, uint32_t wallet,
                   const struct rx_ranking_options *options, struct rx_rank_row *row,
                   struct rx_error *err)
{
    const struct rx_history_options history_options = {.wallets = &wallet,
                                                       .n_wallets = 1,
                                                       .method = options->method,
                                                       .as_of = options->as_of,
                                                       .returns =
                                                           options->metric == RX_RANK_SHARPE};
    rx_auto(history) struct rx_history *history = NULL;
    int rc = rx_history_new(trades, &history_options, &history, err);
    if (rc < 0) {
        return rc;
    }
    struct rx_wallet_summary s;
    rx_wallet_summarise(history, options->period, &s);
    *row = (struct rx_rank_row){.wallet = wallet,
                                .chain = RX_NAME_NONE,
                                .win = s.win,
                                .shrunk = (double)NAN,
                                .trades = s.buys + s.sells,
                                .realised = s.realised,
                                .volume = s.buy_volume + s.sell_volume,
                                .sharpe = s.has_performance ? s.performance.sharpe : (double)NAN,
                                .percentile = (double)NAN};
    /* The chain with most rows: a majority vote leaves one candidate (Boyer and Moore 1981), and
     * wallets on several chains without a majority get the last that led. */
    size_t lead = 0;
    for (size_t i = 0; i < history->n_rows; i++) {
        const uint32_t chain = rx_trades_token_at(trades, history->rows[i]->token)->chain;
        if (lead == 0) {
            row->chain = chain;
        }
        lead += chain == row->chain ? 1 : (size_t)-1;
    }
    return 0;
}

void rx_win_prior_add(struct rx_win_prior *prior, size_t wins, size_t n)
{
    if (n == 0) {
        return;
    }
    const double count = (double)n;
    prior->n += count;
    prior->n2 += count * count;
    prior->wins += (double)wins;
    prior->wallets += 1;
    prior->squares += (double)wins * (double)wins / count;
}

/*
 * Beta prior by moments: with p the pooled rate and S the weighted spread of the wallets' rates,
 * the share of S beyond binomial noise gives the correlation within a wallet r, and the prior's
 * weight is 1 / r - 1.
 */
void rx_win_prior_fit(const struct rx_win_prior *prior, double *ret_mean, double *ret_weight)
{
    const double p = prior->n > 0 ? prior->wins / prior->n : (double)NAN;
    *ret_mean = p;
    *ret_weight = 1;
    if (prior->wallets < 2 || !(p > 0 && p < 1)) {
        return;
    }
    const double spread = prior->squares - prior->n * p * p;
    const double noise = p * (1 - p) * (prior->wallets - 1);
    const double most = p * (1 - p) * (prior->n - prior->n2 / prior->n - (prior->wallets - 1));
    const double r = most > 0 ? (spread - noise) / most : 0;
    *ret_weight = r > 1 / (MAX_PRIOR + 1) ? fmax(1, 1 / fmin(r, 1) - 1) : MAX_PRIOR;
}

struct ordered {
    double value;
    size_t index;
    bool ranked;
};

static int by_value(const void *left, const void *right)
{
    const struct ordered *a = left;
    const struct ordered *b = right;
    if (a->ranked != b->ranked) {
        return a->ranked ? -1 : 1;
    }
    if (a->ranked && a->value != b->value) {
        return COMPARE(b->value, a->value);
    }
    return COMPARE(a->index, b->index);
}

/* Equal values share the best rank of their run and the mean percentile. */
static void number(struct rx_ranking *ranking, size_t *per_chain, enum rx_rank_metric metric)
{
    const double n = (double)ranking->n_ranked;
    for (size_t i = 0; i < ranking->n_ranked;) {
        size_t end = i;
        const double value = rx_rank_value(&ranking->rows[i], metric);
        while (end < ranking->n_ranked && rx_rank_value(&ranking->rows[end], metric) == value) {
            end++;
        }
        const double below = (double)(ranking->n_ranked - end);
        for (size_t k = i; k < end; k++) {
            struct rx_rank_row *row = &ranking->rows[k];
            row->global_rank = i + 1;
            row->percentile = (below + (double)(end - i) / 2) / n;
            row->chain_rank = per_chain[row->chain] + 1;
        }
        for (size_t k = i; k < end; k++) {
            per_chain[ranking->rows[k].chain]++;
        }
        i = end;
    }
}

static int sort_rows(const struct rx_trades *trades, struct rx_ranking *ranking,
                     const struct rx_ranking_options *options)
{
    rx_autofree struct ordered *order = calloc(ranking->n + 1, sizeof(*order));
    rx_autofree struct rx_rank_row *sorted = calloc(ranking->n + 1, sizeof(*sorted));
    rx_autofree size_t *per_chain = calloc(rx_trades_names(trades) + 1, sizeof(*per_chain));
    if (!order || !sorted || !per_chain) {
        return -ENOMEM;
    }
    for (size_t i = 0; i < ranking->n; i++) {
        const struct rx_rank_row *row = &ranking->rows[i];
        const double value = rx_rank_value(row, options->metric);
        const bool ranked =
            row->win.n >= options->min_trades && !isnan(value) && row->chain != RX_NAME_NONE;
        order[i] = (struct ordered){value, i, ranked};
        ranking->n_ranked += ranked;
    }
    if (ranking->n > 0) {
        qsort(order, ranking->n, sizeof(*order), by_value);
    }
    for (size_t i = 0; i < ranking->n; i++) {
        sorted[i] = ranking->rows[order[i].index];
    }
    free(ranking->rows);
    ranking->rows = RX_TAKE(sorted);
    number(ranking, per_chain, options->metric);
    return 0;
}

int rx_ranking_new(const struct rx_trades *trades, const struct rx_ranking_options *options,
                   struct rx_ranking **ret, struct rx_error *err)
{
    const struct rx_index_span wallets = rx_trades_wallets(trades);
    rx_auto(ranking) struct rx_ranking *ranking = calloc(1, sizeof(*ranking));
    if (!ranking) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    ranking->rows = calloc(wallets.n + 1, sizeof(*ranking->rows));
    if (!ranking->rows) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    for (size_t i = 0; i < wallets.n; i++) {
        const int rc = measure(trades, wallets.p[i], options, &ranking->rows[i], err);
        if (rc < 0) {
            return rc;
        }
        ranking->n++;
    }
    struct rx_win_prior prior = {0};
    for (size_t i = 0; i < ranking->n; i++) {
        rx_win_prior_add(&prior, ranking->rows[i].win.wins, ranking->rows[i].win.n);
    }
    rx_win_prior_fit(&prior, &ranking->prior_mean, &ranking->prior_weight);
    for (size_t i = 0; i < ranking->n; i++) {
        struct rx_rank_row *row = &ranking->rows[i];
        if (row->win.n > 0) {
            const double weight = ranking->prior_weight;
            row->shrunk = ((double)row->win.wins + weight * ranking->prior_mean) /
                          ((double)row->win.n + weight);
        }
    }
    const int rc = sort_rows(trades, ranking, options);
    if (rc < 0) {
        return rx_error_set(err, rc, "out of memory");
    }
    *ret = RX_TAKE(ranking);
    return 0;
}

void rx_ranking_free(struct rx_ranking *ranking)
{
    if (ranking) {
        free(ranking->rows);
        free(ranking);
    }
}

const struct rx_rank_row *rx_ranking_find(const struct rx_ranking *ranking, uint32_t wallet)
{
    for (size_t i = 0; i < ranking->n; i++) {
        if (ranking->rows[i].wallet == wallet) {
            return &ranking->rows[i];
        }
    }
    return NULL;
}

static bool passes(const struct rx_rank_row *row, const struct rx_search_query *query)
{
    if (query->chain != RX_NAME_NONE && row->chain != query->chain) {
        return false;
    }
    if (!isnan(query->min_win_rate) && !(row->win.rate >= query->min_win_rate)) {
        return false;
    }
    if (query->min_pnl != RX_MONEY_UNKNOWN && row->realised < query->min_pnl) {
        return false;
    }
    if (query->min_volume != RX_MONEY_UNKNOWN && row->volume < query->min_volume) {
        return false;
    }
    return row->trades >= query->min_trades;
}

int rx_ranking_search(const struct rx_ranking *ranking, const struct rx_search_query *query,
                      size_t **ret, size_t *ret_n, size_t *ret_total)
{
    rx_autofree struct ordered *order = calloc(ranking->n + 1, sizeof(*order));
    if (!order) {
        return -ENOMEM;
    }
    size_t total = 0;
    for (size_t i = 0; i < ranking->n; i++) {
        if (passes(&ranking->rows[i], query)) {
            const double value = rx_rank_value(&ranking->rows[i], query->sort);
            order[total++] = (struct ordered){query->ascending ? -value : value, i, !isnan(value)};
        }
    }
    if (total > 0) {
        qsort(order, total, sizeof(*order), by_value);
    }
    const size_t from = query->offset < total ? query->offset : total;
    const size_t n = total - from < query->limit ? total - from : query->limit;
    rx_autofree size_t *page = calloc(n + 1, sizeof(*page));
    if (!page) {
        return -ENOMEM;
    }
    for (size_t i = 0; i < n; i++) {
        page[i] = order[from + i].index;
    }
    *ret = RX_TAKE(page);
    *ret_n = n;
    *ret_total = total;
    return 0;
}
