#!/bin/sh
# Epilog of Slurm: report the killed Python processes of the node, and remove their traces. Slurm runs it as root on
# each node of a job when the job's processes are gone. Its status is always 0, because another one would drain the
# node. It takes 22 seconds at most.
#
# "epilog.sh --check" does the same, shows the command and its output, and ends with the command's status.

# Set these here, or in /etc/customs/hook.env as lines CUSTOMS_HOOK_DIR=..., CUSTOMS_TRACE_DIR=..., CUSTOMS_SERVER=...,
# CUSTOMS_PYTHON=... The file wins over these.
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

# The script reads the file and does not run it, because an error in it must not end this script.
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

# The sweep gets nothing of this script's environment. -I and -S keep out PYTHON* variables, the users' and the site's
# packages and every sitecustomize, the hook's own included. -B keeps Python from writing into the hook's directory.
# Everything that touches the hook's directory runs under timeout, because its file system may hang.
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
