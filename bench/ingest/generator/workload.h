/* Usage records as a busy centre sends them, by a seed: the same seed gives the same bytes on every machine. */
#ifndef CUSTOMS_BENCH_WORKLOAD_H
#define CUSTOMS_BENCH_WORKLOAD_H

#include <stddef.h>
#include <stdint.h>

/* Longer than any message that is made here. */
#define MESSAGE_BYTES 1024

enum workload_kind {
    /* Every record is a job of one process, and so a run of its own. */
    WORKLOAD_UNIQUE,
    /* Every record is a step of its own, 64 to a job, and so a run of its own. */
    WORKLOAD_STEPS,
    /* Jobs of 1 to 4,096 processes that end together. */
    WORKLOAD_REALISTIC,
    /* JOBS jobs; each record is one more process of one. */
    WORKLOAD_JOBS,
};

enum { JOBS = 5000 };

struct job {
    uint32_t number;
    uint32_t program;
    uint32_t size;
    uint32_t left;
    uint32_t nodes;
    uint16_t step;
    uint16_t text_bytes;
    /* The part that is the same in all its records, as JSON. */
    char text[256];
};

/* One process, as numbers. */
struct sample {
    uint64_t id_high, id_low;
    int64_t microseconds;
    uint32_t elapsed_milliseconds, host, pid, ppid, rank;
    const struct job *job;
};

struct workload;

struct workload *workload_create(enum workload_kind kind, uint64_t seed);
/* Draws the next process. */
void workload_next(struct workload *, struct sample *);
/* Writes its JSON; returns the number of bytes. */
size_t workload_record(const struct workload *, const struct sample *, char *to);
/* Writes it as the hook sends it, as one RFC 5424 message; returns the number of bytes. */
size_t workload_message(const struct workload *, const struct sample *, char *to);
/* "2025-06-01T00:00:00.000000Z", 27 bytes. */
void workload_time(int64_t microseconds, char *to);

uint32_t workload_user(const struct workload *, uint32_t program);
const char *workload_main(const struct workload *, uint32_t program);
const char *workload_packages(const struct workload *, uint32_t program);

int workload_kind_named(const char *name, enum workload_kind *kind);

#endif
