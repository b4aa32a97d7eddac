#define _GNU_SOURCE
#include "stream.h"

#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

struct stream_events {
    int queue;
    unsigned at_once;
    struct epoll_event told[];
};

stream_events *stream_events_create(unsigned at_once) {
    stream_events *events = calloc(1, sizeof *events + at_once * sizeof events->told[0]);
    if (!events) return NULL;
    events->at_once = at_once;
    events->queue = epoll_create1(EPOLL_CLOEXEC);
    if (events->queue < 0) {
        free(events);
        return NULL;
    }
    return events;
}

void stream_events_free(stream_events *events) {
    if (!events) return;
    close(events->queue);
    free(events);
}

int stream_events_watch(stream_events *events, int descriptor, int room) {
    struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data.fd = descriptor};
    if (room) event.events |= EPOLLOUT;
    return epoll_ctl(events->queue, EPOLL_CTL_ADD, descriptor, &event);
}

int stream_events_forget(stream_events *events, int descriptor) {
    return epoll_ctl(events->queue, EPOLL_CTL_DEL, descriptor, NULL);
}

int stream_events_wait(stream_events *events, int milliseconds) {
    int count = epoll_wait(events->queue, events->told, (int)events->at_once, milliseconds);
    return count < 0 ? 0 : count;
}

stream_event stream_event_at(const stream_events *events, unsigned index) {
    const struct epoll_event *event = &events->told[index];
    return (stream_event){
        .descriptor = event->data.fd, .is_last = (event->events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0};
}

int stream_position(int descriptor, uint64_t *position) {
    // Linux 4.1; linux/tcp.h has more of the structure than netinet/tcp.h
    struct tcp_info info;
    // the kernel's enum, which no header declares
    enum { ESTABLISHED = 1, SYN_RECEIVED = 3, FIN_WAIT1 = 4, FIN_WAIT2 = 5, CLOSED = 7 };
    int before, unread;
    do {
        socklen_t size = sizeof info;
        memset(&info, 0, sizeof info);
        if (ioctl(descriptor, SIOCINQ, &before) < 0 || getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &info, &size) < 0
            || ioctl(descriptor, SIOCINQ, &unread) < 0)
            return -1;
        // bytes have arrived in between
    } while (before != unread);
    // the other side's end is counted as a byte
    int ended = info.tcpi_state != ESTABLISHED && info.tcpi_state != SYN_RECEIVED && info.tcpi_state != FIN_WAIT1
        && info.tcpi_state != FIN_WAIT2 && info.tcpi_state != CLOSED;
    *position = info.tcpi_bytes_received - (uint64_t)ended - (uint64_t)unread;
    return 0;
}

int stream_unread(int descriptor, int *count) { return ioctl(descriptor, SIOCINQ, count); }

int stream_memory_create(const char *name) { return memfd_create(name, MFD_CLOEXEC); }

void stream_publish(uint64_t *place, uint64_t value) { __atomic_store_n(place, value, __ATOMIC_RELEASE); }

int stream_accept(int descriptor) { return accept4(descriptor, NULL, NULL, SOCK_CLOEXEC); }
