-- Roles for the customs database. Run this file as a superuser, or as the user that customsd writes as if that user
-- owns the database. Run it once customsd has made its tables, and again after an upgrade, which may make views anew:
--
--     psql -d customs -f roles.sql
--
-- customs_reader   for staff who answer questions about users and jobs: may read everything, and write nothing
-- customs_public   for dashboards and the public: may read only a view without groups of fewer than five users
--
-- Then: CREATE ROLE ada LOGIN; GRANT customs_reader TO ada;
--       ALTER ROLE ada SET statement_timeout = '10min';
--       ALTER ROLE ada SET idle_in_transaction_session_timeout = '10min';

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'customs_reader') THEN CREATE ROLE customs_reader NOLOGIN; END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'customs_public') THEN CREATE ROLE customs_public NOLOGIN; END IF;
END
$$;

-- What PostgreSQL gives to every role, and only a writer needs: temporary tables, and functions of one's own. The
-- database's owner may take away the first, a superuser all of it.
DO $$
DECLARE
    writer text := (SELECT quote_ident(rolname) FROM pg_roles r JOIN pg_namespace n ON n.nspowner = r.oid
        WHERE n.nspname = 'customs');
    statement text;
BEGIN
    FOREACH statement IN ARRAY ARRAY[
        format('GRANT TEMPORARY ON DATABASE %I TO %s', current_database(), writer),
        format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC', current_database()),
        format('GRANT USAGE ON LANGUAGE sql, plpgsql TO %s', writer),
        'REVOKE USAGE ON LANGUAGE sql, plpgsql FROM PUBLIC',
        'REVOKE CREATE ON SCHEMA public FROM PUBLIC']
    LOOP
        BEGIN
            EXECUTE statement;
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE WARNING 'not allowed, ask a superuser: %', statement;
        END;
    END LOOP;
END
$$;

GRANT USAGE ON SCHEMA customs TO customs_reader, customs_public;
GRANT SELECT ON ALL TABLES IN SCHEMA customs TO customs_reader;
REVOKE ALL ON customs.store_keys FROM customs_reader;
-- tables of later versions, which will belong to the user who runs this file
ALTER DEFAULT PRIVILEGES IN SCHEMA customs GRANT SELECT ON TABLES TO customs_reader;

REVOKE ALL ON FUNCTION customs.published_packages() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION customs.published_packages() TO customs_reader, customs_public;
GRANT SELECT ON customs.public_packages TO customs_public;
