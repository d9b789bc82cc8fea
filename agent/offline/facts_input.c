// SPDX-License-Identifier: Apache-2.0
#include "agent/offline/facts_input.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "common/base/file.h"

#define MAX_ANSWER (8u << 20)

static int64_t time_of(const char *path)
{
    struct stat st;
    return strcmp(path, "-") != 0 && stat(path, &st) == 0 ? (int64_t)st.st_mtime
                                                          : (int64_t)time(NULL);
}

int rx_facts_read(const char *path, struct rx_str token, int64_t observed_at,
                  struct rx_facts *facts, bool *ret_solana, struct rx_error *err)
{
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(MAX_ANSWER);
    int rc = rx_file_read(path, &text, err);
    if (rc < 0) {
        return rc;
    }
    const struct rx_upstream_query query = {
        .source = RX_UPSTREAM_UNKNOWN,
        .token = token,
        .observed_at = observed_at >= 0 ? observed_at : time_of(path),
    };
    struct rx_upstream_answer answer;
    rc = rx_upstream_parse(rx_buf_str(&text), &query, &answer);
    if (rc < 0) {
        return rx_error_set(err, rc, "%s: out of memory", path);
    }
    if (answer.status != RX_UPSTREAM_OK && answer.status != RX_UPSTREAM_PARTIAL) {
        rc = rx_error_set(err, RX_ESTATUS, "%s: %s: %s: %s", path, rx_upstream_name(answer.source),
                          rx_upstream_status_name(answer.status), answer.message);
        if (err) {
            err->retryable = rx_upstream_retryable(answer.status);
        }
        return rc;
    }
    rx_facts_merge(facts, &answer);
    *ret_solana = rx_upstream_is_solana(answer.source, rx_str_of(answer.token));
    return 0;
}
