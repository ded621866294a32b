-- The four roles of the database, and everything in it given to its owner. Run by a superuser of the server in the database
-- itself, as often as one likes: by `brain up` for the embedded one, by deploy/database-roles.sh in the container. Passwords are
-- set by whoever runs it.
--
--   brain_owner   owns everything; `brain migrate` alone uses it
--   brain_app     web and engine: owns nothing; may only add to what is evidence (grants.sql)
--   brain_intake  intake: adds readings and refused messages, keeps its own accounts, opens the events of hotline orders
--   brain_report  reads, for reports and analysts; no password hashes, sessions or keys
--   brain_rollup  nobody logs in as it: owns TimescaleDB's two roll-ups, because only an owner may refresh them and a procedure
--                 that commits cannot lend its owner's rights. brain_app is a member. On plain PostgreSQL it owns nothing.
DO $$
DECLARE
  name text;
  one  record;
BEGIN
  FOREACH name IN ARRAY ARRAY['brain_owner', 'brain_app', 'brain_intake', 'brain_report', 'brain_rollup'] LOOP
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = name) THEN
      EXECUTE format('CREATE ROLE %I', name);
    END IF;
    EXECUTE format('ALTER ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS', name);
  END LOOP;
  GRANT brain_rollup TO brain_owner, brain_app;

  EXECUTE format('ALTER DATABASE %I OWNER TO brain_owner', current_database());
  GRANT CREATE ON SCHEMA public TO brain_owner;
  IF EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'timescaledb') THEN
    GRANT CREATE ON SCHEMA _timescaledb_internal TO brain_owner WITH GRANT OPTION;  -- for as long as grants.sql needs it
    FOR one IN SELECT view_schema, view_name FROM timescaledb_information.continuous_aggregates
                WHERE view_owner NOT IN ('brain_rollup') LOOP
      EXECUTE format('ALTER MATERIALIZED VIEW %I.%I OWNER TO brain_rollup', one.view_schema, one.view_name);
    END LOOP;
  END IF;

  -- a database that was made by a single user before: its things change hands
  FOR one IN
    SELECT c.oid::regclass AS what FROM pg_class c
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
       AND pg_get_userbyid(c.relowner) NOT IN ('brain_owner', 'brain_rollup')
       AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                        AND d.deptype IN ('e', 'a', 'i') AND (d.deptype = 'e' OR c.relkind = 'S'))
  LOOP
    EXECUTE format('ALTER TABLE %s OWNER TO brain_owner', one.what);
  END LOOP;
  FOR one IN
    SELECT t.oid::regtype AS what FROM pg_type t JOIN pg_class c ON c.oid = t.typrelid
     WHERE t.typnamespace = 'public'::regnamespace AND c.relkind = 'c' AND pg_get_userbyid(t.typowner) <> 'brain_owner'
       AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
  LOOP
    EXECUTE format('ALTER TYPE %s OWNER TO brain_owner', one.what);
  END LOOP;
  FOR one IN
    SELECT p.oid::regprocedure AS what FROM pg_proc p
     WHERE p.pronamespace = 'public'::regnamespace AND pg_get_userbyid(p.proowner) <> 'brain_owner'
       AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
  LOOP
    EXECUTE format('ALTER ROUTINE %s OWNER TO brain_owner', one.what);
  END LOOP;
END $$;
