// System calls that Swift's Glibc module lacks: recvmmsg with control messages, and socket options that are macros.
#ifndef CUSTOMS_DATAGRAM_H
#define CUSTOMS_DATAGRAM_H

#include <stddef.h>
#include <stdint.h>

// Buffers for one recvmmsg call; made once for a socket and used until its end.
typedef struct datagram_batch datagram_batch;

typedef struct {
    const uint8_t *bytes;
    size_t count;      // bytes received, never more than the buffer's size
    int truncated;     // 1 if the datagram was longer than its buffer
    int has_credentials;
    uint32_t uid, pid; // as the kernel reports them; valid only if has_credentials
    const void *sender; // struct sockaddr, valid until the next receive
    uint32_t sender_count;
} datagram;

// NULL if there is no memory.
datagram_batch *datagram_batch_create(unsigned datagrams, size_t bytes_each);
void datagram_batch_free(datagram_batch *batch);

// Receives the datagrams that wait, without blocking. Returns their number, or -1 with errno.
int datagram_receive(datagram_batch *batch, int descriptor);
datagram datagram_at(const datagram_batch *batch, unsigned index);

// Enlarges a receive buffer to at least this many bytes, beyond the system's limit if the process may; never shrinks
// it. Returns the size then (as requested, not doubled), or -1 with errno.
long datagram_raise_receive_buffer(int descriptor, long bytes);

// Makes the kernel attach the sender's credentials (unix sockets). Returns 0, or -1 with errno.
int datagram_pass_credentials(int descriptor);

// The number of datagrams that the kernel dropped on this socket since it was made; -1 if the kernel does not tell.
int64_t datagram_kernel_drops(int descriptor);

// The kernel's own number of a socket, unique while the machine runs; 0 if the kernel gives none.
uint64_t datagram_cookie(int descriptor);

// Sends a datagram to an address (struct sockaddr), with a descriptor (unix(7), SCM_RIGHTS) unless that is -1. Returns
// 0, or -1 with errno; EAGAIN if the call may not wait and the receiver has no room.
int datagram_send_with_descriptor(int descriptor, const void *address, uint32_t address_count, const void *bytes,
                                  size_t count, int passed, int waits);

// An eventfd(2) by which one thread ends another's poll; -1 with errno.
int datagram_wake_descriptor(void);

// Asks the kernel to run the calling thread as soon as it wakes, in exchange for shorter turns (sched_setattr(2); Linux
// 6.12 and later, others ignore it). Returns 0, or -1 with errno.
int datagram_take_short_turns(void);

#endif
