// SPDX-License-Identifier: Apache-2.0
/*
 * Two policies: one that denies everything, one that allows what is needed. A NetworkPolicy cannot
 * name hosts, so a source is admitted by its address, by its namespace, or by its port.
 */
#include <errno.h>
#include <string.h>

#include "common/base/parse.h"
#include "operator/api/cidr.h"
#include "operator/render/parts.h"

#define HTTPS_PORT      443
#define OPERATOR_NAME   "radarx-operator"
#define NAMESPACE_LABEL "kubernetes.io/metadata.name"

static bool append(json_t *list, json_t *value)
{
    return json_array_append_new(list, value) == 0;
}

static bool append_once(json_t *list, json_t *value)
{
    size_t i;
    json_t *other;

    json_array_foreach(list, i, other)
    {
        if (value && json_equal(other, value)) {
            json_decref(value);
            return true;
        }
    }
    return append(list, value);
}

static json_t *tcp(int port)
{
    return json_pack("[{s:s, s:i}]", "protocol", "TCP", "port", port);
}

static int finish(const struct rx_render_in *in, const char *suffix, json_t *spec, json_t **ret,
                  struct rx_error *err)
{
    return rx_part_finish(in, "networking.k8s.io/v1", "NetworkPolicy", suffix, "spec", spec, ret,
                          err);
}

static json_t *both_directions(const struct rx_rxd *rxd)
{
    return json_pack("{s:o, s:[s, s]}", "podSelector", rx_part_selector(rxd), "policyTypes",
                     "Ingress", "Egress");
}

int rx_render_network_deny(const struct rx_render_in *in, json_t **ret, struct rx_error *err)
{
    return finish(in, "-deny", both_directions(in->rxd), ret, err);
}

/* ---- who may reach the agents ---- */

static json_t *clients(const struct rx_rxd *rxd)
{
    if (!rxd->network.ingress_from) {
        return json_pack("[{s:{}}]", "podSelector");
    }
    return rx_part_copy(rxd->network.ingress_from);
}

static json_t *operator_peer(struct rx_str ns)
{
    return json_pack("[{s:{s:{s:o}}, s:{s:{s:s}}}]", "namespaceSelector", "matchLabels",
                     NAMESPACE_LABEL, rx_part_str(ns), "podSelector", "matchLabels",
                     "app.kubernetes.io/name", OPERATOR_NAME);
}

static bool add_ingress(json_t *rules, json_t *from)
{
    return append(rules, json_pack("{s:o, s:o}", "from", from, "ports", tcp(RX_AGENT_PORT)));
}

/* An empty `from` would admit everybody, so a list without clients makes no rule. */
static json_t *ingress(const struct rx_render_in *in)
{
    const struct rx_rxd_network *network = &in->rxd->network;
    rx_auto(build) json_t *rules = json_array();
    bool ok = true;

    if (!network->ingress_from || rx_json_len(network->ingress_from) > 0) {
        ok = add_ingress(rules, clients(in->rxd));
    }
    if (in->operator_namespace.n > 0) {
        ok = ok && add_ingress(rules, operator_peer(in->operator_namespace));
    }
    if (network->prometheus) {
        ok = ok && add_ingress(rules, json_pack("[{s:o}]", "namespaceSelector",
                                                rx_part_copy(network->prometheus)));
    }
    return ok ? RX_TAKE(rules) : NULL;
}

/* ---- whom agents may reach ---- */

struct endpoint {
    struct rx_str host;
    int port;
};

/* Host and port of a URL that has passed the CRD's pattern. */
static bool parse_url(struct rx_str url, struct endpoint *ret)
{
    bool tls = rx_str_starts(url, RX_STR("https://"));
    size_t skip = tls ? strlen("https://") : strlen("http://");
    uint64_t port = tls ? HTTPS_PORT : 80;

    if (!tls && !rx_str_starts(url, RX_STR("http://"))) {
        return false;
    }
    struct rx_str rest = {url.p + skip, url.n - skip};
    ptrdiff_t slash = rx_str_find(rest, '/');
    rest.n = slash >= 0 ? (size_t)slash : rest.n;
    size_t host_end = 0;
    if (rest.n > 0 && rest.p[0] == '[') {
        ptrdiff_t bracket = rx_str_find(rest, ']');
        if (bracket < 0) {
            return false;
        }
        host_end = (size_t)bracket + 1;
        ret->host = (struct rx_str){rest.p + 1, host_end - 2};
    } else {
        ptrdiff_t colon = rx_str_find(rest, ':');
        host_end = colon >= 0 ? (size_t)colon : rest.n;
        ret->host = (struct rx_str){rest.p, host_end};
    }
    struct rx_str tail = {rest.p + host_end, rest.n - host_end};
    if (tail.n > 1 && rx_parse_u64((struct rx_str){tail.p + 1, tail.n - 1}, 65535, &port) < 0) {
        return false;
    }
    ret->port = (int)port;
    return true;
}

