# shellcheck shell=sh
# Puts the Customs hook on PYTHONPATH at login. Goes to /etc/profile.d; for the Bourne shell and its kin.
# May be read any number of times. Prints nothing. Leaves everything alone where CUSTOMS_OPT_OUT is set.

# Set the hook's directory here, the one with sitecustomize.py:
customs_hook_dir=/opt/customs/hook

case ${CUSTOMS_OPT_OUT:-0} in
0)
    case ":${PYTHONPATH:-}:" in
    *":$customs_hook_dir:"*) ;;
    *)
        if [ -d "$customs_hook_dir" ]; then
            PYTHONPATH=$customs_hook_dir${PYTHONPATH:+:$PYTHONPATH}
            export PYTHONPATH
        fi
        ;;
    esac
    ;;
esac
unset customs_hook_dir
