/* copy SHAPE WORKLOAD SEED RECORDS CONNECTION
 *
 * Writes prepared rows to PostgreSQL by COPY BINARY, 10,000 a transaction: the ceiling of every writer. Shapes: 'wide',
 * a row of 20 columns for each record; 'staged', the same through a temporary table and ON CONFLICT DO NOTHING, as a
 * writer without duplicates needs it; 'runs', a row of the schema's table of that name. Prints rows, seconds and the
 * processor's seconds, as JSON.
 */
#include "execute.h"
#include "workload.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

enum { BATCH = 10000 };

static char *rows;
static size_t used, room;

static void put(const void *bytes, size_t count)
{
    if (used + count > room) {
        room = room ? room * 2 : 64 << 20;
        rows = realloc(rows, room);
        if (!rows) abort();
    }
    memcpy(rows + used, bytes, count);
    used += count;
}

static void put16(uint16_t value)
{
    value = htobe16(value);
    put(&value, 2);
}

static void put32(uint32_t value)
{
    value = htobe32(value);
    put(&value, 4);
}

static void put64(uint64_t value)
{
    value = htobe64(value);
    put(&value, 8);
}

static void integer(uint32_t value)
{
    put32(4);
    put32(value);
}

static void smallint(uint16_t value)
{
    put32(2);
    put16(value);
}

static void bigint(uint64_t value)
{
    put32(8);
    put64(value);
}

static void text(const char *value)
{
    put32((uint32_t)strlen(value));
    put(value, strlen(value));
}

static void uuid(uint64_t high, uint64_t low)
{
    put32(16);
    put64(high);
    put64(low);
}

static void wide(const struct workload *w, const struct sample *s)
{
    char name[32], job[16], host[16], time[32] = {0};
    snprintf(name, sizeof name, "user%04u", workload_user(w, s->job->program));
    snprintf(job, sizeof job, "%u", s->job->number);
    snprintf(host, sizeof host, "nid%05u", s->host);
    workload_time(s->microseconds, time);
    put16(20);
    uuid(s->id_high, s->id_low);
    text(time);
    text("1234.567");
    text(host);
    integer(s->pid);
    integer(s->ppid);
    text(name);
    integer(20000 + workload_user(w, s->job->program));
    text("/usr/bin/python3");
    text("/usr");
    text("3.11.7");
    text("cpython");
    text(workload_main(w, s->job->program));
    text("alder");
    text(job);
    text("0");
    integer(s->job->nodes);
    text("regular");
    text("m1000");
    text(workload_packages(w, s->job->program));
}

static void run(const struct workload *w, const struct sample *s)
{
    put16(21);
    uuid((uint64_t)20000 << 48 | s->job->number, s->id_low);
    bigint((uint64_t)s->microseconds);
    bigint((uint64_t)s->microseconds);
    bigint(s->elapsed_milliseconds);
    integer(20000);
    integer(1);
    integer(s->job->number);
    integer(s->job->step);
    integer(workload_user(w, s->job->program));
    integer(1);
    integer(s->job->program);
    integer(s->job->program);
    integer(1);
    integer(s->host);
    smallint(1);
    smallint(1);
    integer(1);
    for (int column = 0; column < 4; column++) put32(UINT32_MAX);
}

static double now(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

int main(int argc, char **argv)
{
    enum workload_kind kind;
    if (argc != 6 || workload_kind_named(argv[2], &kind)) return 64;
    int is_runs = !strcmp(argv[1], "runs"), is_staged = !strcmp(argv[1], "staged");
    struct workload *w = workload_create(kind, strtoull(argv[3], NULL, 10));
    uint64_t records = strtoull(argv[4], NULL, 10) / BATCH * BATCH;
    size_t *ends = calloc(records / BATCH + 1, sizeof *ends);
    struct sample s;
    static const char head[19] = "PGCOPY\n\377\r\n\0";
    for (uint64_t i = 0; i < records; i++) {
        if (i % BATCH == 0) put(head, sizeof head);
        workload_next(w, &s);
        if (is_runs) run(w, &s);
        else wide(w, &s);
        if (i % BATCH == BATCH - 1) {
            put16(0xffff);
            ends[i / BATCH + 1] = used;
        }
    }
    PGconn *connection = PQconnectdb(argv[5]);
    must(connection, PQstatus(connection) == CONNECTION_OK);
    if (is_staged) execute(connection, "CREATE TEMP TABLE staged (LIKE wide) ON COMMIT DELETE ROWS");
    double start = now(CLOCK_MONOTONIC), cpu = now(CLOCK_PROCESS_CPUTIME_ID);
    for (uint64_t batch = 0; batch < records / BATCH; batch++) {
        execute(connection, "BEGIN");
        execute(connection, is_staged ? "COPY staged FROM STDIN (FORMAT binary)"
                            : is_runs ? "COPY runs FROM STDIN (FORMAT binary)"
                                      : "COPY wide FROM STDIN (FORMAT binary)");
        must(connection, PQputCopyData(connection, rows + ends[batch], (int)(ends[batch + 1] - ends[batch])) == 1);
        must(connection, PQputCopyEnd(connection, NULL) == 1);
        for (PGresult *result; (result = PQgetResult(connection)); PQclear(result))
            must(connection, PQresultStatus(result) == PGRES_COMMAND_OK);
        if (is_staged) execute(connection, "INSERT INTO wide SELECT * FROM staged ON CONFLICT DO NOTHING");
        execute(connection, "COMMIT");
    }
    printf("{\"rows\": %llu, \"seconds\": %.6f, \"cpu_seconds\": %.6f}\n", (unsigned long long)records,
           now(CLOCK_MONOTONIC) - start, now(CLOCK_PROCESS_CPUTIME_ID) - cpu);
    return 0;
}
