# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Names that up, down and nodesh agree on, and how the node's traces are removed. Needs lib.sh.
# One machine holds one cluster: its addresses and its cgroup exist once.
# shellcheck disable=SC2034,SC2154

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
state=$(realpath -m "${RADARX_CLUSTER_DIR:-$here/../../build/cluster}")
short=/run/radarx               # sockets, whose paths may have 107 characters only; holds a link to the state directory
netns=radarx-node
host_end=radarx0                # the host's end of the wire to the node
node_ip=10.88.0.1 host_ip=10.88.0.254
services=10.96.0.0/16 pods=10.244.0.0/16 dns_ip=10.96.0.10
address=$node_ip api_port=6443 etcd_port=2379
enter=(nsenter "--net=/run/netns/$netns")
components=(etcd apiserver controller-manager scheduler containerd kubelet kube-proxy coredns metrics-server netpol)

as_root() { # SCRIPT ARGUMENTS...
    [ "$(id -u)" != 0 ] || return 0
    command -v sudo >/dev/null || die "root or sudo is needed"
    exec sudo -n env "PATH=$PATH" "HOME=$HOME" "RADARX_CLUSTER_DIR=$state" "KUBECONFIG=${KUBECONFIG:-}" "CI=${CI:-}" \
        "XDG_CACHE_HOME=${XDG_CACHE_HOME:-}" "$@"
}

# KUBECONFIG means "use that cluster", unless it is the file that up itself writes.
foreign_cluster() {
    [ -n "${KUBECONFIG:-}" ] && [ "$(realpath -m "$KUBECONFIG")" != "$state/admin.kubeconfig" ]
}

# Every mounted hierarchy of cgroup v1, or the single one of v2.
hierarchies() {
    awk '{ for (i = 7; $i != "-"; i++); if ($(i + 1) ~ /^cgroup2?$/) print $5 }' /proc/self/mountinfo
}

# The hierarchy that counts our processes.
process_hierarchy() {
    if [ -e /sys/fs/cgroup/cgroup.controllers ]; then echo /sys/fs/cgroup; else echo /sys/fs/cgroup/pids; fi
}

members() { # every process in our cgroup: components, shims, containers
    find "$(process_hierarchy)/radarx" -name cgroup.procs -exec cat {} + 2>/dev/null || true
}

empty() { [ -z "$(members)" ]; }

# What a stopped cluster leaves in the kernel and in shared folders. Safe on any half-made or half-removed one.
sweep() {
    local pid path
    for pid in $(members); do kill -9 "$pid" 2>/dev/null || true; done
    await 15 empty || die "processes of the cluster do not end: $(members | tr '\n' ' ')"
    mounts_below "$state" "$short" | while read -r path; do umount -l "$path" 2>/dev/null || true; done
    if [ -e "/run/netns/$netns" ]; then ip netns del "$netns"; fi
    ip link del "$host_end" 2>/dev/null || true # it may have gone with the namespace
    hierarchies | while read -r path; do
        [ ! -d "$path/radarx" ] || find "$path/radarx" -depth -type d -exec rmdir {} +
    done
    # Network plugins note each sandbox in a shared folder: under our network's name and, with the same id, loopback's.
    for path in /var/lib/cni/results/radarx-*-eth0; do
        path=${path#*/radarx-}
        rm -f /var/lib/cni/results/*"-${path%-eth0}-"*
    done
    if [ -d /var/log/containers ]; then
        find /var/log/containers -lname "$state/*" -delete
        rmdir --ignore-fail-on-non-empty /var/log/containers
    fi
    rm -rf "$short" "$state/etcd" "$state/pki" "$state/containerd" "$state/kubelet" "$state/run" "$state/pods" "$state"/*.kubeconfig
}

mounts_below() { # DIR...: deepest first
    local dir
    for dir; do
        awk -v dir="$dir/" 'index($5, dir) == 1 { print $5 }' /proc/self/mountinfo
    done | sort -r
}

# Ends containers through containerd, which then also removes their shims and sockets.
end_containers() {
    local ctr=(ctr -a "$short/containerd.sock" -n k8s.io)
    "${ctr[@]}" containers ls -q 2>/dev/null | xargs -r -P 4 -n 1 timeout 10 "${ctr[@]}" tasks rm -f >/dev/null 2>&1 || true
}

# Volumes of the test StorageClass live in a shared folder: ask for them while the apiserver still answers.
remove_volumes() {
    running apiserver || return 0
    api /api/v1/persistentvolumes 2>/dev/null | jq -r '.items[].spec.hostPath.path // empty' | grep '^/tmp/hostpath_pv/' |
        while read -r path; do rm -rf "$path"; done || true
}

take_down() {
    remove_volumes
    stop kubelet scheduler kube-proxy coredns metrics-server netpol
    if running containerd; then end_containers; fi
    stop controller-manager containerd apiserver
    stop etcd
    sweep
}
