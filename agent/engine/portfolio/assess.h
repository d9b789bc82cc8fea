// SPDX-License-Identifier: Apache-2.0
/* Inside of the portfolio: the parts of an assessment that need price history, and the score. */
#pragma once

#include "agent/engine/portfolio/portfolio.h"

/* Volatility, VaR, correlation, performance and the probabilities of liquidation. */
int rx_portfolio_assess_returns(struct rx_portfolio *p, const struct rx_portfolio_input *input,
                                const double *prices, struct rx_error *err) RX_MUST_CHECK;
/* The components and the overall score from all the rest. */
void rx_portfolio_assess_score(struct rx_portfolio *p);
