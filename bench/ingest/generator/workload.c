#include "workload.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    USERS = 10000,
    STACKS = 10000,
    PROGRAMS = 2 * USERS,
    HOSTS = 10000,
    LARGEST_JOB = 12, /* as a power of 2 */
    /* Jobs that end at the same time, and the number of a job's records that come together. */
    ENDING = 64,
    TOGETHER = 32,
    STEPS = 64,
    /* The average length of the hook's records on a real cluster. */
    RECORD_BYTES = 628,
    PROCESS_BYTES = 162,
    JOB_BYTES = 165,
    /* With the larger counts of tasks. */
    RANK_BYTES = 14,
};

/* 2025-06-01, so that no record is dated ahead of its arrival. */
static const int64_t first_moment = 1748736000000000;

static const char *const packages[] = {
    "numpy", "scipy", "pandas", "matplotlib", "multiprocessing", "h5py", "astropy", "mpi4py", "dask", "numba",
    "netCDF4", "xarray", "sklearn", "joblib", "tensorflow", "torch", "seaborn", "statsmodels", "ipykernel", "Bio",
    "PIL", "cupy", "jax", "keras", "networkx", "sympy", "zarr", "yaml", "requests", "tables", "pyarrow", "polars",
    "lightgbm", "xgboost", "nltk", "gensim", "plotly", "bokeh", "fireworks", "ase", "pymatgen", "openmm",
};
enum { PACKAGES = sizeof packages / sizeof *packages };

struct program {
    char text[700];
    uint16_t bytes;
    char main[160];
    uint32_t stack;
};

struct workload {
    enum workload_kind kind;
    uint64_t random, identities, drawn;
    double user_share[USERS], stack_share[STACKS];
    char (*stacks)[400];
    struct program *programs;
    struct job jobs[ENDING];
    uint32_t next_job;
    struct job *current;
    uint32_t together;
};

static uint64_t mix(uint64_t x)
{
    x ^= x >> 30;
    x *= 0xbf58476d1ce4e5b9;
    x ^= x >> 27;
    x *= 0x94d049bb133111eb;
    return x ^ x >> 31;
}

static uint64_t draw(struct workload *w) { return mix(w->random += 0x9e3779b97f4a7c15); }

static uint32_t below(struct workload *w, uint32_t bound) { return (uint32_t)((draw(w) >> 32) * bound >> 32); }

/* The shares of 1/1, 1/2, 1/3, ..., added up. */
static void zipf(double *share, uint32_t count)
{
    double sum = 0;
    for (uint32_t i = 0; i < count; i++) share[i] = sum += 1.0 / (i + 1);
    for (uint32_t i = 0; i < count; i++) share[i] /= sum;
}

static uint32_t pick(struct workload *w, const double *share, uint32_t count)
{
    double at = (double)(draw(w) >> 11) * 0x1p-53;
    uint32_t low = 0, high = count - 1;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (share[middle] < at) low = middle + 1;
        else high = middle;
    }
    return low;
}

static void make_stack(struct workload *w, char *text, size_t room)
{
    char chosen[PACKAGES] = {0};
    uint32_t count = 2 + below(w, 4);
    size_t at = 0;
    for (uint32_t i = 0; i < count;) {
        /* The first packages are the popular ones, and the very first is in every stack. */
        uint32_t name = !i ? 0 : below(w, 3) ? below(w, 14) : below(w, PACKAGES);
        if (chosen[name]) continue;
        chosen[name] = 1;
        at += (size_t)snprintf(text + at, room - at, "%s\"%s\":\"%u.%u.%u\"", i ? "," : "", packages[name], below(w, 4),
                               below(w, 30), below(w, 10));
        i++;
    }
}

