-- Fills an empty customs database with a year of usage, straight into the tables: the bulk path for benchmarks.
--
--     psql -d DATABASE -v jobs=10000000 -f generate.sql
--
-- The workload is `realistic` of bench/ingest: users and stacks by Zipf, jobs of 1 to 4,096 processes, each size class
-- with the same number of processes: ten processes a job on average. In addition it has what only a longer time has:
-- one job in twenty goes on after midnight, one user in forty is staff, each user has environments of their own, and
-- Slurm has data on all jobs but one in fifty.
\set users 10000
\set stacks 10000
\set packages 42
\set days 365
SET search_path TO customs, pg_catalog;
SET synchronous_commit TO off;
SET work_mem TO '256MB';
SELECT setseed(0.42);
SELECT extract(epoch FROM date_trunc('day', now()))::bigint / 86400 - :days + 1 AS first_day \gset

INSERT INTO users (id, name) SELECT n, 'user' || n FROM generate_series(1, :users) n;
INSERT INTO packages (id, name) SELECT n, 'package' || n FROM generate_series(1, :packages) n;
INSERT INTO clusters (id, name) VALUES (1, 'alder');
INSERT INTO hosts (id, name) SELECT n, 'nid' || n FROM generate_series(1, 10000) n;
INSERT INTO executables (id, name) SELECT n, '/opt/python' || n || '/bin/python3' FROM generate_series(1, 500) n;
INSERT INTO programs (id, name) SELECT n, '/home/user' || (n + 1) / 2 || '/run' || n % 2 || '.py' FROM generate_series(1, 2 * :users) n;
INSERT INTO steps (id, name) SELECT n, (n - 1)::text FROM generate_series(1, 10) n;
INSERT INTO partitions (id, name) VALUES (1, 'cpu'), (2, 'gpu');
INSERT INTO qoses (id, name) VALUES (1, 'regular'), (2, 'debug');
INSERT INTO job_states (id, name) VALUES (1, 'COMPLETED'), (2, 'FAILED'), (3, 'TIMEOUT');
INSERT INTO accounts (id, name) SELECT n, 'm' || 1000 + n FROM generate_series(1, 400) n;
INSERT INTO environments (id, fingerprint, prefix, python, implementation, container, system, subsystem)
    SELECT n, gen_random_uuid(), CASE n % 4 WHEN 0 THEN '/usr' WHEN 1 THEN '/opt/conda' ELSE '/home/user' || n || '/venv' END,
        '3.' || 8 + n % 6 || '.1', 'cpython', CASE WHEN n % 20 = 0 THEN 'podman' ELSE '' END,
        CASE WHEN n % 3 = 0 THEN 'birch' ELSE 'alder' END, ''
    FROM generate_series(1, 2 * :users) n;

-- the first packages are the popular ones, and the very first is in every stack
INSERT INTO stacks (id, fingerprint) SELECT n, gen_random_uuid() FROM generate_series(1, :stacks) n;
INSERT INTO stack_packages (stack, package, version, direct)
    SELECT DISTINCT ON (stack, package) stack, package, major || '.' || minor || '.' || patch, (package = 1)::int
    FROM (
        SELECT s AS stack, CASE WHEN k = 1 THEN 1 WHEN random() < 0.67 THEN 1 + floor(14 * random())::int
                ELSE 1 + floor(:packages * random())::int END AS package,
            floor(4 * random())::int AS major, floor(30 * random())::int AS minor, floor(10 * random())::int AS patch
        FROM generate_series(1, :stacks) s, generate_series(1, 2 + (s * 7919 % 4)) k) drawn;

CREATE TEMP TABLE tastes AS
    SELECT n AS program, (n + 1) / 2 AS usr, floor(power(:stacks + 1, random()))::int AS stack, n AS environment,
        1 + n % 400 AS account
    FROM generate_series(1, 2 * :users) n;
