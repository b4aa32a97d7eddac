# Put the Customs hook on PYTHONPATH at login, in csh and tcsh. Copy this file to /etc/profile.d.
# A shell may read it any number of times. It prints nothing, and does nothing where CUSTOMS_OPT_OUT is set.

# Set the hook's directory here, the one with sitecustomize.py:
set customs_hook_dir = "/opt/customs/hook"

set customs_hook_add = 1
if ( $?CUSTOMS_OPT_OUT ) then
    if ( "$CUSTOMS_OPT_OUT" != "" && "$CUSTOMS_OPT_OUT" != "0" ) set customs_hook_add = 0
endif
if ( $customs_hook_add ) then
    if ( -d "$customs_hook_dir" ) then
        if ( $?PYTHONPATH ) then
            switch ( ":${PYTHONPATH}:" )
            case ":${customs_hook_dir}:*":
                breaksw
            case "::":
                setenv PYTHONPATH "$customs_hook_dir"
                breaksw
            default:
                # also where it is further behind, because Python runs the first sitecustomize.py; twice does no harm
                setenv PYTHONPATH "${customs_hook_dir}:${PYTHONPATH}"
                breaksw
            endsw
        else
            setenv PYTHONPATH "$customs_hook_dir"
        endif
    endif
endif
unset customs_hook_dir customs_hook_add
