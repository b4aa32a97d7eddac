#!/usr/bin/env bash
# Refuses a binary that needs a Swift runtime on the target or that contains the full Foundation.
#
#   linkage.sh BINARY...     checks each
#   linkage.sh --self-test   builds a program that must be refused and one that must pass, and checks both
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

self_test() {
    local folder
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
    strip -o "$folder/stripped" "$folder/full"
    check "$folder/essentials"
    local refused
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
    echo "usage: linkage.sh BINARY... | --self-test" >&2
    exit 64
}
for binary in "$@"; do check "$binary"; done
