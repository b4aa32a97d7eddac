#!/bin/sh
# TaskProlog of Slurm: put the Customs hook on the PYTHONPATH of every task. Slurm runs it as the user, before each
# task, in the task's environment, and reads lines "export NAME=value" from its output. Its status is always 0, because
# another one would end the task.

# Set the hook's directory here, the one with sitecustomize.py:
hook_dir=/opt/customs/hook

trap '' PIPE

case ${CUSTOMS_OPT_OUT:-0} in
0) ;;
*) exit 0 ;;
esac

# An empty PYTHONPATH is a user's wish. An unset one may be none: it looks the same as one that was never set.
if [ -z "${PYTHONPATH-unset}" ]; then
    exit 0
fi

case ":${PYTHONPATH:-}:" in
":$hook_dir:"*) exit 0 ;; # a step in a job inherits it from the job
*'
'*) exit 0 ;; # Slurm reads one line
esac

# Directories that a module has put before it go behind it, because Python runs the first sitecustomize.py.
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
