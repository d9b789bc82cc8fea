// SPDX-License-Identifier: Apache-2.0
/* Logs, descriptions of tokens and stored values: any bytes are refused or survive a round trip. */
#include <stdlib.h>
#include <string.h>

#include "agent/sources/evm_abi.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void check_round_trip(const struct evm_log *log)
{
    uint8_t packed[200];
    struct evm_log back = {0};
    size_t n = evm_pack(log, packed);
    struct rx_str data = {(const char *)packed, n};
    if (n > sizeof packed || !evm_unpack((enum rx_event_kind)log->kind, data, &back) ||
        memcmp(back.word, log->word, sizeof back.word) != 0 || memcmp(back.a, log->a, 20) != 0) {
        abort();
    }
}

static void one_log(const struct rx_json *json)
{
    struct evm_log log;
    struct evm_fault fault = {0};
    if (evm_log_place(json, &log, &fault) < 0 || evm_log_decode(json, &log, &fault) < 0) {
        if (fault.kind == EVM_OK || !fault.err.msg[0]) {
            abort(); /* a refusal without a reason */
        }
        return;
    }
    if (log.kind != EVM_LOG_PAIR_CREATED) {
        check_round_trip(&log);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct rx_str text = {(const char *)bytes, n};
    char out[33];
    evm_decode_text(text, out, sizeof out);
    if (!rx_str_is_utf8(rx_str_of(out)) || evm_decode_decimals(text) > 255) {
        abort();
    }
    for (int kind = RX_EVENT_SYNC; kind < RX_EVENT_KIND_MAX; kind++) {
        struct evm_log log = {0};
        if (evm_unpack((enum rx_event_kind)kind, text, &log)) {
            uint8_t packed[200];
            (void)evm_pack(&log, packed);
        }
    }
    rx_auto(json_doc) struct rx_json_doc *doc = NULL;
    if (rx_json_parse(text, NULL, &doc, NULL) < 0) {
        return 0;
    }
    const struct rx_json *root = rx_json_root(doc);
    one_log(root);
    RX_JSON_FOREACH (it, root) {
        one_log(it.value);
    }
    return 0;
}
