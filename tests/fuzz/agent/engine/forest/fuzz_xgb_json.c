// SPDX-License-Identifier: Apache-2.0
/* An XGBoost model as JSON from anywhere loads and predicts finite numbers, or is refused with a
 * message. */
#include "tests/fuzz/agent/engine/forest/forest_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_model((struct rx_str){(const char *)data, size});
    return 0;
}
