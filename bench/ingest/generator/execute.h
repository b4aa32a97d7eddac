/* Runs statements in PostgreSQL; a failure ends the program. */
#ifndef CUSTOMS_BENCH_EXECUTE_H
#define CUSTOMS_BENCH_EXECUTE_H

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>

static inline void must(PGconn *connection, int good)
{
    if (good) return;
    fprintf(stderr, "%s", PQerrorMessage(connection));
    exit(70);
}

static inline void execute(PGconn *connection, const char *sql)
{
    PGresult *result = PQexec(connection, sql);
    ExecStatusType status = PQresultStatus(result);
    must(connection, status == PGRES_COMMAND_OK || status == PGRES_COPY_IN);
    PQclear(result);
}

#endif
