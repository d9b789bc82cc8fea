# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# What up, down and control-plane share: processes by pid file, waiting, certificates, etcd and the apiserver.
# The sourcing script sets: me (its name in messages), state (its directory), and calls everything from bash -euo pipefail.
# shellcheck disable=SC2154

say() { printf '%s: %s\n' "$me" "$*" >&2; }
die() { say "$*"; exit 1; }

# ---- processes. A pid file holds "PID START-TIME": a number that the kernel gave to another program is not ours.

start_time() { # PID
    local stat
    stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
    # The command's name is in brackets and may hold spaces; the start time is the 20th field after it.
    # shellcheck disable=SC2086
    set -- ${stat##*) }
    [ "$1" != Z ] && echo "${20}"
}

running() { # NAME
    local pid started
    read -r pid started 2>/dev/null <"$state/run/$1.pid" && [ "$(start_time "$pid")" = "$started" ]
}

# In the background, detached from this terminal, in the cgroup of which $cgroup is the cgroup.procs file, if set.
spawn() { # NAME COMMAND...
    local name=$1; shift
    (
        [ -z "${cgroup:-}" ] || echo "$BASHPID" >"$cgroup"
        exec setsid "$@"
    ) >"$state/log/$name.log" 2>&1 </dev/null 9>&- &
    echo "$! $(start_time $!)" >"$state/run/$name.pid"
}

# Sends a signal and does not wait, so that several can stop side by side.
signal() { # NAME SIGNAL
    if running "$1"; then
        kill -s "$2" "$(cut -d' ' -f1 "$state/run/$1.pid")" 2>/dev/null || true
    fi
}

stopped() { ! running "$1"; }

stop() { # NAME...
    local name
    for name in "$@"; do signal "$name" TERM; done
    for name in "$@"; do
        if ! await 15 stopped "$name"; then
            signal "$name" KILL
            await 5 stopped "$name" || die "$name does not stop"
        fi
        rm -f "$state/run/$name.pid"
    done
}

# ---- waiting for a condition, never for a time

await() { # SECONDS COMMAND...
    local limit=$((${EPOCHREALTIME/[.,]/} + $1 * 1000000)); shift
    until "$@" >/dev/null 2>&1; do
        [ "${EPOCHREALTIME/[.,]/}" -lt "$limit" ] || return 1
        sleep 0.05
    done
}

# The process must live while its condition is awaited: a crash is reported at once, with its last words.
await_process() { # NAME SECONDS COMMAND...
    local name=$1 seconds=$2; shift 2
    # shellcheck disable=SC2317,SC2329
    ready_or_dead() { "$@" || ! running "$name"; }
    if ! await "$seconds" ready_or_dead "$@" || ! running "$name"; then
        say "$name did not become ready; the end of $state/log/$name.log:"
        tail -n 12 "$state/log/$name.log" >&2
        exit 1
    fi
}

# ---- certificates

authority() { # NAME
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj "/CN=$1" \
        -keyout "$state/pki/$1.key" -out "$state/pki/$1.crt" \
        -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign 2>/dev/null
}

certificate() { # NAME SUBJECT [SUBJECT-ALTERNATIVE-NAMES]
    local base=$state/pki/$1 extra=
    [ $# -lt 3 ] || extra="subjectAltName=$3"
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "$2" -keyout "$base.key" -out "$base.csr" 2>/dev/null
    openssl x509 -req -in "$base.csr" -CA "$state/pki/ca.crt" -CAkey "$state/pki/ca.key" -days 3650 \
        -set_serial "0x$(openssl rand -hex 16)" -out "$base.crt" \
        -extfile <(printf 'keyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth,clientAuth\n%s\n' "$extra") 2>/dev/null
    rm "$base.csr"
}

kubeconfig() { # NAME SERVER: writes NAME.kubeconfig with everything inside, so that it can be moved
    local b=$state/pki/$1
    cat >"$state/$1.kubeconfig.new" <<Y
apiVersion: v1
kind: Config
current-context: radarx
clusters: [{name: radarx, cluster: {server: "$2", certificate-authority-data: $(base64 -w0 "$state/pki/ca.crt")}}]
contexts: [{name: radarx, context: {cluster: radarx, user: "$1"}}]
users: [{name: "$1", user: {client-certificate-data: $(base64 -w0 "$b.crt"), client-key-data: $(base64 -w0 "$b.key")}}]
Y
    chmod 600 "$state/$1.kubeconfig.new"
    mv "$state/$1.kubeconfig.new" "$state/$1.kubeconfig"
}

control_plane_pki() { # ADDRESS...: those that the apiserver answers on
    [ -e "$state/pki/done" ] && return
    local sans=DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:localhost,IP:10.96.0.1 ip
    for ip in "$@"; do sans+=,IP:$ip; done
    mkdir -p "$state/pki"
    authority ca
    certificate apiserver /CN=kube-apiserver "$sans"
    certificate admin /O=system:masters/CN=admin
    certificate controller-manager /CN=system:kube-controller-manager
    certificate front-proxy /CN=front-proxy-client
    certificate apiserver-kubelet /O=system:masters/CN=apiserver-kubelet
    openssl genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$state/pki/sa.key"
    openssl pkey -in "$state/pki/sa.key" -pubout -out "$state/pki/sa.pub"
    touch "$state/pki/done"
}

# ---- etcd, kube-apiserver, kube-controller-manager
# enter: words before each command (nsenter for the cluster, none on loopback); address, api_port, etcd_port: where;
# etcd, apiserver, manager: arrays with the command of each.

start_etcd() {
    local client=http://127.0.0.1:$etcd_port peer=http://127.0.0.1:$((etcd_port + 1))
    # Tests need no data after a power cut: no fsync saves most of etcd's time here.
    spawn etcd "${enter[@]}" "${etcd[@]}" --name=node --data-dir="$state/etcd" --unsafe-no-fsync --log-level=warn \
        --listen-client-urls="$client" --advertise-client-urls="$client" \
        --listen-peer-urls="$peer" --initial-advertise-peer-urls="$peer" --initial-cluster="node=$peer"
    await_process etcd 30 "${enter[@]}" curl -sf -o /dev/null "$client/health"
}

api() { # PATH [CURL-ARGUMENTS...]: as the admin
    local path=$1; shift
    "${enter[@]}" curl -sf --max-time 10 --cacert "$state/pki/ca.crt" --cert "$state/pki/admin.crt" --key "$state/pki/admin.key" \
        "$@" "https://$address:$api_port$path"
}

start_apiserver() { # MORE-FLAGS...
    local p=$state/pki
    spawn apiserver "${enter[@]}" "${apiserver[@]}" --etcd-servers="http://127.0.0.1:$etcd_port" \
        --bind-address="$address" --advertise-address="$address" --secure-port="$api_port" \
        --service-cluster-ip-range=10.96.0.0/16 --allow-privileged --authorization-mode=Node,RBAC \
        --client-ca-file="$p/ca.crt" --tls-cert-file="$p/apiserver.crt" --tls-private-key-file="$p/apiserver.key" \
        --service-account-issuer=https://kubernetes.default.svc --service-account-key-file="$p/sa.pub" \
        --service-account-signing-key-file="$p/sa.key" \
        --requestheader-client-ca-file="$p/ca.crt" --requestheader-allowed-names=front-proxy-client \
        --requestheader-username-headers=X-Remote-User --requestheader-group-headers=X-Remote-Group \
        --requestheader-extra-headers-prefix=X-Remote-Extra- \
        --proxy-client-cert-file="$p/front-proxy.crt" --proxy-client-key-file="$p/front-proxy.key" \
        --kubelet-client-certificate="$p/apiserver-kubelet.crt" --kubelet-client-key="$p/apiserver-kubelet.key" \
        --profiling=false "$@"
}

await_apiserver() {
    await_process apiserver 90 api /readyz
}

start_manager() { # MORE-FLAGS...
    spawn controller-manager "${enter[@]}" "${manager[@]}" --kubeconfig="$state/controller-manager.kubeconfig" \
        --authentication-kubeconfig="$state/controller-manager.kubeconfig" \
        --authorization-kubeconfig="$state/controller-manager.kubeconfig" \
        --leader-elect=false --use-service-account-credentials --root-ca-file="$state/pki/ca.crt" \
        --service-account-private-key-file="$state/pki/sa.key" --bind-address=127.0.0.1 --profiling=false "$@"
}
