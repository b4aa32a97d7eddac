/* receive PORT
 *
 * Takes datagrams and drops them, to measure the cost of receiving alone. Prints "ready"; at SIGTERM, their number.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

enum { BATCH = 64, BYTES = 16384 };

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
    (void)number;
    stop = 1;
}

int main(int argc, char **argv)
{
    if (argc != 2) return 64;
    /* Without SA_RESTART, so that the signal ends a wait. */
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGTERM, &action, NULL);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    int room = 64 << 20;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room))
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1]))};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(fd, (struct sockaddr *)&at, sizeof at)) {
        perror("bind");
        return 69;
    }
    puts("ready");
    fflush(stdout);
    static char buffers[BATCH][BYTES];
    struct iovec parts[BATCH];
    struct mmsghdr headers[BATCH] = {0};
    for (int i = 0; i < BATCH; i++) {
        parts[i] = (struct iovec){buffers[i], BYTES};
        headers[i].msg_hdr.msg_iov = &parts[i];
        headers[i].msg_hdr.msg_iovlen = 1;
    }
    uint64_t count = 0;
    while (!stop) {
        int got = recvmmsg(fd, headers, BATCH, MSG_WAITFORONE, NULL);
        if (got > 0) count += (uint64_t)got;
    }
    printf("%llu\n", (unsigned long long)count);
    return 0;
}
