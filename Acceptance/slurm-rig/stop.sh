#!/bin/bash
# Takes the rig down: only processes whose pid files are under $RIG_STATE/pid.  --wipe also removes the state.
: "${RIG_STATE:=${TMPDIR:-/tmp}/customs-slurm-rig/state}"; S=$RIG_STATE
# never another cluster's jobs
export SLURM_CONF=$S/conf/slurm.conf
[ ! -e "$SLURM_CONF" ] || for u in alice bob carol root; do timeout 5 scancel -u $u >/dev/null 2>&1; done
# shellcheck disable=SC2086 # a pattern
pids() { cat "$S"/pid/$1 2>/dev/null; }
live() { local st; st=$(awk '{sub(/.*\) /,""); print $1}' "/proc/$1/stat" 2>/dev/null) && [ -n "$st" ] && [ "$st" != Z ]; }   # a zombie that PID 1 has yet to reap is dead
gone() { local p; for ((i=0;i<200;i++)); do local any=0; for p in "$@"; do live "$p" && any=1; done; [ $any = 0 ] && return 0; sleep 0.05; done; for p in "$@"; do kill -9 "$p" 2>/dev/null; done; }
# shellcheck disable=SC2086,SC2155 # numbers and patterns
stop() { local l t=$(date +%s%N); l=$(pids "$1"); [ -n "$l" ] || return 0; kill $l 2>/dev/null; gone $l; rm -f "$S"/pid/$1; [ -z "${RIG_VERBOSE:-}" ] || echo "$1 stopped in $(( ($(date +%s%N)-t)/1000000 )) ms"; }
stop 'slurmrestd-*.pid'; stop 'slurmd-*.pid'; stop slurmctld.pid; stop slurmdbd.pid; stop mariadb.pid; stop munged.pid
# steps outlive a slurmd; those of the rig's nodes have its list of hosts in their mount namespace
for p in $(pgrep -x slurmstepd); do grep -qs "${S#/*/}/conf/hosts" "/proc/$p/mountinfo" && kill -9 "$p" 2>/dev/null; done
if [ "$1" = --wipe ]; then
  for f in slurm.conf cgroup.conf gres.conf slurmdbd.conf plugstack.conf; do
    [ "$(readlink /etc/slurm/$f)" = "$S/conf/$f" ] || continue
    rm -f /etc/slurm/$f; [ ! -e /etc/slurm/$f.before-rig ] || mv /etc/slurm/$f.before-rig /etc/slurm/$f; done
  rm -rf "$S"; fi
exit 0
