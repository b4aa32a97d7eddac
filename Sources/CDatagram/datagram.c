#define _GNU_SOURCE
#include "datagram.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

// linux/sock_diag.h: the index of the drop count in the answer of SO_MEMINFO
#define MEMINFO_DROPS 8
#define MEMINFO_COUNT 9

struct datagram_batch {
    unsigned count;
    size_t bytes_each;
    size_t control_each;
    struct mmsghdr *messages;
    struct iovec *vectors;
    struct sockaddr_storage *senders;
    uint8_t *control;
    uint8_t *bytes;
};

datagram_batch *datagram_batch_create(unsigned datagrams, size_t bytes_each) {
    datagram_batch *batch = calloc(1, sizeof *batch);
    if (!batch) return NULL;
    batch->count = datagrams;
    batch->bytes_each = bytes_each;
    batch->control_each = CMSG_SPACE(sizeof(struct ucred));
    batch->messages = calloc(datagrams, sizeof *batch->messages);
    batch->vectors = calloc(datagrams, sizeof *batch->vectors);
    batch->senders = calloc(datagrams, sizeof *batch->senders);
    batch->control = calloc(datagrams, batch->control_each);
    batch->bytes = calloc(datagrams, bytes_each);
    if (!batch->messages || !batch->vectors || !batch->senders || !batch->control || !batch->bytes) {
        datagram_batch_free(batch);
        return NULL;
    }
    for (unsigned i = 0; i < datagrams; i++) {
        batch->vectors[i].iov_base = batch->bytes + (size_t)i * bytes_each;
        batch->vectors[i].iov_len = bytes_each;
        batch->messages[i].msg_hdr.msg_iov = &batch->vectors[i];
        batch->messages[i].msg_hdr.msg_iovlen = 1;
        batch->messages[i].msg_hdr.msg_name = &batch->senders[i];
        batch->messages[i].msg_hdr.msg_control = batch->control + (size_t)i * batch->control_each;
    }
    return batch;
}

void datagram_batch_free(datagram_batch *batch) {
    if (!batch) return;
    free(batch->messages);
    free(batch->vectors);
    free(batch->senders);
    free(batch->control);
    free(batch->bytes);
    free(batch);
}

int datagram_receive(datagram_batch *batch, int descriptor) {
    for (unsigned i = 0; i < batch->count; i++) {
        // the kernel overwrites these lengths with the delivered ones
        batch->messages[i].msg_hdr.msg_namelen = sizeof(struct sockaddr_storage);
        batch->messages[i].msg_hdr.msg_controllen = batch->control_each;
        batch->messages[i].msg_hdr.msg_flags = 0;
    }
    int received;
    do {
        received = recvmmsg(descriptor, batch->messages, batch->count, MSG_DONTWAIT, NULL);
    } while (received < 0 && errno == EINTR);
    return received;
}

datagram datagram_at(const datagram_batch *batch, unsigned index) {
    const struct mmsghdr *message = &batch->messages[index];
    datagram result = {
        .bytes = batch->vectors[index].iov_base,
        .count = message->msg_len < batch->bytes_each ? message->msg_len : batch->bytes_each,
        .truncated = (message->msg_hdr.msg_flags & MSG_TRUNC) != 0,
        .sender = &batch->senders[index],
        .sender_count = message->msg_hdr.msg_namelen,
    };
    struct msghdr *header = (struct msghdr *)&message->msg_hdr;
    for (struct cmsghdr *control = CMSG_FIRSTHDR(header); control; control = CMSG_NXTHDR(header, control)) {
        if (control->cmsg_level == SOL_SOCKET && control->cmsg_type == SCM_CREDENTIALS) {
            struct ucred credentials;
            memcpy(&credentials, CMSG_DATA(control), sizeof credentials);
            result.has_credentials = 1;
            result.uid = credentials.uid;
            result.pid = (uint32_t)credentials.pid;
        }
    }
    return result;
}

// The size of the receive buffer. socket(7): the kernel doubles the requested size for its own bookkeeping.
static int receive_buffer(int descriptor) {
    int bytes = 0;
    socklen_t size = sizeof bytes;
    return getsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &bytes, &size) < 0 ? -1 : bytes;
}

// The size that SO_RCVBUF grants for a request. A service may not see net.core.rmem_max, so a socket shows the limit.
static int allowed_receive_buffer(int wanted) {
    int probe = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (probe < 0) return -1;
    setsockopt(probe, SOL_SOCKET, SO_RCVBUF, &wanted, sizeof wanted);
    int given = receive_buffer(probe);
    close(probe);
    return given;
}

long datagram_raise_receive_buffer(int descriptor, long bytes) {
    int wanted = bytes > 0x3fffffff ? 0x3fffffff : (int)bytes;
    int before = receive_buffer(descriptor);
    if (before < 0) return -1;
    // SO_RCVBUF would shrink a buffer that a service manager enlarged by SO_RCVBUFFORCE, and only that could enlarge it
    // again
    if (before / 2 < wanted && setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &wanted, sizeof wanted) < 0
        && allowed_receive_buffer(wanted) > before)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &wanted, sizeof wanted);
    int given = receive_buffer(descriptor);
    return given < 0 ? -1 : given / 2;
}

int datagram_pass_credentials(int descriptor) {
    int on = 1;
    return setsockopt(descriptor, SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
}

int64_t datagram_kernel_drops(int descriptor) {
    uint32_t info[MEMINFO_COUNT] = {0};
    socklen_t size = sizeof info;
    if (getsockopt(descriptor, SOL_SOCKET, SO_MEMINFO, info, &size) < 0) return -1;
    if (size < (MEMINFO_DROPS + 1) * sizeof info[0]) return -1;
    return info[MEMINFO_DROPS];
}

uint64_t datagram_cookie(int descriptor) {
    uint64_t cookie = 0;
    socklen_t size = sizeof cookie;
    return getsockopt(descriptor, SOL_SOCKET, SO_COOKIE, &cookie, &size) == 0 ? cookie : 0;
}

int datagram_send_with_descriptor(int descriptor, const void *address, uint32_t address_count, const void *bytes,
                                  size_t count, int passed, int waits) {
    union {
        struct cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct iovec vector = {.iov_base = (void *)bytes, .iov_len = count};
    struct msghdr message = {
        .msg_name = (void *)address, .msg_namelen = address_count, .msg_iov = &vector, .msg_iovlen = 1};
    if (passed >= 0) {
        message.msg_control = &control;
        message.msg_controllen = sizeof control.bytes;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof passed);
        memcpy(CMSG_DATA(header), &passed, sizeof passed);
    }
    ssize_t sent;
    do {
        sent = sendmsg(descriptor, &message, MSG_NOSIGNAL | (waits ? 0 : MSG_DONTWAIT));
    } while (sent < 0 && errno == EINTR);
    return sent < 0 ? -1 : 0;
}

int datagram_wake_descriptor(void) { return eventfd(0, EFD_CLOEXEC); }

// linux/sched/types.h: a structure that glibc does not declare before 2.41
struct scheduling {
    uint32_t size;
    uint32_t policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
};

int datagram_take_short_turns(void) {
    struct scheduling now = {.size = sizeof now};
    if (syscall(SYS_sched_getattr, 0, &now, sizeof now, 0) < 0) return -1;
    // keeps another policy, which only an administrator can have chosen
    if (now.policy != SCHED_OTHER) return 0;
    now.size = sizeof now;
    // the shortest turn that the kernel allows, in nanoseconds
    now.runtime = 100000;
    return (int)syscall(SYS_sched_setattr, 0, &now, 0);
}
