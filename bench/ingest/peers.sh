#!/usr/bin/env bash
# Fetches rsyslog and syslog-ng, with what they need for PostgreSQL, and unpacks them into FOLDER.
#
#   peers.sh FOLDER
#
# The two are not installed: Debian's packages of them exclude each other, and each would start a service. But syslog-ng
# finds its database driver in one place only, so a missing driver is installed.
set -euo pipefail

folder=$1
packages=(rsyslog rsyslog-pgsql libestr0 libfastjson4
    syslog-ng-core syslog-ng-mod-sql libdbi1 libivykis0 libnet1 libpcre3 libwrap0)
drivers() { compgen -G '/usr/lib/*/dbd/libdbdpgsql.so' >/dev/null; }

[[ ! -e $folder/complete ]] || ! drivers || exit 0

command -v apt-get >/dev/null || {
    echo "bench/ingest: the peers come from Debian's packages, and there is no apt-get here" >&2
    exit 69
}
mkdir -p "$folder"
cd "$folder"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! apt-get download "${packages[@]}" >"$log" 2>&1; then
    # The lists may be too old; only root may renew them.
    apt-get update -q >>"$log" 2>&1 || true
    apt-get download "${packages[@]}" >>"$log" 2>&1 || {
        tail -n 5 "$log" >&2
        echo "bench/ingest: the peers' packages cannot be fetched" >&2
        exit 69
    }
fi
if ! drivers; then
    as_root=()
    ((EUID == 0)) || as_root=(sudo -n)
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -q --no-install-recommends libdbd-pgsql </dev/null >>"$log" 2>&1 || {
        tail -n 5 "$log" >&2
        echo "bench/ingest: as root, run: apt-get install libdbd-pgsql" >&2
        exit 69
    }
fi
for package in *.deb; do dpkg-deb -x "$package" root; done
touch complete
