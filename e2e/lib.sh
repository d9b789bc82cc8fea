# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What demo, run and down share. Sourced with the repository root as the working directory.

# shellcheck disable=SC2034  # read by the scripts that source this
version=$(cat VERSION)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/radarx
own_cluster=true
[ -n "${KUBECONFIG:-}" ] && own_cluster=false

step() { printf '\n[%3ds] %s\n' "$SECONDS" "$*"; }
die() { printf '%s: %s\n' "$(basename "$0")" "$*" >&2; exit 1; }

# The cluster, its images and the chain, each reused when it is there already.
bring_up() {
    step 'Installing what is missing'
    scripts/deps build e2e
    e2e/cluster/binaries
    PATH=$(e2e/cluster/binaries --path):$PATH
    export PATH
    e2e/chain/packages
    step 'Cluster'
    e2e/cluster/up
    if $own_cluster; then
        KUBECONFIG=${RADARX_CLUSTER_DIR:-$PWD/build/cluster}/admin.kubeconfig
        export KUBECONFIG
        step 'Images'
        e2e/images/build
        e2e/images/load
    fi
}

# Runs a command where Service addresses are routed: in our own cluster's network, else right here.
on_node() {
    if $own_cluster; then e2e/cluster/nodesh "$@"; else "$@"; fi
}
