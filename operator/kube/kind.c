// SPDX-License-Identifier: Apache-2.0
#include "operator/kube/kind.h"

#include <ctype.h>
#include <string.h>

static void add_collection(struct rx_buf *out, const struct rx_kube_kind *kind, struct rx_str ns)
{
    /* The core group alone lives under /api. */
    rx_buf_puts(out, strchr(kind->api_version, '/') ? "/apis/" : "/api/");
    rx_buf_puts(out, kind->api_version);
    if (ns.n > 0) {
        rx_buf_puts(out, "/namespaces/");
        rx_buf_add_percent(out, ns);
    }
    rx_buf_putc(out, '/');
    rx_buf_puts(out, kind->plural);
}

int rx_kube_path_collection(struct rx_buf *out, const struct rx_kube_kind *kind, struct rx_str ns,
                            struct rx_error *err)
{
    add_collection(out, kind, ns);
    return rx_buf_error(out, err);
}

int rx_kube_path_object(struct rx_buf *out, const struct rx_kube_kind *kind, struct rx_str ns,
                        struct rx_str name, const char *subresource, struct rx_error *err)
{
    if (ns.n == 0 || name.n == 0) {
        return rx_error_set(err, RX_EINVALID, "%s: a call on one object needs %s", kind->plural,
                            ns.n == 0 ? "its namespace" : "its name");
    }
    /* "." and ".." survive percent-encoding and would be resolved away by servers and proxies. */
    if (rx_str_is(name, ".") || rx_str_is(name, "..") || rx_str_is(ns, ".") ||
        rx_str_is(ns, "..")) {
        return rx_error_set(err, RX_EINVALID, "%s: \".\" and \"..\" are no names", kind->plural);
    }
    add_collection(out, kind, ns);
    rx_buf_putc(out, '/');
    rx_buf_add_percent(out, name);
    if (subresource) {
        rx_buf_putc(out, '/');
        rx_buf_add_percent(out, rx_str_of(subresource));
    }
    return rx_buf_error(out, err);
}

void rx_kube_path_query(struct rx_buf *out, const char *key, struct rx_str value)
{
    rx_buf_putc(out, out->p && strchr(out->p, '?') ? '&' : '?');
    rx_buf_puts(out, key);
    rx_buf_putc(out, '=');
    rx_buf_add_percent(out, value);
}

static bool is_decimal(struct rx_str text)
{
    if (text.n == 0 || (text.n > 1 && text.p[0] == '0')) {
        return false;
    }
    for (size_t i = 0; i < text.n; i++) {
        if (!isdigit((unsigned char)text.p[i])) {
            return false;
        }
    }
    return true;
}

int rx_kube_rv_cmp(struct rx_str a, struct rx_str b)
{
    if (!is_decimal(a) || !is_decimal(b)) {
        return rx_str_eq(a, b) ? 0 : RX_RV_UNKNOWN;
    }
    if (a.n != b.n) {
        return a.n < b.n ? -1 : 1;
    }
    int order = memcmp(a.p, b.p, a.n);
    return order < 0 ? -1 : order > 0;
}
