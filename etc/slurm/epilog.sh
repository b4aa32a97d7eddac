#!/bin/sh
# Epilog of Slurm: reports the Python processes of the node that were killed, and clears away what they left. Slurm
# runs it as root on each node of a job when the job's processes are gone. A status other than 0 would drain the node,
# so there is none; and it takes 22 seconds at most.
#
# "epilog.sh --check" does the same, shows what it runs and what that prints, and ends with its status.

# Set these here, or in /etc/customs/hook.env as lines CUSTOMS_HOOK_DIR=..., CUSTOMS_TRACE_DIR=..., CUSTOMS_SERVER=...,
# CUSTOMS_PYTHON=...; the file goes before these.
hook_dir=/opt/customs/hook
trace_dir=/run/customs/traces
server=udp://192.0.2.1:5140
python=/usr/bin/python3
settings=/etc/customs/hook.env
seconds=20

check=${1-}
PATH=/usr/sbin:/usr/bin:/sbin:/bin
export PATH
unset IFS
umask 077

# The file is read, not run: a slip in it must not end this script.
if [ -r "$settings" ] && [ -f "$settings" ]; then
    while IFS= read -r line || [ -n "$line" ]; do
        value=${line#*=}
        case $value in
        \"*\" | \'*\')
            value=${value#?}
            value=${value%?}
            ;;
        esac
        [ -n "$value" ] || continue
        case $line in
        CUSTOMS_HOOK_DIR=*) hook_dir=$value ;;
        CUSTOMS_TRACE_DIR=*) trace_dir=$value ;;
        CUSTOMS_SERVER=*) server=$value ;;
        CUSTOMS_PYTHON=*) python=$value ;;
        esac
    done <"$settings"
fi

# Nothing of the environment that this was started with goes on. -I, -S: neither PYTHON* variables, nor the users'
# and the site's packages, nor a sitecustomize, the hook's own included. -B: no node writes into the hook's directory.
# All that touches the hook's directory runs under timeout, for that may lie on a file system that hangs.
set -- env -i "PATH=$PATH" LC_ALL=C timeout -k 2 "$seconds" \
    "$python" -I -S -B "$hook_dir/customs_sweep.py" --trace-dir "$trace_dir" --server "$server"

cd / || exit 0
if [ "$check" = --check ]; then
    echo "$@"
    "$@" </dev/null
    exit
fi
exec </dev/null >/dev/null 2>&1
"$@"
exit 0