static void make_program(struct workload *w, uint32_t number)
{
    struct program *p = &w->programs[number];
    uint32_t user = number / 2;
    p->stack = pick(w, w->stack_share, STACKS);
    const char *stack = w->stacks[p->stack];
    static const char format[] =
        "\"username\":\"user%04u\",\"uid\":%u,\"executable\":\"/usr/bin/python3\",\"prefix\":\"/usr\","
        "\"python\":\"3.11.7\",\"implementation\":\"cpython\",\"main\":\"%s\",\"end\":\"exit\",\"packages\":{%s},"
        "\"direct\":[\"numpy\"],\"is_staff\":false,";
    snprintf(p->main, sizeof p->main, "/home/user%04u/run%u.py", user, number % 2);
    for (int pass = 0; pass < 2; pass++) {
        p->bytes = (uint16_t)snprintf(p->text, sizeof p->text, format, user, 20000 + user, p->main, stack);
        int rank = w->kind == WORKLOAD_REALISTIC ? RANK_BYTES : 0;
        int missing = RECORD_BYTES - rank - PROCESS_BYTES - JOB_BYTES - p->bytes;
        if (pass || missing < 2) break;
        if (missing > 120) missing = 120;
        /* The length of programs' paths differs most between centres, so the path fills the rest. */
        char filler[128];
        memset(filler, 'd', (size_t)missing - 1);
        snprintf(p->main, sizeof p->main, "/home/user%04u/%.*s/run%u.py", user, missing - 1, filler, number % 2);
    }
}

static void make_job(struct workload *w, struct job *job)
{
    if (w->kind == WORKLOAD_STEPS && job->size && job->step + 1 < STEPS) {
        job->step++;
    } else {
        job->number = 10000000 + w->next_job++;
        job->step = 0;
        job->program = 2 * pick(w, w->user_share, USERS) + below(w, 2);
        if (w->kind == WORKLOAD_JOBS) {
            job->number = 10000000 + (job->number - 10000000) % JOBS;
            job->program = 2 * (job->number % USERS);
        }
    }
    job->size = 1;
    if (w->kind == WORKLOAD_REALISTIC) {
        /* Twice as large jobs are half as many, so each size class has the same number of processes. */
        uint64_t coins = draw(w) | 1ULL << LARGEST_JOB;
        uint32_t class = (uint32_t)__builtin_ctzll(coins);
        job->size = 1u << class;
        /* Any size in between, but for the largest. */
        if (class < LARGEST_JOB) job->size += below(w, job->size);
    }
    job->left = job->size;
    job->nodes = (job->size + 63) / 64;
    job->text_bytes = (uint16_t)snprintf(
        job->text, sizeof job->text,
        "\"is_compute\":true,\"cluster\":\"alder\",\"system\":\"alder\",\"job_id\":\"%u\",\"step_id\":\"%u\","
        "\"num_nodes\":%u,\"num_tasks\":%u,\"qos\":\"regular\",\"partition\":\"batch\",\"repo\":\"m%u\"",
        job->number, job->step, job->nodes, job->size, 1000 + job->program % 400);
}

struct workload *workload_create(enum workload_kind kind, uint64_t seed)
{
    struct workload *w = calloc(1, sizeof *w);
    if (!w) abort();
    w->kind = kind;
    w->random = mix(seed + 1);
    w->identities = mix(w->random) | 1;
    w->stacks = calloc(STACKS, sizeof *w->stacks);
    w->programs = calloc(PROGRAMS, sizeof *w->programs);
    if (!w->stacks || !w->programs) abort();
    zipf(w->user_share, USERS);
    zipf(w->stack_share, STACKS);
    for (uint32_t i = 0; i < STACKS; i++) make_stack(w, w->stacks[i], sizeof *w->stacks);
    for (uint32_t i = 0; i < PROGRAMS; i++) make_program(w, i);
    for (uint32_t i = 0; i < ENDING; i++) make_job(w, &w->jobs[i]);
    return w;
}

void workload_next(struct workload *w, struct sample *s)
{
    if (!w->current || !w->together || !w->current->left) {
        w->current = &w->jobs[below(w, ENDING)];
        w->together = w->kind == WORKLOAD_REALISTIC ? TOGETHER : 1;
        if (!w->current->left) make_job(w, w->current);
    }
    struct job *job = w->current;
    uint64_t number = w->drawn++;
    /* Both are one-to-one, so that no id comes twice. */
    s->id_high = mix(number + w->identities);
    s->id_low = mix((number + 1) * w->identities);
    s->microseconds = first_moment + (int64_t)number * 10;
    s->elapsed_milliseconds = 1000000 + below(w, 9000000);
    s->host = below(w, HOSTS);
    s->pid = 1000000 + below(w, 3000000);
    s->ppid = s->pid - 1 - below(w, 100);
    if (s->ppid < 1000000) s->ppid = 1000000;
    s->rank = job->size - job->left;
    s->job = job;
    job->left--;
    w->together--;
}

