// System calls that Swift's Glibc module lacks: renameat2(2), syncfs(2), fallocate(2), pipe2(2), memfd_create(2); and
// one of glibc's.
#ifndef CUSTOMS_FILESYSTEM_H
#define CUSTOMS_FILESYSTEM_H

#include <spawn.h>
#include <stdint.h>

// Exchanges two paths atomically. Returns 0, or -1 with errno; EINVAL or ENOSYS if the file system or the kernel
// cannot.
int filesystem_exchange(const char *first, const char *second);

// Returns once all writes to the file system of an open file are on disk: 0, or -1 with errno.
int filesystem_sync(int descriptor);

// Frees the disk blocks of an open file between two offsets, where zeros are read from then on. The file keeps its
// length. Returns 0, or -1 with errno; EOPNOTSUPP if the file system cannot.
int filesystem_punch_hole(int descriptor, int64_t start, int64_t end);

// Lets a program that posix_spawn(3) starts begin in a directory: posix_spawn_file_actions_addchdir_np, glibc 2.29.
// Returns an errno, or 0.
int filesystem_start_in(posix_spawn_file_actions_t *actions, const char *directory);

// Makes a pipe, to read from the first end and write to the second. No program inherits an end, even if another thread
// starts it at the same moment. Returns 0, or -1 with errno.
int filesystem_pipe(int ends[2]);

// Makes a file in memory, which no program inherits. Returns its descriptor, or -1 with errno.
int filesystem_memory(const char *name);

#endif
