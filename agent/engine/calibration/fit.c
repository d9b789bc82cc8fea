// SPDX-License-Identifier: Apache-2.0
#include "agent/engine/calibration/fit.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <stdbool.h>

#define MAX_TERMS  3
#define MAX_ROUNDS 80

/* A logistic model: z = sum theta[j] term[j](x). */
struct problem {
    const struct rx_cal_rows *rows;
    int n;                                          /* terms */
    void (*terms)(double x, double ret[MAX_TERMS]); /* fills the first n */
    double target[2];                               /* in place of label 0 and label 1 */
};

struct derivatives {
    double loss;
    double gradient[MAX_TERMS];
    double hessian[MAX_TERMS][MAX_TERMS];
};

/* ln(1 + exp(x)) without overflow. */
static double softplus(double x)
{
    return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x));
}

static void derive(const struct problem *q, const double theta[MAX_TERMS], bool loss_only,
                   struct derivatives *ret)
{
    *ret = (struct derivatives){0};
    for (size_t i = 0; i < q->rows->n; i++) {
        double term[MAX_TERMS] = {0};
        double weight = q->rows->weights ? q->rows->weights[i] : 1;
        double y = q->rows->y[i];
        double target = q->target[0] + y * (q->target[1] - q->target[0]);
        double z = 0;
        q->terms(q->rows->x[i], term);
        for (int j = 0; j < q->n; j++) {
            z += theta[j] * term[j];
        }
        ret->loss += weight * (softplus(z) - target * z);
        if (loss_only) {
            continue;
        }
        double p = z >= 0 ? 1 / (1 + exp(-z)) : exp(z) / (1 + exp(z));
        for (int j = 0; j < q->n; j++) {
            ret->gradient[j] += weight * (p - target) * term[j];
            for (int k = 0; k <= j; k++) {
                ret->hessian[j][k] += weight * p * (1 - p) * term[j] * term[k];
            }
        }
    }
}

/* Solves the symmetric system by Cholesky's method; a small ridge keeps it positive definite. */
static bool solve(struct derivatives *d, int n, double ret[MAX_TERMS])
{
    double largest = 0;
    for (int j = 0; j < n; j++) {
        largest = fmax(largest, d->hessian[j][j]);
    }
    double(*h)[MAX_TERMS] = d->hessian;
    for (int j = 0; j < n; j++) {
        h[j][j] += 1e-12 * largest + DBL_MIN;
        for (int k = 0; k <= j; k++) {
            double sum = h[j][k];
            for (int m = 0; m < k; m++) {
                sum -= h[j][m] * h[k][m];
            }
            if (j == k && !(sum > 0)) {
                return false;
            }
            h[j][k] = j == k ? sqrt(sum) : sum / h[k][k];
        }
    }
    for (int j = 0; j < n; j++) {
        ret[j] = d->gradient[j];
        for (int k = 0; k < j; k++) {
            ret[j] -= h[j][k] * ret[k];
        }
        ret[j] /= h[j][j];
    }
    for (int j = n; j-- > 0;) {
        for (int k = j + 1; k < n; k++) {
            ret[j] -= h[k][j] * ret[k];
        }
        ret[j] /= h[j][j];
    }
    return true;
}

/* Newton's method from theta. False when it does not settle: no finite optimum. */
static bool minimise(const struct problem *q, double theta[MAX_TERMS])
{
    struct derivatives now, tried;
    const int n = q->n;
    assert(n <= MAX_TERMS);
    for (int round = 0; round < MAX_ROUNDS; round++) {
        double step[MAX_TERMS] = {0};
        double next[MAX_TERMS] = {0};
        double slope = 0;
        derive(q, theta, false, &now);
        double gradient[MAX_TERMS] = {now.gradient[0], now.gradient[1], now.gradient[2]};
        if (!solve(&now, n, step)) {
            return false;
        }
        for (int j = 0; j < n; j++) {
            slope += step[j] * gradient[j];
        }
        if (slope <= 1e-12 * (1 + fabs(now.loss))) {
            for (int j = 0; j < n; j++) {
                theta[j] -= step[j]; /* the last digits; the loss no longer shows them */
            }
            /* A loss of nothing is the mark of separated classes: the slope has no limit. */
            return now.loss > 1e-9 * (double)q->rows->n;
        }
        double length = 1;
        for (;; length /= 2) {
            for (int j = 0; j < n; j++) {
                next[j] = theta[j] - length * step[j];
            }
            derive(q, next, true, &tried);
            if (tried.loss <= now.loss - 1e-4 * length * slope) {
                break;
            }
            if (length < 1e-7) {
                return true; /* rounding hides the rest */
            }
        }
        for (int j = 0; j < n; j++) {
            theta[j] = next[j];
            if (!(fabs(theta[j]) < 1e6)) {
                return false;
            }
        }
    }
    return false;
}

