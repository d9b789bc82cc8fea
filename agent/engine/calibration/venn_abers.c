// SPDX-License-Identifier: Apache-2.0
/*
 * Let P[j] = (rows, positives) among the first j groups of equal score. Isotonic regression is the
 * slope of the greatest convex minorant of these points. Adding a positive to group i moves the
 * points i.. by (1, 1), or, the same, the points before i by (-1, -1). The slope at group i is that
 * of the common tangent of the hull of the moved points before i and the hull of the points from i
 * on. Both of its ends only move right as i grows, so all slopes cost one walk.
 *
 * A positive between two groups pools with the group above it, so the answer for a score is that of
 * the next group at or above it. The case of an added negative is the mirror image.
 */
#include "agent/engine/calibration/venn_abers.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>

struct rx_venn_abers {
    size_t n;
    double *x, *p0, *p1; /* owned, one block: p0 and p1 for a score equal to x[i] */
};

struct point {
    double x, y;
};

/* Scratch for one walk over n groups. */
struct walk {
    size_t n;
    struct point *sums; /* [n + 1], sums[0] = (0, 0) */
    size_t *next;       /* [n + 1]: next corner of the hull of the points from j on */
    size_t *left;       /* [n]: corners of the hull of the moved points */
};

/* > 0 when c is above the line through a and b, with a before b before c. */
static double turn(struct point a, struct point b, struct point c)
{
    return (b.x - a.x) * (c.y - a.y) - (b.y - a.y) * (c.x - a.x);
}

static struct point moved(const struct walk *w, size_t j)
{
    return (struct point){w->sums[j].x - 1, w->sums[j].y - 1};
}

/* Hull of the points j..n as a list that starts at j, for every j. */
static void link_right_hulls(struct walk *w)
{
    w->next[w->n] = w->n;
    for (size_t j = w->n; j-- > 0;) {
        size_t after = j + 1;
        while (w->next[after] != after &&
               turn(w->sums[j], w->sums[after], w->sums[w->next[after]]) <= 0) {
            after = w->next[after];
        }
        w->next[j] = after;
    }
}

/* slopes[i - 1] = fit at group i (1..n) with a positive added to it. */
static void walk_slopes(struct walk *w, double *slopes)
{
    size_t top = 0; /* corners on the left hull */
    size_t l = 0;   /* position of the tangent's left end on it */
    size_t r = 1;   /* the tangent's right end */
    link_right_hulls(w);
    for (size_t i = 1; i <= w->n; i++) {
        struct point fresh = moved(w, i - 1);
        while (top > 1 &&
               turn(moved(w, w->left[top - 2]), moved(w, w->left[top - 1]), fresh) <= 0) {
            top--;
        }
        w->left[top++] = i - 1;
        l = l < top ? l : top - 1;
        r = r < i ? i : r;
        for (;;) {
            struct point from = moved(w, w->left[l]);
            while (w->next[r] != r && turn(from, w->sums[r], w->sums[w->next[r]]) <= 0) {
                r = w->next[r];
            }
            if (l + 1 == top || turn(from, moved(w, w->left[l + 1]), w->sums[r]) <= 0) {
                slopes[i - 1] = (w->sums[r].y - from.y) / (w->sums[r].x - from.x);
                break;
            }
            l++;
        }
    }
}

static void fill(struct walk *w, const struct rx_cal_group *groups, bool mirrored)
{
    w->sums[0] = (struct point){0, 0};
    for (size_t i = 0; i < w->n; i++) {
        const struct rx_cal_group *g = &groups[mirrored ? w->n - 1 - i : i];
        double sum = mirrored ? g->weight - g->sum : g->sum;
        w->sums[i + 1] = (struct point){w->sums[i].x + g->weight, w->sums[i].y + sum};
    }
}

static int compute(struct rx_venn_abers *va, const struct rx_cal_group *groups)
{
    size_t n = va->n;
    rx_autofree struct point *sums = calloc(n + 1, sizeof(*sums));
    rx_autofree size_t *next = malloc((n + 1) * sizeof(*next));
    rx_autofree size_t *left = malloc(n * sizeof(*left));
    rx_autofree double *mirror = malloc(n * sizeof(*mirror));
    if (!sums || !next || !left || !mirror) {
        return -ENOMEM;
    }
    struct walk w = {n, sums, next, left};
    fill(&w, groups, false);
    walk_slopes(&w, va->p1);
    fill(&w, groups, true);
    walk_slopes(&w, mirror);
    for (size_t i = 0; i < n; i++) {
        va->x[i] = groups[i].x;
        va->p0[i] = fmax(0, 1 - mirror[n - 1 - i]);
    }
    return 0;
}

int rx_venn_abers_fit(const struct rx_cal_rows *rows, struct rx_venn_abers **ret,
                      struct rx_error *err)
{
    rx_autofree struct rx_cal_group *groups = NULL;
    size_t n = 0;
    struct rx_cal_rows plain = {rows->n, rows->x, rows->y, NULL};
    int rc = rx_cal_group_rows(&plain, &groups, &n, err);
    if (rc < 0) {
        return rc;
    }
    rx_auto(venn_abers) struct rx_venn_abers *va = calloc(1, sizeof(*va));
    double *block = va ? malloc(3 * n * sizeof(*block)) : NULL;
    if (!block) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    *va = (struct rx_venn_abers){n, block, block + n, block + 2 * n};
    if (compute(va, groups) < 0) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    *ret = RX_TAKE(va);
    return 0;
}

void rx_venn_abers_free(struct rx_venn_abers *va)
{
    if (va) {
        free(va->x);
        free(va);
    }
}

void rx_venn_abers_at(const struct rx_venn_abers *va, double score, double *ret_p0, double *ret_p1)
{
    size_t low = 0;
    size_t high = va->n;
    while (low < high) { /* low becomes the first group at or above the score */
        size_t middle = low + (high - low) / 2;
        if (va->x[middle] < score) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    bool equal = low < va->n && va->x[low] <= score;
    *ret_p1 = low < va->n ? va->p1[low] : 1;
    *ret_p0 = equal ? va->p0[low] : (low > 0 ? va->p0[low - 1] : 0);
}

double rx_venn_abers_merge(double p0, double p1)
{
    return p1 / (1 - p0 + p1);
}
