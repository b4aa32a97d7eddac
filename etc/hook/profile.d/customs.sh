# shellcheck shell=sh
# Puts the Customs hook on PYTHONPATH at login. Goes to /etc/profile.d; for the Bourne shell and its kin.
# May be read any number of times. Prints nothing. Leaves everything alone where CUSTOMS_OPT_OUT is set.

# Set the hook's directory here, the one with sitecustomize.py:
customs_hook_dir=/opt/customs/hook

case ${CUSTOMS_OPT_OUT:-0} in
0)
    case ":${PYTHONPATH:-}:" in
    ":$customs_hook_dir:"*) ;;
    *)
        if [ -d "$customs_hook_dir" ]; then
            # first, wherever it was: of several sitecustomize.py Python runs the first
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
