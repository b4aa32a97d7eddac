#!/usr/bin/env bash
# Installs the missing Debian packages, or prints their names if it may not install.
#
#   packages.sh build|test ...
#
# Each package is checked by the command or file that it provides, so tools from other sources are used as they are.
set -euo pipefail

usage() {
    echo "usage: packages.sh build|test ..." >&2
    exit 64
}

(($# > 0)) || usage

missing=()
require() { # require PACKAGE COMMAND...: PACKAGE provides what COMMAND tries
    local package=$1
    shift
    "$@" >/dev/null 2>&1 || missing+=("$package")
}

postgres_server() {
    command -v postgres || compgen -G '/usr/lib/postgresql/*/bin/postgres'
}

for purpose in "$@"; do
    case $purpose in
    build)
        if ! command -v swift >/dev/null; then
            echo "customs: a Swift 6.3 toolchain is needed, and no 'swift' is on PATH: see https://www.swift.org/install/linux/" >&2
            exit 69
        fi
        require pkg-config command -v pkg-config
        require libpq-dev pkg-config --exists libpq
        require libsqlite3-dev pkg-config --exists sqlite3
        require zlib1g-dev pkg-config --exists zlib
        require libzstd-dev pkg-config --exists libzstd
        require libcurl4-openssl-dev pkg-config --exists libcurl
        require libssl-dev pkg-config --exists 'openssl >= 3.0'
        require python3 command -v python3
        # A virtual environment needs pip's wheels too, which Debian splits from the interpreter.
        require python3-venv python3 -c 'import ensurepip, venv'
        require binutils command -v nm
        ;;
    test)
        require postgresql postgres_server
        require pgbouncer test -x /usr/sbin/pgbouncer
        require sqlite3 command -v sqlite3
        require systemd command -v systemd-socket-activate
        require util-linux command -v setpriv
        # it counts the system calls that the hook adds
        require strace command -v strace
        # the programs that the files under etc/ are written for and tested with
        require libslurm-dev test -e /usr/include/slurm/spank.h
        require gcc command -v cc
        require tcsh command -v tcsh
        require csh command -v csh
        require ksh command -v ksh
        require zsh command -v zsh
        require dash command -v dash
        # Environment Modules and Lmod are not installed side by side
        require lmod test -e /usr/share/lmod/lmod/init/bash -o -e /usr/share/modules/init/bash
        # needed to unpack a newer Python
        require patchelf command -v patchelf
        # the other implementation of Python
        require pypy3 command -v pypy3
        require openssl command -v openssl
        # the browser that shows the pages
        require chromium command -v chromium
        # promtool, which tries the alert rules
        require prometheus command -v promtool
        # Debian keeps it off an ordinary user's PATH.
        require rsyslog test -x /usr/sbin/rsyslogd
        require rsyslog-openssl compgen -G '/usr/lib/*/rsyslog/lmnsd_ossl.so'
        ;;
    *) usage ;;
    esac
done

((${#missing[@]})) || exit 0

as_root=()
if ((EUID != 0)); then
    as_root=(sudo)
    if ! sudo -n true 2>/dev/null; then
        echo "customs: these packages are missing, and this user may not install them. As root, run:" >&2
        echo "    apt-get install ${missing[*]}" >&2
        exit 69
    fi
fi
if ! command -v apt-get >/dev/null; then
    echo "customs: these Debian packages are missing, and there is no apt-get here; install what corresponds to them:" >&2
    echo "    ${missing[*]}" >&2
    exit 69
fi

echo "Installing packages: ${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! {
    "${as_root[@]}" apt-get update -q &&
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
            apt-get install -y -q --no-install-recommends "${missing[@]}"
} </dev/null >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "customs: apt-get could not install: ${missing[*]}" >&2
    exit 69
fi
