// SPDX-License-Identifier: Apache-2.0
#include "agent/offline/cmd_input.h"

#include <errno.h>

#include "common/base/file.h"

int rx_cmd_load_model(const char *path, struct rx_model **ret, struct rx_error *err)
{
    if (!path) {
        return rx_model_load_default(ret, err);
    }
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(RX_MODEL_MAX_BYTES);
    int rc = rx_file_read(path, &text, err);
    if (rc < 0) {
        return rc;
    }
    rc = rx_model_load(rx_buf_str(&text), ret, err);
    return rc < 0 ? rx_error_wrap(err, "%s", path) : 0;
}

int rx_cmd_read_tables(const char *pairs, const char *events, const char *lp,
                       struct rx_tables **ret, struct rx_error *err)
{
    rx_auto(tables) struct rx_tables *tables = rx_tables_new();
    if (!tables) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    int rc = rx_tables_read_pairs(tables, pairs, err);
    if (rc == 0) {
        rc = rx_tables_read_events(tables, events, err);
    }
    if (rc == 0 && lp) {
        rc = rx_tables_read_lp(tables, lp, err);
    }
    if (rc < 0) {
        return rc;
    }
    rx_tables_sort(tables);
    *ret = RX_TAKE(tables);
    return 0;
}
