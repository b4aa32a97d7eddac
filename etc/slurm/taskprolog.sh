#!/bin/sh
# TaskProlog of Slurm: puts the Customs hook on the PYTHONPATH of every task. Slurm runs it as the user, before each
# task, in the task's environment, and takes from its output lines "export NAME=value". A status other than 0 would
# end the task, so there is none.

# Set the hook's directory here, the one with sitecustomize.py:
hook_dir=/opt/customs/hook

trap '' PIPE

case ${CUSTOMS_OPT_OUT:-0} in
0) ;;
*) exit 0 ;;
esac

# An empty PYTHONPATH is a user's wish. One that is unset is not known to be: it looks like one that never was.
if [ -z "${PYTHONPATH-unset}" ]; then
    exit 0
fi

case ":${PYTHONPATH:-}:" in
":$hook_dir:"*) exit 0 ;; # a step in a job has it from the job
*'
'*) exit 0 ;; # Slurm reads one line
esac

# What a module put before it since goes behind it: of several sitecustomize.py Python runs the first.
rest=:${PYTHONPATH:-}:
while :; do
    case $rest in
    *":$hook_dir:"*) rest=${rest%%":$hook_dir:"*}:${rest#*":$hook_dir:"} ;;
    *) break ;;
    esac
done
rest=${rest#:}
rest=${rest%:}

if [ -d "$hook_dir" ]; then
    printf 'export PYTHONPATH=%s\n' "$hook_dir${rest:+:$rest}" 2>/dev/null
fi
exit 0
