#!/bin/sh
# Makes the user's directory in the trace directory, so that no other user can take its name. Take it where the trace
# directory has mode 1755. It runs as root, as Slurm's Prolog on each node of a job, or by PAM on login nodes:
#
#     session optional pam_exec.so quiet /etc/slurm/prolog.sh
#
# Its status is always 0, because another one would drain the node, or end the login.

# Set this here, or in /etc/customs/hook.env as a line CUSTOMS_TRACE_DIR=... The file wins over this.
trace_dir=/run/customs/traces
settings=/etc/customs/hook.env

PATH=/usr/sbin:/usr/bin:/sbin:/bin
export PATH
unset IFS
umask 077
exec </dev/null >/dev/null 2>&1

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
        CUSTOMS_TRACE_DIR=*) trace_dir=$value ;;
        esac
    done <"$settings"
fi

uid=${SLURM_JOB_UID-}
if [ -n "${PAM_TYPE-}" ]; then
    uid=
    [ "$PAM_TYPE" = open_session ] && uid=$(id -u -- "${PAM_USER-}")
fi
case $uid in
'' | *[!0-9]*) exit 0 ;;
esac

cd "$trace_dir" || exit 0
# Only one that is made here changes its owner: where others can write, a directory that is there may be theirs.
mkdir -m 0700 "$uid" && chown "$uid" "$uid"
exit 0