ALTER TABLE tastes ADD PRIMARY KEY (program);
ANALYZE tastes;
-- offsets make the draws of one row independent
CREATE TEMP TABLE drawn AS
    SELECT n AS job, (:first_day + n::bigint * :days / (:jobs + 1))::int AS day,
        2 * floor(power(:users + 1, random()))::int - (random() < 0.5)::int AS program,
        least(12, floor(-log(2, random()::numeric + 1e-9::numeric)))::int AS class, random() AS within, random() AS moment,
        (random() < 0.05) AS goes_on, 1000 + floor(9000 * random())::int AS seconds
    FROM generate_series(1, :jobs) n;
INSERT INTO jobs (id, cluster, job_id, restart, usr, account, num_nodes, num_tasks, elapsed_seconds, state, source, settled,
        first_day, last_day, partition, qos, alloc_cpus, gpus)
    SELECT d.job, 1, (10000000 + d.job)::text, 0, t.usr, t.account,
        (power(2, class)::int + CASE WHEN class < 12 THEN floor(within * power(2, class))::int ELSE 0 END + 63) / 64,
        power(2, class)::int + CASE WHEN class < 12 THEN floor(within * power(2, class))::int ELSE 0 END,
        CASE WHEN d.job % 50 <> 0 THEN seconds END, CASE WHEN d.job % 50 <> 0 THEN CASE d.job % 10 WHEN 7 THEN 'FAILED' WHEN 8 THEN 'TIMEOUT' ELSE 'COMPLETED' END END,
        (d.job % 50 <> 0)::int, 1, d.day, d.day + (d.goes_on AND d.day + 1 < :first_day + :days)::int,
        1 + (t.account % 7 = 0)::int, 1 + (d.job % 13 = 0)::int,
        CASE WHEN d.job % 50 <> 0 THEN 128 * (1 + (class > 6)::int) END,
        CASE WHEN d.job % 50 <> 0 THEN 4 * (t.account % 7 = 0)::int END
    FROM drawn d JOIN tastes t ON t.program = d.program ORDER BY d.job;
INSERT INTO runs (run, first_seen, last_seen, started, day, cluster, job, step, usr, executable, program, stack, environment,
        host, size_class, flags, processes, ranks, exceptions, signals, killed)
    SELECT (lpad(to_hex(r.day), 4, '0') || lpad(to_hex(10000000 + r.job), 12, '0') || lpad(to_hex(r.job), 16, '0'))::uuid,
        r.day * 86400000000 + (moment * 8e10)::bigint, r.day * 86400000000 + (moment * 8.5e10)::bigint,
        r.day * 86400000000 + (moment * 7e10)::bigint, r.day, 1, r.job, 1, t.usr, 1 + t.usr % 500, t.program, t.stack,
        t.environment, 1 + r.job % 10000, 1 + floor(log(2, j.num_nodes))::int,
        1 + CASE WHEN t.usr % 40 = 0 THEN 2 ELSE 0 END, j.num_tasks, NULL, nullif((r.job % 30 = 0)::int, 0), NULL,
        nullif((r.job % 50 = 0)::int, 0)
    FROM (
        SELECT job, day, program, moment FROM drawn
        UNION ALL SELECT job, day + 1, program, moment FROM drawn WHERE goes_on AND day + 1 < :first_day + :days) r
        JOIN tastes t ON t.program = r.program JOIN jobs j ON j.id = r.job
    ORDER BY 1;
-- ids that daemons take later begin after these
SELECT setval(pg_get_serial_sequence(t, 'id'), (SELECT COALESCE(max(id), 1) FROM jobs) + 100000)
    FROM unnest(ARRAY['users', 'packages', 'clusters', 'hosts', 'executables', 'programs', 'steps', 'accounts', 'environments',
        'stacks', 'jobs', 'partitions', 'qoses', 'job_states']) t;
VACUUM ANALYZE;
SELECT (SELECT count(*) FROM runs) AS runs, (SELECT sum(processes) FROM runs) AS processes, (SELECT count(*) FROM jobs) AS jobs,
    pg_size_pretty(pg_database_size(current_database())) AS size;
