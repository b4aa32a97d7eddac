# shellcheck shell=sh
# Put the Customs hook on PYTHONPATH at login, in the Bourne shell and its kin. Copy this file to /etc/profile.d.
# A shell may read it any number of times. It prints nothing, and does nothing where CUSTOMS_OPT_OUT is set.

# Set the hook's directory here, the one with sitecustomize.py:
customs_hook_dir=/opt/customs/hook

case ${CUSTOMS_OPT_OUT:-0} in
0)
    case ":${PYTHONPATH:-}:" in
    ":$customs_hook_dir:"*) ;;
    *)
        if [ -d "$customs_hook_dir" ]; then
            # first, also where it was further behind, because Python runs the first sitecustomize.py
            customs_hook_rest=:${PYTHONPATH:-}:
            while :; do
                case $customs_hook_rest in
                *":$customs_hook_dir:"*)
                    customs_hook_rest=${customs_hook_rest%%":$customs_hook_dir:"*}:${customs_hook_rest#*":$customs_hook_dir:"}
                    ;;
                *) break ;;
                esac
            done
            customs_hook_rest=${customs_hook_rest#:}
            customs_hook_rest=${customs_hook_rest%:}
            PYTHONPATH=$customs_hook_dir${customs_hook_rest:+:$customs_hook_rest}
            export PYTHONPATH
            unset customs_hook_rest
        fi
        ;;
    esac
    ;;
esac
unset customs_hook_dir
