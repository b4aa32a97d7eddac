#!/usr/bin/env bash
# Makes newer Pythons than this Debian has, from Debian unstable's packages, for the tests of the hook.
#
#   newer-pythons.sh DIR [PACKAGE]...
#
# DIR/root/usr/bin/python3.15 and the others run from there: their packages are unpacked, not installed, and bring the C
# library that they need. Prints their paths, separated by colons, for CUSTOMS_TEST_PYTHONS. Packages: python3.13
# python3.14 python3.15 by default; one that unstable does not have is skipped. Takes 15 seconds and 60 MB of downloads;
# needs apt-get, dpkg-deb and patchelf. Existing results are used again.
set -euo pipefail

if (($# == 0)); then
    echo "usage: newer-pythons.sh DIR [PACKAGE]..." >&2
    exit 64
fi
mkdir -p "$1"
directory=$(cd "$1" && pwd)
shift
(($#)) || set -- python3.13 python3.14 python3.15

root=$directory/root
if [ ! -e "$root/complete" ]; then
    apt=$directory/apt
    rm -rf "$root" "$apt"
    mkdir -p "$apt/etc/apt.conf.d" "$apt/etc/preferences.d" "$apt/state/lists/partial" "$apt/cache/archives/partial"
    # an apt of its own with no package installed, so that it fetches the C library too
    : >"$apt/status"
    cat >"$apt/apt.conf" <<END
Dir "$apt";
Dir::Etc "etc";
Dir::Etc::trusted "/usr/share/keyrings/debian-archive-keyring.gpg";
Dir::Etc::trustedparts "/usr/share/keyrings";
Dir::State "state";
Dir::State::status "$apt/status";
Dir::Cache "cache";
APT::Install-Recommends "false";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Check-Valid-Until "false";
END
    # the mirror of this system's own packages
    mirror=$(apt-get indextargets --format "\$(SITE)" 2>/dev/null | grep -v -e security -e updates | head -n 1 || true)
    if [ -z "$mirror" ]; then
        echo "newer-pythons: apt knows of no mirror here; run 'apt-get update' first" >&2
        exit 69
    fi
    echo "deb $mirror sid main" >"$apt/etc/sources.list"
    export APT_CONFIG=$apt/apt.conf
    apt-get update -q >"$apt/log" 2>&1
    packages=()
    for package in "$@"; do
        if apt-cache show "$package-venv" >/dev/null 2>&1; then packages+=("$package-venv"); fi
    done
    apt-get install -q -y --download-only "${packages[@]}" >>"$apt/log" 2>&1

    mkdir -p "$root/usr/lib" "$root/usr/lib64" "$root/usr/bin" "$root/usr/sbin"
    for name in lib lib64 bin sbin; do ln -s "usr/$name" "$root/$name"; done
    for archive in "$apt"/cache/archives/*.deb; do dpkg-deb -x "$archive" "$root"; done
    # links to the system's own /etc and /usr must point to these
    find "$root" -type l -lname '/*' | while IFS= read -r link; do
        target=$root$(readlink "$link")
        if [ -e "$target" ]; then ln -sfn "$target" "$link"; fi
    done
    libraries=$root/usr/lib/$(uname -m)-linux-gnu
    loader=$(find "$libraries" -maxdepth 1 -name 'ld-linux-*.so.*' | head -n 1)
    for executable in "$root"/usr/bin/python3.[0-9]*[0-9] "$root"/usr/bin/pypy3.[0-9]*[0-9]; do
        [ -x "$executable" ] || continue
        # the path of the executable is searched for the libraries of its extension modules too (DT_RPATH, ld.so(8))
        patchelf --set-interpreter "$loader" --force-rpath --set-rpath "\$ORIGIN:$libraries" "$executable"
    done
    rm -rf "$apt/cache" "$apt/state"
    touch "$root/complete"
fi

found=()
for executable in "$root"/usr/bin/python3.[0-9]*[0-9] "$root"/usr/bin/pypy3.[0-9]*[0-9]; do
    if [ -x "$executable" ] && "$executable" -c ''; then found+=("$executable"); fi
done
(IFS=: && echo "${found[*]}")
