// SPDX-License-Identifier: Apache-2.0
/*
 * Any manifest: validation ends in a verdict, a CR that it accepts renders completely, and one that
 * it refuses (a cluster may hold it all the same) at worst gives an error.
 */
#include <assert.h>
#include <stdint.h>

#include "common/yaml/yaml.h"
#include "operator/api/validate.h"
#include "operator/render/render.h"

#define TEXT_MAX (16u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void render(const struct rx_json *object, bool valid)
{
    struct rx_error err = {0};
    struct rx_rxd rxd;

    int r = rx_rxd_read(object, &rxd, &err);
    assert(r == 0 || (err.code == r && err.msg[0]));
    if (r < 0) {
        assert(!valid || rxd.name.n == 0); /* a name may still be generated */
        return;
    }
    const struct rx_render_in in = {&rxd, RX_STR("radarx-system")};
    for (size_t i = 0; i < rx_render_children_n; i++) {
        json_t *child = NULL;
        if (rx_render_children[i].enabled(&in)) {
            r = rx_render_child(&rx_render_children[i], &in, &child, &err);
            assert(r == 0 || !valid);
        }
        json_decref(child);
    }
}

static void check(const struct rx_json *object)
{
    rx_auto(problems) struct rx_problems problems = {0};
    rx_auto(buf) struct rx_buf full = RX_BUF_INIT(TEXT_MAX);
    rx_auto(json_doc) struct rx_json_doc *doc = NULL;
    struct rx_error err = {0};

    /* A text close to the bounds may grow beyond them: an error, not a verdict. */
    if (rx_validate(object, &problems, &err) < 0) {
        return;
    }
    if (!rx_str_is(rx_json_str(rx_json_get(object, "kind")), RX_RXD_KIND)) {
        return;
    }
    int r = rx_default(object, &full, &err);
    assert(r == 0);
    r = rx_json_parse(rx_buf_str(&full), NULL, &doc, &err);
    assert(r == 0 || problems.n > 0);
    render(rx_json_root(doc), problems.n == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    rx_auto(buf) struct rx_buf json = RX_BUF_INIT(TEXT_MAX);
    rx_auto(json_doc) struct rx_json_doc *doc = NULL;
    struct rx_error err = {0};

    if (rx_yaml_to_json((struct rx_str){(const char *)data, n}, NULL, &json, &err) < 0 ||
        rx_json_parse(rx_buf_str(&json), NULL, &doc, &err) < 0) {
        return 0;
    }
    RX_JSON_FOREACH (document, rx_json_root(doc)) {
        check(document.value);
    }
    return 0;
}
