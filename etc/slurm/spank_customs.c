/*
 * A SPANK plugin of Slurm that puts the Customs hook on the PYTHONPATH of every task.
 *
 * It does the same as taskprolog.sh, and starts no shell. Its line in plugstack.conf:
 *
 *     optional /usr/lib/slurm/spank_customs.so path=/opt/customs/hook opt_out_file=/etc/customs/opt-out
 *
 * Build it with `make spank`, and build it anew for each release of Slurm, which refuses plugins of another release.
 *
 * The plugin runs in the task's own process, as the user, just before the program starts. It never fails, logs or asks
 * a directory server. In doubt it leaves the environment as it is.
 */
#include <slurm/spank.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

SPANK_PLUGIN(customs, 1)

/* The plugin leaves values alone that are too long for Slurm, or for Linux to start a program with. */
enum { LONGEST = 100000 };

static const char *option(int count, char *arguments[], const char *name, const char *otherwise) {
    size_t length = strlen(name);
    for (int i = 0; i < count; i++) {
        if (strncmp(arguments[i], name, length) == 0 && arguments[i][length] == '=') {
            return arguments[i] + length + 1;
        }
    }
    return otherwise;
}

static const char *value_of(char **environment, const char *name) {
    size_t length = strlen(name);
    for (; *environment != NULL; environment++) {
        if (strncmp(*environment, name, length) == 0 && (*environment)[length] == '=') {
            return *environment + length + 1;
        }
    }
    return NULL;
}

static int is_first(const char *list, const char *entry) {
    size_t next = strcspn(list, ":");
    return next == strlen(entry) && strncmp(list, entry, next) == 0;
}

/* Writes all other entries of a list, each after a colon; returns the end. */
static char *copy_others(char *to, const char *list, const char *entry) {
    for (;;) {
        size_t next = strcspn(list, ":");
        if (!is_first(list, entry)) {
            *to++ = ':';
            memcpy(to, list, next);
            to += next;
        }
        if (list[next] == '\0') {
            *to = '\0';
            return to;
        }
        list += next + 1;
    }
}

/* Reads one user name or uid a line; # begins a comment. As in the hook, the name is from the environment. */
static int is_listed(const char *path, uid_t uid, char **environment) {
    static const char *const variables[] = {"USER", "LOGNAME", "SLURM_JOB_USER"};
    char number[32];
    char line[512];
    int found = 0;
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return 0;
    }
    snprintf(number, sizeof number, "%lu", (unsigned long)uid);
    while (!found && fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "#\n")] = '\0';
        char *rest = NULL;
        const char *word = strtok_r(line, " \t\r", &rest);
        if (word == NULL) {
            continue;
        }
        found = strcmp(word, number) == 0;
        for (size_t i = 0; !found && i < sizeof variables / sizeof *variables; i++) {
            const char *name = value_of(environment, variables[i]);
            found = name != NULL && strcmp(word, name) == 0;
        }
    }
    fclose(file);
    return found;
}

int slurm_spank_task_init(spank_t spank, int count, char *arguments[]) {
    const char *path = option(count, arguments, "path", "/opt/customs/hook");
    const char *opt_out_file = option(count, arguments, "opt_out_file", "/etc/customs/opt-out");
    char **environment = NULL;
    uid_t uid;

    if (spank_get_item(spank, S_JOB_ENV, &environment) != ESPANK_SUCCESS || environment == NULL ||
        spank_get_item(spank, S_JOB_UID, &uid) != ESPANK_SUCCESS) {
        return ESPANK_SUCCESS;
    }

    const char *opt_out = value_of(environment, "CUSTOMS_OPT_OUT");
    if (opt_out != NULL && strcmp(opt_out, "") != 0 && strcmp(opt_out, "0") != 0) {
        return ESPANK_SUCCESS;
    }

    /* An empty PYTHONPATH is a user's wish. An unset one may be none. */
    const char *before = value_of(environment, "PYTHONPATH");
    if (before != NULL && (*before == '\0' || is_first(before, path))) {
        return ESPANK_SUCCESS;
    }
    size_t length = strlen(path) + (before == NULL ? 0 : 1 + strlen(before));
    if (length > LONGEST || access(path, R_OK | X_OK) != 0 || is_listed(opt_out_file, uid, environment)) {
        return ESPANK_SUCCESS;
    }

    char *after = malloc(length + 1);
    if (after == NULL) {
        return ESPANK_SUCCESS;
    }
    /* The path goes first, also where it was further behind, because Python runs the first sitecustomize.py. */
    strcpy(after, path);
    if (before != NULL) {
        copy_others(after + strlen(path), before, path);
    }
    spank_setenv(spank, "PYTHONPATH", after, 1);
    free(after);
    return ESPANK_SUCCESS;
}