/* Weights of the labels. */
static void count_classes(const struct rx_cal_rows *rows, double *ret_negative,
                          double *ret_positive)
{
    *ret_negative = *ret_positive = 0;
    for (size_t i = 0; i < rows->n; i++) {
        double weight = rows->weights ? rows->weights[i] : 1;
        *ret_positive += weight * rows->y[i];
        *ret_negative += weight * (1 - rows->y[i]);
    }
}

static int check_classes(const struct rx_cal_rows *rows, const char *what, struct rx_error *err)
{
    double negative, positive;
    int rc = rx_cal_rows_check(rows, err);
    if (rc < 0) {
        return rc;
    }
    count_classes(rows, &negative, &positive);
    if (!(negative > 0 && positive > 0)) {
        return rx_error_set(err, RX_EINVALID, "%s calibrator: rows of both classes expected", what);
    }
    return 0;
}

static void slope_and_intercept(double x, double ret[MAX_TERMS])
{
    ret[0] = x;
    ret[1] = 1;
}

int rx_fit_platt(const struct rx_cal_rows *rows, struct rx_calibrator *ret, struct rx_error *err)
{
    double negative, positive;
    int rc = rx_cal_rows_check(rows, err);
    if (rc < 0) {
        return rc;
    }
    count_classes(rows, &negative, &positive);
    struct problem q = {
        rows, 2, slope_and_intercept, {1 / (negative + 2), (positive + 1) / (positive + 2)}};
    double prior = log((positive + 1) / (negative + 1));
    double theta[MAX_TERMS] = {0, prior, 0};
    if (!minimise(&q, theta)) {
        return rx_error_set(err, RX_EINVALID, "platt calibrator: the fit does not settle");
    }
    if (theta[0] < 0) { /* scores that rank backwards say nothing: the base rate remains */
        double mean = (negative * q.target[0] + positive * q.target[1]) / (negative + positive);
        theta[0] = 0;
        theta[1] = log(mean) - log1p(-mean);
    }
    *ret = (struct rx_calibrator){.kind = RX_CAL_PLATT, .a = theta[0], .b = theta[1]};
    return 0;
}

static void slope_only(double x, double ret[MAX_TERMS])
{
    ret[0] = x;
}

int rx_fit_temperature(const struct rx_cal_rows *rows, struct rx_calibrator *ret,
                       struct rx_error *err)
{
    int rc = check_classes(rows, "temperature", err);
    if (rc < 0) {
        return rc;
    }
    struct problem q = {rows, 1, slope_only, {0, 1}};
    double theta[MAX_TERMS] = {1, 0, 0};
    bool settled = minimise(&q, theta);
    /* Separated classes want an infinite slope, useless scores none: the bounds answer for both. */
    double slope = settled || theta[0] < 0 ? theta[0] : 1 / RX_CAL_MIN_TEMPERATURE;
    slope = fmin(fmax(slope, 1 / RX_CAL_MAX_TEMPERATURE), 1 / RX_CAL_MIN_TEMPERATURE);
    *ret = (struct rx_calibrator){.kind = RX_CAL_TEMPERATURE, .a = 1 / slope};
    return 0;
}

/* ln p, -ln(1 - p), 1 for p = 1 / (1 + exp(-x)). */
static void beta_terms(double x, double ret[MAX_TERMS])
{
    ret[0] = -softplus(-x);
    ret[1] = softplus(x);
    ret[2] = 1;
}

static void beta_a_only(double x, double ret[MAX_TERMS])
{
    ret[0] = -softplus(-x);
    ret[1] = 1;
}

static void beta_b_only(double x, double ret[MAX_TERMS])
{
    ret[0] = softplus(x);
    ret[1] = 1;
}

int rx_fit_beta(const struct rx_cal_rows *rows, struct rx_calibrator *ret, struct rx_error *err)
{
    int rc = check_classes(rows, "beta", err);
    if (rc < 0) {
        return rc;
    }
    struct problem q = {rows, 3, beta_terms, {0, 1}};
    double theta[MAX_TERMS] = {1, 1, 0};
    bool settled = minimise(&q, theta);
    struct rx_calibrator cal = {.kind = RX_CAL_BETA, .a = theta[0], .b = theta[1], .c = theta[2]};
    if (settled && (cal.a < 0 || cal.b < 0)) {
        bool keep_b = cal.a < 0;
        double pair[MAX_TERMS] = {1, 0, 0};
        q.n = 2;
        q.terms = keep_b ? beta_b_only : beta_a_only;
        settled = minimise(&q, pair);
        double slope = fmax(pair[0], 0);
        cal.a = keep_b ? 0 : slope;
        cal.b = keep_b ? slope : 0;
        cal.c = pair[1];
        if (pair[0] < 0) {
            double negative, positive;
            count_classes(rows, &negative, &positive);
            cal.c = log(positive / negative);
        }
    }
    if (!settled) {
        return rx_error_set(err, RX_EINVALID,
                            "beta calibrator: the fit does not settle: the classes are separated");
    }
    *ret = cal;
    return 0;
}
