// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <string.h>

#include "agent/engine/model/model_core.h"

/* array: the address of a pointer. What it held is lost. */
static int grow(void *array, size_t *room, size_t wanted, size_t size)
{
    void *old;
    if (wanted <= *room) {
        return 0;
    }
    void *more = malloc(wanted * size);
    if (!more) {
        return -ENOMEM;
    }
    memcpy(&old, array, sizeof(old));
    free(old);
    memcpy(array, &more, sizeof(more));
    *room = wanted;
    return 0;
}

int rx_model_scratch_fit(struct rx_model_scratch *scratch, const struct rx_model *model,
                         struct rx_error *err)
{
    const size_t number = sizeof(double);
    if (grow(&scratch->outputs, &scratch->n_outputs, model->n_outputs, number) < 0 ||
        grow(&scratch->shares, &scratch->n_shares, model->n_shares, number) < 0 ||
        grow(&scratch->columns, &scratch->n_columns, model->n_columns + 1, number) < 0 ||
        grow(&scratch->rows, &scratch->n_rows, model->max_batch * model->max_inputs, number) < 0 ||
        grow(&scratch->margins, &scratch->n_margins, model->max_margins, number) < 0 ||
        grow(&scratch->state, &scratch->n_evals, model->n_evals, 1) < 0 ||
        grow(&scratch->shap, &scratch->n_shap, model->max_shap, 1) < 0) {
        return rx_error_set(err, -ENOMEM, "model: out of memory");
    }
    return 0;
}

int rx_model_scratch_new(const struct rx_model *model, struct rx_model_scratch **ret,
                         struct rx_error *err)
{
    rx_auto(model_scratch) struct rx_model_scratch *scratch = calloc(1, sizeof(*scratch));
    if (!scratch) {
        return rx_error_set(err, -ENOMEM, "model: out of memory");
    }
    const int rc = rx_model_scratch_fit(scratch, model, err);
    if (rc < 0) {
        return rc;
    }
    *ret = RX_TAKE(scratch);
    return 0;
}

void rx_model_scratch_free(struct rx_model_scratch *scratch)
{
    if (scratch) {
        free(scratch->outputs);
        free(scratch->shares);
        free(scratch->columns);
        free(scratch->rows);
        free(scratch->margins);
        free(scratch->state);
        free(scratch->shap);
        free(scratch);
    }
}
