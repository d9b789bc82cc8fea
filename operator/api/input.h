// SPDX-License-Identifier: Apache-2.0
/* Manifests from files: YAML or JSON, several documents, Lists. Blocking; thread-safe. */
#pragma once

#include "common/base/error.h"
#include "common/json/read.h"

#define RX_INPUT_BYTES_MAX   (4 << 20)
#define RX_INPUT_OBJECTS_MAX 1000

struct rx_input; /* the objects of one file */

/* path "-" = standard input. Errors name the path. */
int rx_input_read(const char *path, struct rx_input **ret, struct rx_error *err) RX_MUST_CHECK;
void rx_input_free(struct rx_input *input);
RX_DEFINE_CLEANUP(input, struct rx_input *, rx_input_free);

/* The objects in order, a List's items in its place; borrowed. */
size_t rx_input_count(const struct rx_input *input);
const struct rx_json *rx_input_object(const struct rx_input *input, size_t index);
