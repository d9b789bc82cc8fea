// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "common/base/base64.h"
#include "operator/render/parts.h"

#define KEY_MAX 256

/* Without data: the keys are made once, when the Secret is created, and never applied again. */
int rx_render_secret(const struct rx_render_in *in, json_t **ret, struct rx_error *err)
{
    return rx_part_finish(in, "v1", "Secret", "-api-keys", "type", json_string("Opaque"), ret, err);
}

static json_t *encoded(struct rx_str key)
{
    rx_auto(buf) struct rx_buf text = RX_BUF_INIT(2 * KEY_MAX);

    rx_base64_encode(&text, key.p, key.n);
    return text.error ? NULL : rx_part_str(rx_buf_str(&text));
}

int rx_render_secret_keys(json_t *secret, struct rx_str key1, struct rx_str key2)
{
    json_t *data = json_pack("{s:o, s:o}", "key-1", encoded(key1), "key-2", encoded(key2));
    return json_object_set_new(secret, "data", data) < 0 ? -ENOMEM : 0;
}
