-- A row for each record, as rsyslog or syslog-ng would store it, with the indexes that help: the usage that
-- generate.sql has made.
CREATE TABLE public.wide AS
    SELECT r.first_seen, DATE '1970-01-01' + r.day AS day, 'nid' || r.host AS host, u.name AS username,
        x.name AS executable, m.name AS main, j.job_id, '0' AS step_id, j.num_nodes, a.name AS account,
        e.prefix, e.python, e.system, r.flags & 1 = 1 AS is_compute, r.flags & 2 = 2 AS is_staff, s.packages
    FROM customs.runs r JOIN customs.users u ON u.id = r.usr JOIN customs.executables x ON x.id = r.executable
        JOIN customs.programs m ON m.id = r.program JOIN customs.environments e ON e.id = r.environment
        JOIN customs.jobs j ON j.id = r.job JOIN customs.accounts a ON a.id = j.account
        JOIN (SELECT sp.stack, jsonb_object_agg(p.name, sp.version) AS packages
            FROM customs.stack_packages sp JOIN customs.packages p ON p.id = sp.package GROUP BY sp.stack) s
            ON s.stack = r.stack,
        generate_series(1, r.processes);
CREATE INDEX ON public.wide (day);
CREATE INDEX ON public.wide USING gin (packages);
ANALYZE public.wide;
