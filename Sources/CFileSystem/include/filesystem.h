// What Swift's Glibc module does not show: renameat2(2), syncfs(2), fallocate(2) and pipe2(2).
#ifndef CUSTOMS_FILESYSTEM_H
#define CUSTOMS_FILESYSTEM_H

#include <stdint.h>

// Lets two paths change places at once: 0, or -1 with errno; EINVAL or ENOSYS where the file system or the kernel cannot.
int filesystem_exchange(const char *first, const char *second);

// Returns once all that was written to the file system of an open file is on disk: 0, or -1 with errno.
int filesystem_sync(int descriptor);

// Gives the disk back what an open file takes between two offsets, where zeros are read from then on; the file stays as
// long as it is: 0, or -1 with errno; EOPNOTSUPP where the file system cannot.
int filesystem_punch_hole(int descriptor, int64_t start, int64_t end);

// Makes a pipe, to read from the first end and write to the second, of which no program that is started inherits an end,
// however soon it is: 0, or -1 with errno.
int filesystem_pipe(int ends[2]);

#endif
