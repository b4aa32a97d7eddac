/* Calls the SPANK plugin as slurmstepd would, for a task of uid 1234 with this program's environment and arguments, and
 * prints the variables that the plugin sets. */
#include <slurm/spank.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

spank_err_t spank_get_item(spank_t spank, spank_item_t item, ...) {
    (void)spank;
    va_list arguments;
    va_start(arguments, item);
    if (item == S_JOB_ENV) {
        *va_arg(arguments, char ***) = environ;
    } else if (item == S_JOB_UID) {
        *va_arg(arguments, uid_t *) = 1234;
    }
    va_end(arguments);
    return ESPANK_SUCCESS;
}

spank_err_t spank_setenv(spank_t spank, const char *name, const char *value, int overwrite) {
    (void)spank;
    if (strcmp(name, "PYTHONPATH") != 0 || !overwrite) {
        return ESPANK_BAD_ARG;
    }
    puts(value);
    return ESPANK_SUCCESS;
}

int main(int count, char *arguments[]) {
    return slurm_spank_task_init(NULL, count - 1, arguments + 1);
}
