// System calls that Swift's Glibc module lacks: epoll(7), accept4(2), memfd_create(2), fields of struct tcp_info; and
// ordered writes to memory that another process will read.
#ifndef CUSTOMS_STREAM_H
#define CUSTOMS_STREAM_H

#include <stdint.h>

// A queue of events, and room for those that one wait returns.
typedef struct stream_events stream_events;

typedef struct {
    int descriptor;
    int is_last; // 1 if the other end sends no more, or the connection is broken
} stream_event;

// NULL with errno if the kernel gives none.
stream_events *stream_events_create(unsigned at_once);
void stream_events_free(stream_events *events);

// Watches a descriptor: bytes that are there now are an event, and then each arrival once (EPOLLET). If `room`, room to
// write is an event too, now and each time after there was none. 0 or -1 with errno.
int stream_events_watch(stream_events *events, int descriptor, int room);
// Must come before the descriptor is closed: a connection that another process holds too would stay watched.
int stream_events_forget(stream_events *events, int descriptor);
// The number of events, 0 when the time is over; stream_event_at gives them until the next wait.
int stream_events_wait(stream_events *events, int milliseconds);
stream_event stream_event_at(const stream_events *events, unsigned index);

// Accepts a waiting connection, closed on exec; -1 with errno.
int stream_accept(int descriptor);

// The number of bytes that have been read of a TCP connection since it was made, by any process. Returns 0, or -1 with
// errno.
int stream_position(int descriptor, uint64_t *position);

// The number of bytes of a TCP connection that have arrived and were not read. Returns 0, or -1 with errno.
int stream_unread(int descriptor, int *count);

// Memory with a descriptor, of no bytes yet, closed on exec; -1 with errno.
int stream_memory_create(const char *name);
// Writes a number after all earlier writes, so that a process killed at any moment leaves them in this order.
void stream_publish(uint64_t *place, uint64_t value);

#endif
