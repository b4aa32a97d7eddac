-- Roles for the customs database. Run this file as the database's owner, who should be the user that customsd writes
-- as. Run it once, and again after an upgrade that creates views anew:
--
--     psql -d customs -f roles.sql
--
-- customs_reader   for staff who answer questions about users and jobs: may read everything, and write nothing
-- customs_public   for dashboards and the public: may read only views without groups of fewer than five users
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
-- tables of later versions, which will belong to the user who runs this file
ALTER DEFAULT PRIVILEGES IN SCHEMA customs GRANT SELECT ON TABLES TO customs_reader;

GRANT SELECT ON customs.public_packages TO customs_public;
