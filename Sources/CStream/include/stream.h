// What Swift's Glibc module does not show: epoll(7), accept4(2), memfd_create(2), what is in struct tcp_info; and an order of
// writes to memory that another process will read.
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
// The number of events, 0 when the time is over; stream_event_at tells which until the next wait.
int stream_events_wait(stream_events *events, int milliseconds);
stream_event stream_event_at(const stream_events *events, unsigned index);

// A connection that waits to be let in, closed on exec; -1 with errno.
int stream_accept(int descriptor);

// How many bytes have been read of a TCP connection since it was made, whoever read them; 0 or -1 with errno.
int stream_position(int descriptor, uint64_t *position);

// Memory with a descriptor, of no bytes yet, closed on exec; -1 with errno.
int stream_memory_create(const char *name);
// Writes a number behind all that was written before: a process that is killed at any moment leaves it so.
void stream_publish(uint64_t *place, uint64_t value);

#endif