static char *put(char *to, const char *text, size_t count)
{
    memcpy(to, text, count);
    return to + count;
}

#define PUT(to, literal) put(to, literal, sizeof literal - 1)

static char *digits(char *to, uint64_t value, int count)
{
    for (int i = count - 1; i >= 0; i--) {
        to[i] = (char)('0' + value % 10);
        value /= 10;
    }
    return to + count;
}

static char *hexadecimal(char *to, uint64_t value)
{
    for (int i = 15; i >= 0; i--) {
        to[i] = "0123456789abcdef"[value & 15];
        value >>= 4;
    }
    return to + 16;
}

void workload_time(int64_t microseconds, char *to)
{
    /* No record is dated after June: 2.6e12 microseconds hold 2.6e11 records. */
    uint64_t since = (uint64_t)(microseconds - first_moment);
    uint64_t seconds = since / 1000000;
    to = PUT(to, "2025-06-");
    to = digits(to, 1 + seconds / 86400, 2);
    to = PUT(to, "T");
    to = digits(to, seconds / 3600 % 24, 2);
    to = PUT(to, ":");
    to = digits(to, seconds / 60 % 60, 2);
    to = PUT(to, ":");
    to = digits(to, seconds % 60, 2);
    to = PUT(to, ".");
    to = digits(to, since % 1000000, 6);
    PUT(to, "Z");
}

size_t workload_record(const struct workload *w, const struct sample *s, char *to)
{
    const char *start = to;
    const struct program *program = &w->programs[s->job->program];
    to = PUT(to, "{\"v\":1,\"id\":\"");
    to = hexadecimal(to, s->id_high);
    to = hexadecimal(to, s->id_low);
    to = PUT(to, "\",\"event_timestamp\":\"");
    workload_time(s->microseconds, to);
    to += 27;
    to = PUT(to, "\",\"elapsed\":");
    to = digits(to, s->elapsed_milliseconds / 1000, 4);
    to = PUT(to, ".");
    to = digits(to, s->elapsed_milliseconds % 1000, 3);
    to = PUT(to, ",\"host\":\"nid");
    to = digits(to, s->host, 5);
    to = PUT(to, "\",\"pid\":");
    to = digits(to, s->pid, 7);
    to = PUT(to, ",\"ppid\":");
    to = digits(to, s->ppid, 7);
    to = PUT(to, ",");
    to = put(to, program->text, program->bytes);
    to = put(to, s->job->text, s->job->text_bytes);
    if (s->job->size > 1) {
        int width = s->rank < 10 ? 1 : s->rank < 100 ? 2 : s->rank < 1000 ? 3 : 4;
        to = PUT(to, ",\"rank\":");
        to = digits(to, s->rank, width);
    }
    to = PUT(to, "}");
    return (size_t)(to - start);
}

size_t workload_message(const struct workload *w, const struct sample *s, char *to)
{
    const char *start = to;
    to = PUT(to, "<134>1 ");
    workload_time(s->microseconds, to);
    to += 27;
    to = PUT(to, " nid");
    to = digits(to, s->host, 5);
    to = PUT(to, " customs ");
    to = digits(to, s->pid, 7);
    to = PUT(to, " imports - ");
    to += workload_record(w, s, to);
    return (size_t)(to - start);
}

uint32_t workload_user(const struct workload *w, uint32_t program)
{
    (void)w;
    return program / 2;
}

const char *workload_main(const struct workload *w, uint32_t program) { return w->programs[program].main; }

const char *workload_packages(const struct workload *w, uint32_t program)
{
    return w->stacks[w->programs[program].stack];
}

int workload_kind_named(const char *name, enum workload_kind *kind)
{
    if (!strcmp(name, "unique")) *kind = WORKLOAD_UNIQUE;
    else if (!strcmp(name, "steps")) *kind = WORKLOAD_STEPS;
    else if (!strcmp(name, "realistic")) *kind = WORKLOAD_REALISTIC;
    else if (!strcmp(name, "jobs")) *kind = WORKLOAD_JOBS;
    else return -1;
    return 0;
}
