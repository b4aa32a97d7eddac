#!/usr/bin/env bash
# Refuses a binary that needs a Swift runtime on the target or that contains the full Foundation.
#
#   linkage.sh BINARY...              checks each
#   linkage.sh --hardened BINARY...   refuses one that looks for libraries beside itself, has a fixed address, a
#                                     writable table of functions, or an executable stack
#   linkage.sh --self-test            builds programs that must be refused and some that must pass, and checks them
#
# FoundationEssentials (6 MB) is fine; the full Foundation adds some 50 MB with CoreFoundation and ICU. In a static
# binary its code shows as defined symbols of the module `Foundation`, mangled `$s10Foundation...`.
set -euo pipefail

check() {
    local binary=$1 symbols foundation needed
    symbols=$(nm --defined-only -- "$binary" 2>/dev/null || true)
    if ! grep -q " [$]s" <<<"$symbols"; then
        echo "$binary: no Swift symbols, stripped or not a Swift program: cannot tell what it contains" >&2
        return 1
    fi
    needed=$(readelf -d -- "$binary" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
    if grep -E '^lib(swift|Foundation|_Foundation|dispatch|BlocksRuntime)' <<<"$needed"; then
        echo "$binary: needs these libraries of a Swift toolchain at run time" >&2
        return 1
    fi
    foundation=$(grep -cE " [$]s(10Foundation|30FoundationInternationalization)" <<<"$symbols" || true)
    if ((foundation > 0)); then
        echo "$binary: contains the full Foundation ($foundation symbols); import FoundationEssentials or none" >&2
        return 1
    fi
    echo "$binary: no Swift runtime needed, no full Foundation"
}

hardened() {
    local binary=$1 dynamic segments
    dynamic=$(readelf -W -d -- "$binary")
    segments=$(readelf -W -l -- "$binary")
    refuse() {
        echo "$binary: $1" >&2
        return 1
    }
    if grep -qE '\((RPATH|RUNPATH)\)' <<<"$dynamic"; then
        refuse "has a RUNPATH; link with --disable-local-rpath" || return 1
    fi
    grep -qE '\(FLAGS_1\).*NOW' <<<"$dynamic" || refuse "binds functions late; link with -z now" || return 1
    grep -qE '\(FLAGS_1\).*PIE' <<<"$dynamic" || refuse "has a fixed address; link with -pie" || return 1
    grep -q GNU_RELRO <<<"$segments" || refuse "has a writable table of functions; link with -z relro" || return 1
    if grep -qE 'GNU_STACK.* RWE ' <<<"$segments"; then refuse "has an executable stack" || return 1; fi
    echo "$binary: no RUNPATH, functions bound at the start, position-independent"
}

self_test() {
    local folder refused
    folder=$(mktemp -d)
    # shellcheck disable=SC2064 # the folder's present name
    trap "rm -rf '$folder'" EXIT
    cat >"$folder/full.swift" <<'SWIFT'
import Foundation
print(DateFormatter().string(from: Date()))
SWIFT
    cat >"$folder/essentials.swift" <<'SWIFT'
import FoundationEssentials
print(UUID().uuidString)
SWIFT
    swiftc -O -static-stdlib "$folder/full.swift" -o "$folder/full" 2>/dev/null
    swiftc -O -static-stdlib "$folder/essentials.swift" -o "$folder/essentials" 2>/dev/null
    swiftc -O "$folder/essentials.swift" -o "$folder/dynamic" 2>/dev/null
    swiftc -O -static-stdlib -Xlinker -z -Xlinker now "$folder/essentials.swift" -o "$folder/hardened" 2>/dev/null
    hardened "$folder/hardened"
    # the first binds late, the second has a RUNPATH
    for refused in essentials dynamic; do
        if hardened "$folder/$refused"; then
            echo "the check let $refused pass" >&2
            return 1
        fi
    done
    strip -o "$folder/stripped" "$folder/full"
    check "$folder/essentials"
    for refused in full dynamic stripped; do
        if check "$folder/$refused"; then
            echo "the check let $refused pass" >&2
            return 1
        fi
    done
    echo "self-test: the check refuses what it must"
}

if [[ ${1-} == --self-test ]]; then
    self_test
    exit
fi
(($# > 0)) || {
    echo "usage: linkage.sh [--hardened] BINARY... | --self-test" >&2
    exit 64
}
if [[ $1 == --hardened ]]; then
    shift
    for binary in "$@"; do hardened "$binary"; done
    exit
fi
for binary in "$@"; do check "$binary"; done
