// SPDX-License-Identifier: Apache-2.0
/* Risk and its rules as pages that a person reads. One thread. */
#pragma once

#include "agent/engine/risk/risk.h"
#include "common/base/buf.h"

/* Components with intervals and their largest parts, then the flags with their evidence. */
void rx_risk_page(const struct rx_risk_result *result, struct rx_buf *out);
/* The table of rules: plain columns, a Markdown table for docs/risk.md, or JSON. */
void rx_risk_rules_page(struct rx_buf *out);
void rx_risk_rules_markdown(struct rx_buf *out);
void rx_risk_rules_json(struct rx_buf *out);