/* NAMESPACE of NAME.NAMESPACE.svc and NAME.NAMESPACE.svc.DOMAIN, else an empty view. */
static struct rx_str service_namespace(struct rx_str host)
{
    struct rx_str name, ns, svc;

    if (rx_str_cut(&host, '.', &name) && rx_str_cut(&host, '.', &ns) &&
        rx_str_cut(&host, '.', &svc) && rx_str_is(svc, "svc")) {
        return ns;
    }
    return (struct rx_str){0};
}

/* [{ipBlock: {cidr}}, ...] of spec.networkPolicy.egressCIDRs. */
static json_t *cidr_peers(const struct rx_json *cidrs)
{
    rx_auto(build) json_t *peers = json_array();

    RX_JSON_FOREACH (item, cidrs) {
        if (!append(peers, json_pack("{s:{s:o}}", "ipBlock", "cidr",
                                     rx_part_str(rx_json_str(item.value))))) {
            return NULL;
        }
    }
    return RX_TAKE(peers);
}

/* The internet without private and link-local ranges. */
static json_t *public_peers(void)
{
    return json_pack("[{s:{s:s, s:[s, s, s, s, s]}}, {s:{s:s, s:[s, s]}}]", "ipBlock", "cidr",
                     "0.0.0.0/0", "except", "10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16",
                     "172.16.0.0/12", "192.168.0.0/16", "ipBlock", "cidr", "::/0", "except",
                     "fc00::/7", "fe80::/10");
}

static json_t *to_address(const struct rx_cidr *address, const struct endpoint *endpoint)
{
    return json_pack("{s:[{s:{s:o}}], s:o}", "to", "ipBlock", "cidr",
                     json_sprintf(RX_STR_FMT "/%u", RX_STR_ARG(endpoint->host), address->bits),
                     "ports", tcp(endpoint->port));
}

/*
 * A policy sees the port of the pod behind a Service, which the URL does not tell: any TCP port of
 * that namespace.
 */
static json_t *to_namespace(struct rx_str ns)
{
    return json_pack("{s:[{s:{s:{s:o}}}], s:[{s:s}]}", "to", "namespaceSelector", "matchLabels",
                     NAMESPACE_LABEL, rx_part_str(ns), "ports", "protocol", "TCP");
}

static json_t *to_any(const struct rx_rxd *rxd, int port)
{
    if (rxd->network.egress_cidrs) {
        return json_pack("{s:o, s:o}", "to", cidr_peers(rxd->network.egress_cidrs), "ports",
                         tcp(port));
    }
    return json_pack("{s:o}", "ports", tcp(port));
}

/* The operator does not read the Secret: HTTPS to the internet, or anything to egressCIDRs. */
static json_t *to_secret_url(const struct rx_rxd *rxd)
{
    if (rxd->network.egress_cidrs) {
        return json_pack("{s:o, s:[{s:s}]}", "to", cidr_peers(rxd->network.egress_cidrs), "ports",
                         "protocol", "TCP");
    }
    return json_pack("{s:o, s:o}", "to", public_peers(), "ports", tcp(HTTPS_PORT));
}

static json_t *to_source(const struct rx_rxd *rxd, const struct rx_json *source)
{
    const struct rx_json *url = rx_json_get(source, "rpcURL");
    struct endpoint endpoint;
    struct rx_cidr address;

    if (!url || !parse_url(rx_json_str(url), &endpoint)) {
        return to_secret_url(rxd);
    }
    if (rx_cidr_parse_address(endpoint.host, &address)) {
        return to_address(&address, &endpoint);
    }
    struct rx_str ns = service_namespace(endpoint.host);
    return ns.n > 0 ? to_namespace(ns) : to_any(rxd, endpoint.port);
}

static json_t *egress(const struct rx_rxd *rxd)
{
    rx_auto(build) json_t *rules = json_array();

    /* Names are looked up at any address: cluster DNS, or a cache on the node. */
    bool ok = append(rules, json_pack("{s:[{s:s, s:i}, {s:s, s:i}]}", "ports", "protocol", "UDP",
                                      "port", 53, "protocol", "TCP", "port", 53));
    RX_JSON_FOREACH (source, rxd->sources) {
        ok = ok && append_once(rules, to_source(rxd, source.value));
    }
    return ok ? RX_TAKE(rules) : NULL;
}

int rx_render_network_allow(const struct rx_render_in *in, json_t **ret, struct rx_error *err)
{
    rx_auto(build) json_t *spec = both_directions(in->rxd);
    rx_auto(build) json_t *rules = ingress(in);

    if (!rules || (json_array_size(rules) > 0 && !rx_part_put(spec, "ingress", RX_TAKE(rules))) ||
        !rx_part_put(spec, "egress", egress(in->rxd))) {
        return rx_error_set(err, -ENOMEM, "out of memory");
    }
    return finish(in, "-allow", RX_TAKE(spec), ret, err);
}
