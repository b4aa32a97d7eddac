// What Swift's Glibc module does not show: renameat2(2) and syncfs(2).
#ifndef CUSTOMS_FILESYSTEM_H
#define CUSTOMS_FILESYSTEM_H

// Lets two paths change places at once: 0, or -1 with errno; EINVAL or ENOSYS where the file system or the kernel cannot.
int filesystem_exchange(const char *first, const char *second);

// Returns once all that was written to the file system of an open file is on disk: 0, or -1 with errno.
int filesystem_sync(int descriptor);

#endif
