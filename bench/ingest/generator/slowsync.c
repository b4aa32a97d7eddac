/* LD_PRELOAD=slowsync.so program: each sync of a file takes 4 ms longer, as on a disk with busy neighbours. */
#include <sys/syscall.h>
#include <unistd.h>

static void wait_for_disk(void) { usleep(4000); }

int fsync(int fd)
{
    wait_for_disk();
    return (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
    wait_for_disk();
    return (int)syscall(SYS_fdatasync, fd);
}
