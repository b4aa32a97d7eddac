/* send WORKLOAD SEED RECORDS RATE udp:PORT|unix:PATH|tcp:PORT|archive:PATH
 *
 * Sends records at a rate (0: as fast as the receiver or the kernel takes them), or writes them as JSON lines. Over TCP
 * it writes octet-counted frames (RFC 6587), 64 at a time, and waits for no answer. When the connection breaks it makes
 * another, and repeats only the present write. Prints the number of sent records, the seconds, and the processor's
 * seconds, as JSON.
 */
#include "workload.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 64 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void fail(const char *what)
{
    perror(what);
    exit(70);
}

static int connect_to(const char *where)
{
    int fd;
    if (!strncmp(where, "udp:", 4)) {
        struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(where + 4))};
        to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to)) fail(where);
    } else {
        struct sockaddr_un to = {.sun_family = AF_UNIX};
        strncpy(to.sun_path, where + 5, sizeof to.sun_path - 1);
        fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to)) fail(where);
    }
    return fd;
}

static void due(double start, uint64_t sent, double rate)
{
    if (rate <= 0) return;
    double early = start + (double)sent / rate - now();
    /* A sleep overshoots by some 50 microseconds: records that are due meanwhile follow without one. */
    if (early < 100e-6) return;
    struct timespec pause = {.tv_sec = (time_t)early, .tv_nsec = (long)((early - (time_t)early) * 1e9)};
    nanosleep(&pause, NULL);
}

static int connect_stream(const char *where)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(where + 4))};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    /* While no daemon listens: a restarted daemon is back in seconds. */
    for (int attempt = 0; attempt < 3000; attempt++) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0) fail(where);
        if (!connect(fd, (struct sockaddr *)&to, sizeof to)) return fd;
        close(fd);
        usleep(10000);
    }
    fail(where);
    return -1;
}

static uint64_t stream_all(struct workload *w, uint64_t records, double rate, const char *where, double start)
{
    static char frames[BATCH * (MESSAGE_BYTES + 8)];
    char message[MESSAGE_BYTES];
    struct sample s;
    int fd = connect_stream(where);
    for (uint64_t sent = 0; sent < records;) {
        int count = records - sent < BATCH ? (int)(records - sent) : BATCH;
        size_t bytes = 0;
        for (int i = 0; i < count; i++) {
            workload_next(w, &s);
            size_t length = workload_message(w, &s, message);
            bytes += (size_t)sprintf(frames + bytes, "%zu ", length);
            memcpy(frames + bytes, message, length);
            bytes += length;
        }
        due(start, sent, rate);
        for (size_t done = 0; done < bytes;) {
            ssize_t taken = send(fd, frames + done, bytes - done, MSG_NOSIGNAL);
            if (taken > 0) {
                done += (size_t)taken;
            } else if (errno != EINTR) {
                close(fd);
                fd = connect_stream(where);
                done = 0;
            }
        }
        sent += (uint64_t)count;
    }
    close(fd);
    return records;
}

static void archive(struct workload *w, uint64_t records, const char *path)
{
    FILE *file = fopen(path, "w");
    if (!file) fail(path);
    struct sample s;
    char line[MESSAGE_BYTES];
    for (uint64_t i = 0; i < records; i++) {
        workload_next(w, &s);
        size_t bytes = workload_record(w, &s, line);
        line[bytes++] = '\n';
        if (fwrite(line, 1, bytes, file) != bytes) fail(path);
    }
    if (fclose(file)) fail(path);
}

static uint64_t send_all(struct workload *w, uint64_t records, double rate, int fd, double start)
{
    static char messages[BATCH][MESSAGE_BYTES];
    struct iovec parts[BATCH];
    struct mmsghdr headers[BATCH] = {0};
    for (int i = 0; i < BATCH; i++) {
        headers[i].msg_hdr.msg_iov = &parts[i];
        headers[i].msg_hdr.msg_iovlen = 1;
    }
    uint64_t sent = 0;
    struct sample s;
    while (sent < records) {
        int count = records - sent < BATCH ? (int)(records - sent) : BATCH;
        for (int i = 0; i < count; i++) {
            workload_next(w, &s);
            parts[i].iov_base = messages[i];
            parts[i].iov_len = workload_message(w, &s, messages[i]);
        }
        due(start, sent, rate);
        for (int done = 0; done < count;) {
            int taken = sendmmsg(fd, headers + done, (unsigned)(count - done), 0);
            if (taken > 0) done += taken;
            /* No daemon receives: a hook would not notice, and go on. */
            else if (errno == ECONNREFUSED) done++;
            else if (errno != EINTR && errno != ENOBUFS) fail("sendmmsg");
        }
        sent += (uint64_t)count;
    }
    return sent;
}

int main(int argc, char **argv)
{
    enum workload_kind kind;
    if (argc != 6 || workload_kind_named(argv[1], &kind)) {
        fprintf(stderr, "usage: send unique|steps|realistic SEED RECORDS RATE "
                        "udp:PORT|unix:PATH|tcp:PORT|archive:PATH\n");
        return 64;
    }
    struct workload *w = workload_create(kind, strtoull(argv[2], NULL, 10));
    uint64_t records = strtoull(argv[3], NULL, 10);
    struct rusage before, after;
    getrusage(RUSAGE_SELF, &before);
    double start = now();
    if (!strncmp(argv[5], "archive:", 8)) archive(w, records, argv[5] + 8);
    else if (!strncmp(argv[5], "tcp:", 4)) records = stream_all(w, records, atof(argv[4]), argv[5], start);
    else records = send_all(w, records, atof(argv[4]), connect_to(argv[5]), start);
    double seconds = now() - start;
    getrusage(RUSAGE_SELF, &after);
    long whole = after.ru_utime.tv_sec - before.ru_utime.tv_sec + after.ru_stime.tv_sec - before.ru_stime.tv_sec;
    long micros = after.ru_utime.tv_usec - before.ru_utime.tv_usec + after.ru_stime.tv_usec - before.ru_stime.tv_usec;
    double cpu = (double)whole + (double)micros * 1e-6;
    printf("{\"sent\": %llu, \"seconds\": %.6f, \"cpu_seconds\": %.6f}\n", (unsigned long long)records, seconds, cpu);
    return 0;
}
