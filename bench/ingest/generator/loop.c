/* loop PORT CONNECTION
 *
 * A plain loop in C without a journal: it takes datagrams, finds the values of each record, and stores a row of 20
 * columns for it, by COPY BINARY to a temporary table and ON CONFLICT DO NOTHING, up to 10,000 a transaction. One
 * thread receives, two write. It does not check for hostile input, and loses the records in memory when it is killed.
 * Prints "ready", and goes on until it is killed.
 */
#include "execute.h"

#include <arpa/inet.h>
#include <endian.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

enum { BATCH = 10000, BYTES = 1024, BATCHES = 24, AT_ONCE = 64, COLUMNS = 20, WRITERS = 2 };

struct batch {
    int count;
    uint16_t sizes[BATCH];
    char messages[BATCH][BYTES];
};

/* Batches that wait to be filled, and batches that wait to be written. */
struct queue {
    struct batch *batches[BATCHES];
    int first, count;
    pthread_mutex_t lock;
    pthread_cond_t more;
};

struct value {
    const char *start;
    uint32_t size;
};

enum kind { TEXT, INTEGER, KEY };

static const struct {
    const char *name;
    enum kind kind;
} columns[COLUMNS] = {
    {"id", KEY}, {"event_timestamp", TEXT}, {"elapsed", TEXT}, {"host", TEXT}, {"pid", INTEGER}, {"ppid", INTEGER},
    {"username", TEXT}, {"uid", INTEGER}, {"executable", TEXT}, {"prefix", TEXT}, {"python", TEXT},
    {"implementation", TEXT}, {"main", TEXT}, {"cluster", TEXT}, {"job_id", TEXT}, {"step_id", TEXT},
    {"num_nodes", INTEGER}, {"qos", TEXT}, {"repo", TEXT}, {"packages", TEXT},
};

static struct queue empty = {.lock = PTHREAD_MUTEX_INITIALIZER, .more = PTHREAD_COND_INITIALIZER};
static struct queue full = {.lock = PTHREAD_MUTEX_INITIALIZER, .more = PTHREAD_COND_INITIALIZER};
static const char *connection_words;

static void push(struct queue *queue, struct batch *batch)
{
    pthread_mutex_lock(&queue->lock);
    queue->batches[(queue->first + queue->count++) % BATCHES] = batch;
    pthread_cond_signal(&queue->more);
    pthread_mutex_unlock(&queue->lock);
}

static struct batch *pop(struct queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    while (!queue->count) pthread_cond_wait(&queue->more, &queue->lock);
    struct batch *batch = queue->batches[queue->first];
    queue->first = (queue->first + 1) % BATCHES;
    queue->count--;
    pthread_mutex_unlock(&queue->lock);
    return batch;
}

/* The end of a value that begins at `at`. */
static const char *skip(const char *at, const char *end)
{
    if (*at == '"') {
        for (at++; at < end && *at != '"'; at++)
            if (*at == '\\') at++;
        return at + 1;
    }
    if (*at == '{' || *at == '[') {
        int depth = 0;
        do {
            if (*at == '"') {
                at = skip(at, end);
                continue;
            }
            if (*at == '{' || *at == '[') depth++;
            if (*at == '}' || *at == ']') depth--;
            at++;
        } while (depth && at < end);
        return at;
    }
    while (at < end && *at != ',' && *at != '}') at++;
    return at;
}

/* Finds the values of a record. Keys come in the same order each time: `places` has the last record's column there. */
static void find(const char *message, int size, struct value values[COLUMNS], int8_t places[64])
{
    memset(values, 0, COLUMNS * sizeof *values);
    const char *end = message + size, *at = memchr(message, '{', (size_t)size);
    if (!at) return;
    at++;
    for (int place = 0; place < 64 && at < end && *at == '"'; place++) {
        const char *key = at + 1, *close = memchr(key, '"', (size_t)(end - key));
        if (!close) return;
        size_t length = (size_t)(close - key);
        int column = places[place];
        if (column < 0 || strlen(columns[column].name) != length || memcmp(columns[column].name, key, length)) {
            for (column = COLUMNS - 1; column >= 0; column--)
                if (strlen(columns[column].name) == length && !memcmp(columns[column].name, key, length)) break;
            places[place] = (int8_t)column;
        }
        at = close + 2;
        if (at >= end) return;
        const char *last = skip(at, end);
        if (column >= 0)
            values[column] = *at == '"' ? (struct value){at + 1, (uint32_t)(last - at - 2)}
                                        : (struct value){at, (uint32_t)(last - at)};
        at = last + 1;
    }
}

