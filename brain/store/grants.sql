-- Who may do what, said anew after every migration (idempotent, one transaction). Run by the owner; without the roles (a
-- database of a single user) it is left out, and `brain check` says so.

-- TimescaleDB's roll-ups belong to the role that may refresh them. Handing them over asks that it may create beside them, which
-- it may for that moment only: brain_app is a member of it.
DO $$
DECLARE
  one record;
BEGIN
  IF EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'timescaledb') THEN
    GRANT CREATE ON SCHEMA public, _timescaledb_internal TO brain_rollup;
    FOR one IN SELECT view_schema, view_name FROM timescaledb_information.continuous_aggregates WHERE view_owner <> 'brain_rollup' LOOP
      EXECUTE format('ALTER MATERIALIZED VIEW %I.%I OWNER TO brain_rollup', one.view_schema, one.view_name);
    END LOOP;
    REVOKE CREATE ON SCHEMA public, _timescaledb_internal FROM brain_rollup;
  END IF;
END $$;

REVOKE ALL ON ALL TABLES IN SCHEMA public FROM PUBLIC, brain_app, brain_intake, brain_report;
REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM PUBLIC, brain_app, brain_intake, brain_report;
GRANT USAGE ON SCHEMA public TO brain_app, brain_intake, brain_report, brain_rollup;
REVOKE EXECUTE ON FUNCTION brain_add_partition(text, text, text, timestamptz, timestamptz), brain_drop_partition(text),
                           brain_after_restore(), brain_keep(text, int) FROM PUBLIC;

-- The application: everything that people and rules change; what is evidence it can only add to.
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO brain_app;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO brain_app;
REVOKE UPDATE, DELETE ON audit, audit_link, event_log, event_link, alert_log FROM brain_app;
REVOKE INSERT, UPDATE, DELETE ON schema_migration, schema_body, keeping FROM brain_app;
GRANT EXECUTE ON FUNCTION brain_add_partition(text, text, text, timestamptz, timestamptz), brain_drop_partition(text) TO brain_app;

-- Intake: readings and what it refused are added and never taken away; its own accounts and places move on. An order of the
-- hotline opens its event in the writer's own transaction, so intake may also open and move events and tell the people on
-- duty; of history it can only add lines. It reads no session and no audit line.
GRANT SELECT ON station, place, cell, org, keeping, roll_up_state, schema_body, maintenance, calibration, intake_book,
                intake_mapping, consumer, tcp_station TO brain_intake;
GRANT SELECT, INSERT ON reading, intake_batch, dirty_bucket, feed_drift TO brain_intake;
GRANT UPDATE (stored, duplicate) ON intake_batch TO brain_intake;  -- a value that differs from the stored one is kept beside it
GRANT SELECT, INSERT, UPDATE ON latest, feed_status, dead_letter, feed_known, feed_shape, poll_cursor, intake_file, warning,
                                mend_request TO brain_intake;
GRANT SELECT, INSERT, UPDATE, DELETE ON intake_worker, push_receipt, tcp_heard TO brain_intake;
GRANT SELECT, UPDATE (last_used_at) ON feed_key TO brain_intake;
GRANT SELECT ON person, roster, route, photo, alert, event_part TO brain_intake;
GRANT SELECT, INSERT ON event_log, notice TO brain_intake;
GRANT INSERT ON event_waiting, event_part TO brain_intake;
GRANT SELECT, INSERT, UPDATE ON event, event_serial, work_order TO brain_intake;

-- Reports and analysts read; nothing by which somebody could sign in, and no telephone numbers.
DO $$
DECLARE
  one text;
BEGIN
  GRANT SELECT ON ALL TABLES IN SCHEMA public TO brain_report;
  REVOKE ALL ON person, session, password_past, feed_key, receipt, push_receipt, tcp_station FROM brain_report;
  SELECT string_agg(quote_ident(attname), ', ') INTO one FROM pg_attribute
   WHERE attrelid = 'person'::regclass AND attnum > 0 AND NOT attisdropped
     AND attname NOT IN ('password_hash', 'must_change', 'failed', 'locked_until', 'phone');
  EXECUTE format('GRANT SELECT (%s) ON person TO brain_report', one);
END $$;

-- The roll-ups are computed from these.
GRANT SELECT ON reading, roll_up_state TO brain_rollup;

-- Partitions are made while the engine runs; rows are reached through their parent, only brain_passed() asks a partition itself.
ALTER DEFAULT PRIVILEGES FOR ROLE brain_owner IN SCHEMA public GRANT SELECT ON TABLES TO brain_app;
