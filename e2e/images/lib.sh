# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Names of the images and the fingerprints of what they are made from, for build and load.
# shellcheck disable=SC2034,SC2154

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/radarx
archives=$cache/images
tests=${RADARX_IMAGE_TESTS:-1}
version=$(cat "$root/VERSION")
images=(pause tools operator agent)

say() { printf '%s: %s\n' "$me" "$*" >&2; }
die() { say "$*"; exit 1; }

reference() { # NAME
    case $1 in
        pause | tools) echo "localhost/$1:1" ;;
        operator | agent) echo "ghcr.io/radarx/$1:$version" ;;
        *) die "unknown image '$1': ${images[*]}" ;;
    esac
}

# The files in .dockerignore's list, by content; both programs' images change together, for they share a build.
fingerprint() { # NAME
    local paths=("e2e/images/$1")
    case $1 in
        operator | agent)
            paths=(CMakeLists.txt CMakePresets.json VERSION cmake common operator agent models crds tests/unit tests/golden
                scripts/deps e2e/images/rootfs .dockerignore)
            ;;
    esac
    (
        cd "$root" || exit
        {
            uname -m
            case $1 in operator | agent) echo "tests=$tests" ;; esac
            find "${paths[@]}" -type f ! -path '*/__pycache__/*' ! -name '*.pyc' -print0 2>/dev/null | sort -z | xargs -0 sha256sum
        } | sha256sum | cut -c1-16
    )
}

archive() { # NAME
    echo "$archives/$1-$(fingerprint "$1").tar"
}
