-- Roles for the customs database. Run it as the database's owner, who should be the user that customsd writes as, once, and
-- again after an upgrade that makes views anew (version 6 of the tables does):
--
--     psql -d customs -f roles.sql
--
-- customs_reader   for those who answer questions about users and jobs: everything may be read, nothing written
-- customs_public   for dashboards and everybody else: only views that tell of no group of fewer than five users
--
-- Then: CREATE ROLE ada LOGIN; GRANT customs_reader TO ada;

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'customs_reader') THEN CREATE ROLE customs_reader NOLOGIN; END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'customs_public') THEN CREATE ROLE customs_public NOLOGIN; END IF;
END
$$;

GRANT USAGE ON SCHEMA customs TO customs_reader, customs_public;
GRANT SELECT ON ALL TABLES IN SCHEMA customs TO customs_reader;
-- tables of versions to come; they belong to who runs this
ALTER DEFAULT PRIVILEGES IN SCHEMA customs GRANT SELECT ON TABLES TO customs_reader;

GRANT SELECT ON customs.public_packages TO customs_public;
