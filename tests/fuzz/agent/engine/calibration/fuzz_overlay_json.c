// SPDX-License-Identifier: Apache-2.0
/* A state file of recalibrations from anywhere is refused with a message, or applies to finite
 * numbers and survives being written and read again. */
#include <math.h>
#include <stdint.h>

#include "agent/engine/calibration/overlay_json.h"

static void write_set(const struct rx_overlay_set *set, struct rx_buf *out)
{
    struct rx_jw w;
    rx_jw_init(&w, out);
    rx_overlay_set_write(&w, set);
    if (out->error) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    rx_auto(overlay_set) struct rx_overlay_set set = {0};
    rx_auto(overlay_set) struct rx_overlay_set again = {0};
    struct rx_error err = {0};
    if (rx_overlay_set_parse((struct rx_str){(const char *)data, size}, &set, &err) < 0) {
        if (err.msg[0] == 0 || set.n != 0) {
            abort();
        }
        return 0;
    }
    for (size_t i = 0; i < set.n; i++) {
        double before = -(double)INFINITY;
        for (double f = -50; f <= 50; f += 0.5) {
            double now = rx_overlay_apply(set.top[i], f);
            if (!isfinite(now) || now < before) {
                abort();
            }
            before = now;
        }
    }
    rx_auto(buf) struct rx_buf first = RX_BUF_INIT(64u << 20);
    rx_auto(buf) struct rx_buf second = RX_BUF_INIT(64u << 20);
    write_set(&set, &first);
    if (rx_overlay_set_parse(rx_buf_str(&first), &again, &err) < 0) {
        abort();
    }
    write_set(&again, &second);
    if (first.n != second.n) {
        abort();
    }
    while (set.n > 0) {
        struct rx_recal_event event = {0};
        char target[RX_RECAL_NAME];
        memcpy(target, set.top[0]->target, sizeof(target));
        if (rx_overlay_set_rollback(&set, target, 0, &event, &err) < 0) {
            abort();
        }
        rx_recal_event_clear(&event);
    }
    return 0;
}