static char *put16(char *to, uint16_t value)
{
    value = htobe16(value);
    return (char *)memcpy(to, &value, 2) + 2;
}

static char *put32(char *to, uint32_t value)
{
    value = htobe32(value);
    return (char *)memcpy(to, &value, 4) + 4;
}

static unsigned digit(char c) { return (unsigned)(c <= '9' ? c - '0' : (c | 32) - 'a' + 10); }

static char *put(char *to, enum kind kind, struct value value)
{
    if (!value.start) return put32(to, UINT32_MAX);
    switch (kind) {
    case TEXT: to = put32(to, value.size); return (char *)memcpy(to, value.start, value.size) + value.size;
    case INTEGER: return put32(put32(to, 4), (uint32_t)strtol(value.start, NULL, 10));
    case KEY:
        to = put32(to, 16);
        for (int i = 0; i < 16; i++) *to++ = (char)(digit(value.start[2 * i]) << 4 | digit(value.start[2 * i + 1]));
    }
    return to;
}

static void *write_batches(void *unused)
{
    (void)unused;
    static const char head[19] = "PGCOPY\n\377\r\n\0";
    char *rows = malloc((size_t)BATCH * (BYTES + 5 * COLUMNS) + 64);
    int8_t places[64];
    memset(places, -1, sizeof places);
    PGconn *connection = PQconnectdb(connection_words);
    if (!rows) abort();
    must(connection, PQstatus(connection) == CONNECTION_OK);
    execute(connection, "CREATE TEMP TABLE staged (LIKE wide) ON COMMIT DELETE ROWS");
    for (;;) {
        struct batch *batch = pop(&full);
        char *to = (char *)memcpy(rows, head, sizeof head) + sizeof head;
        for (int i = 0; i < batch->count; i++) {
            struct value values[COLUMNS];
            find(batch->messages[i], batch->sizes[i], values, places);
            to = put16(to, COLUMNS);
            for (int column = 0; column < COLUMNS; column++) to = put(to, columns[column].kind, values[column]);
        }
        to = put16(to, 0xffff);
        execute(connection, "BEGIN");
        execute(connection, "COPY staged FROM STDIN (FORMAT binary)");
        must(connection, PQputCopyData(connection, rows, (int)(to - rows)) == 1);
        must(connection, PQputCopyEnd(connection, NULL) == 1);
        for (PGresult *result; (result = PQgetResult(connection)); PQclear(result))
            must(connection, PQresultStatus(result) == PGRES_COMMAND_OK);
        execute(connection, "INSERT INTO wide SELECT * FROM staged ON CONFLICT DO NOTHING");
        execute(connection, "COMMIT");
        push(&empty, batch);
    }
    return NULL;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

int main(int argc, char **argv)
{
    if (argc != 3) return 64;
    connection_words = argv[2];
    int fd = socket(AF_INET, SOCK_DGRAM, 0), room = 64 << 20;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room))
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    struct timeval wait = {.tv_usec = 100000};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1]))};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (int i = 0; i < BATCHES; i++) {
        struct batch *batch = malloc(sizeof *batch);
        if (!batch) abort();
        push(&empty, batch);
    }
    for (int i = 0; i < WRITERS; i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, write_batches, NULL)) abort();
    }
    if (bind(fd, (struct sockaddr *)&at, sizeof at)) {
        perror("bind");
        return 69;
    }
    puts("ready");
    fflush(stdout);
    for (;;) {
        struct batch *batch = pop(&empty);
        batch->count = 0;
        double first = 0;
        while (batch->count < BATCH && (!batch->count || now() - first < 0.2)) {
            struct iovec parts[AT_ONCE];
            struct mmsghdr headers[AT_ONCE] = {0};
            int room_left = BATCH - batch->count, wanted = room_left < AT_ONCE ? room_left : AT_ONCE;
            for (int i = 0; i < wanted; i++) {
                parts[i] = (struct iovec){batch->messages[batch->count + i], BYTES};
                headers[i].msg_hdr.msg_iov = &parts[i];
                headers[i].msg_hdr.msg_iovlen = 1;
            }
            int got = recvmmsg(fd, headers, (unsigned)wanted, MSG_WAITFORONE, NULL);
            if (got <= 0) continue;
            if (!batch->count) first = now();
            for (int i = 0; i < got; i++) batch->sizes[batch->count + i] = (uint16_t)headers[i].msg_len;
            batch->count += got;
        }
        push(&full, batch);
    }
}
