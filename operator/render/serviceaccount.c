// SPDX-License-Identifier: Apache-2.0
#include "operator/render/parts.h"

/* The agent never talks to the API: no token anywhere. secrets and imagePullSecrets of the account
 * are left to others. */
int rx_render_serviceaccount(const struct rx_render_in *in, json_t **ret, struct rx_error *err)
{
    return rx_part_finish(in, "v1", "ServiceAccount", "", "automountServiceAccountToken",
                          json_false(), ret, err);
}
