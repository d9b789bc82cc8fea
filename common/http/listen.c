// SPDX-License-Identifier: Apache-2.0
#include "common/http/internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>

#define LISTEN_BACKLOG 1024

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static int address_of(const char *host, uint16_t port, union address *ret, socklen_t *ret_n)
{
    *ret = (union address){0};
    if (inet_pton(AF_INET, host, &ret->v4.sin_addr) == 1) {
        ret->v4.sin_family = AF_INET;
        ret->v4.sin_port = htons(port);
        *ret_n = sizeof(ret->v4);
        return 0;
    }
    if (inet_pton(AF_INET6, host, &ret->v6.sin6_addr) == 1) {
        ret->v6.sin6_family = AF_INET6;
        ret->v6.sin6_port = htons(port);
        *ret_n = sizeof(ret->v6);
        return 0;
    }
    return RX_EINVALID;
}

/* A socket that does not share finds out whether anybody else listens there. */
static int check_free(const union address *address, socklen_t n)
{
    const int on = 1;
    rx_autoclose int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
        bind(fd, &address->any, n) < 0 || listen(fd, 1) < 0) {
        return -errno;
    }
    return 0;
}

static int open_socket(const union address *address, socklen_t n)
{
    const int on = 1, off = 0;
    rx_autoclose int fd =
        socket(address->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) < 0) {
        return -errno;
    }
    /* "::" takes IPv4 too; a host without IPv6 refuses the option, which changes nothing. */
    if (address->any.sa_family == AF_INET6) {
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
    }
    if (bind(fd, &address->any, n) < 0 || listen(fd, LISTEN_BACKLOG) < 0) {
        return -errno;
    }
    return RX_TAKE_FD(fd);
}

int rx_http_listen(const struct rx_http_server_options *options, int *ret_fd, uint16_t *ret_port,
                   struct rx_error *err)
{
    union address address;
    socklen_t n = 0;
    if (address_of(options->host, options->port, &address, &n) < 0) {
        return rx_error_set(err, RX_EINVALID, "listen address \"%s\": expected a numeric address",
                            options->host);
    }
    const int taken = options->shared || options->port == 0 ? 0 : check_free(&address, n);
    rx_autoclose int fd = taken < 0 ? taken : open_socket(&address, n);
    if (fd < 0) {
        return rx_error_errno(err, -fd, "listen on %s port %u", options->host, options->port);
    }
    if (getsockname(fd, &address.any, &n) < 0) {
        return rx_error_errno(err, errno, "listen on %s: local address", options->host);
    }
    *ret_port =
        ntohs(address.any.sa_family == AF_INET ? address.v4.sin_port : address.v6.sin6_port);
    *ret_fd = RX_TAKE_FD(fd);
    return 0;
}
