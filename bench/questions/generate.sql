-- Fills an empty customs database with a year of usage, straight into the tables: the bulk path for benchmarks.
--
--     psql -d DATABASE -v runs=20000000 -v processes=5 -f generate.sql
--
-- Few users, packages and jobs are of many, and many are of few (powers of a random number). Users keep to a few stacks and
-- environments of their own, jobs come in the order of time, and one run in ten is outside a job.
\set users 3000
\set packages 400
\set stacks 30000
\set days 365
SET search_path TO customs, pg_catalog;
SET synchronous_commit TO off;
SELECT setseed(0.42);
SELECT :runs / 4 AS jobs, extract(epoch FROM date_trunc('day', now()))::bigint / 86400 - :days + 1 AS first_day \gset

INSERT INTO users (id, name) SELECT n, 'user' || n FROM generate_series(1, :users) n;
INSERT INTO packages (id, name) SELECT n, 'package' || n FROM generate_series(1, :packages) n;
INSERT INTO clusters (id, name) VALUES (1, 'alder'), (2, 'birch');
INSERT INTO hosts (id, name) SELECT n, 'nid' || n FROM generate_series(1, 10000) n;
INSERT INTO executables (id, name) SELECT n, '/opt/python' || n || '/bin/python3' FROM generate_series(1, 500) n;
INSERT INTO programs (id, name) SELECT n, '/home/user' || n / 20 || '/run' || n || '.py' FROM generate_series(1, 20 * :users) n;
INSERT INTO steps (id, name) SELECT n, n::text FROM generate_series(1, 10) n;
INSERT INTO accounts (id, name) SELECT n, 'm' || n FROM generate_series(1, 600) n;
INSERT INTO environments (id, fingerprint, prefix, python, implementation, container, system, subsystem)
    SELECT n, gen_random_uuid(), CASE n % 4 WHEN 0 THEN '/usr' WHEN 1 THEN '/opt/conda' ELSE '/home/user' || n || '/venv' END,
        '3.' || 8 + n % 6 || '.1', 'cpython', CASE WHEN n % 20 = 0 THEN 'podman' ELSE '' END,
        CASE WHEN n % 3 = 0 THEN 'birch' ELSE 'alder' END, ''
    FROM generate_series(1, 2 * :users) n;

INSERT INTO stacks (id, fingerprint) SELECT n, gen_random_uuid() FROM generate_series(1, :stacks) n;
INSERT INTO stack_packages (stack, package, version, direct)
    SELECT DISTINCT ON (stack, package) stack, package, '1.' || version, direct
    FROM (
        SELECT s AS stack, 1 + floor(:packages * power(random(), 3))::int AS package, floor(20 * power(random(), 2))::int AS version,
            (random() < 0.4)::int AS direct
        FROM generate_series(1, :stacks) s, generate_series(1, 12) k) drawn;

INSERT INTO jobs (id, cluster, job_id, restart, usr, account, num_nodes)
    SELECT n, 1 + n % 2, (1000000 + n)::text, 0, u, 1 + u % 600, power(2, floor(8 * power(random(), 4)))::int
    FROM (SELECT n, 1 + floor(:users * power(random(), 2))::int AS u FROM generate_series(1, :jobs) n) drawn;

CREATE TEMP TABLE drawn AS
    SELECT n, (:first_day + n::bigint * :days / (:runs + 1))::int AS day,
        CASE WHEN random() < 0.9 THEN 1 + (n::bigint * :jobs / (:runs + 1))::int ELSE 0 END AS job,
        1 + floor(:users * power(random(), 2))::int AS stray, power(random(), 3) AS taste, random() AS moment
    FROM generate_series(1, :runs) n;
INSERT INTO runs (run, first_seen, last_seen, started, day, cluster, job, step, usr, executable, program, stack, environment,
        host, size_class, flags, processes, ranks, exceptions, signals, killed)
    SELECT (lpad(to_hex(day), 4, '0') || lpad(to_hex(CASE WHEN job = 0 THEN 0 ELSE 1000000 + job END), 12, '0')
            || lpad(to_hex(n), 16, '0'))::uuid,
        day * 86400000000 + (moment * 8e10)::bigint, day * 86400000000 + (moment * 8.5e10)::bigint,
        day * 86400000000 + (moment * 7e10)::bigint, day, CASE WHEN job = 0 THEN 0 ELSE 1 + job % 2 END, job, 1 + n % 3, u,
        1 + u % 500, 20 * u - (taste * 19)::int, 1 + (u * 10 + (taste * 9)::int) % :stacks, 2 * u - (taste * 1.99)::int,
        1 + n % 10000, 1, CASE WHEN job = 0 THEN 0 ELSE 1 END + CASE WHEN u % 40 = 0 THEN 2 ELSE 0 END, :processes, 0,
        (n % 30 = 0)::int, 0, (n % 50 = 0)::int
    FROM (
        SELECT d.*, COALESCE(j.usr, d.stray) AS u FROM drawn d LEFT JOIN jobs j ON j.id = d.job) known
    ORDER BY 1;
INSERT INTO usage_daily (day, cluster, usr, stack, environment, size_class, flags, processes)
    SELECT day, cluster, usr, stack, environment, size_class, flags, sum(processes) FROM runs
    GROUP BY day, cluster, usr, stack, environment, size_class, flags;
-- what daemons write later begins behind these
SELECT setval(pg_get_serial_sequence(t, 'id'), (SELECT COALESCE(max(id), 1) FROM jobs) + :stacks + 20 * :users)
    FROM unnest(ARRAY['users', 'packages', 'clusters', 'hosts', 'executables', 'programs', 'steps', 'accounts', 'environments',
        'stacks', 'jobs']) t;
VACUUM ANALYZE;
SELECT (SELECT count(*) FROM runs) AS runs, (SELECT sum(processes) FROM runs) AS processes, (SELECT count(*) FROM jobs) AS jobs,
    (SELECT count(*) FROM usage_daily) AS daily, pg_size_pretty(pg_database_size(current_database())) AS size;
