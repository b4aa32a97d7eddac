#define _GNU_SOURCE
#include "filesystem.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

// linux/fs.h; glibc has it, and a function for the call, from 2.28 on
#define EXCHANGE (1 << 1)

int filesystem_exchange(const char *first, const char *second) {
    return (int)syscall(SYS_renameat2, AT_FDCWD, first, AT_FDCWD, second, EXCHANGE);
}

int filesystem_sync(int descriptor) { return syncfs(descriptor); }

int filesystem_punch_hole(int descriptor, int64_t start, int64_t end) {
    return fallocate(descriptor, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, start, end - start);
}

int filesystem_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC); }

int filesystem_memory(const char *name) { return memfd_create(name, MFD_CLOEXEC); }

int filesystem_start_in(posix_spawn_file_actions_t *actions, const char *directory) {
    return posix_spawn_file_actions_addchdir_np(actions, directory);
}
