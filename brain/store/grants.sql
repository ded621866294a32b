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
-- hotline opens its event in the writer's own transaction, so intake may also open such events, accept and annotate them and
-- tell the people on duty: which rows, says migration 0135. Of people it sees who is on duty for what, and neither name nor
-- number; it reads no session and no audit line, and of what was noted on events nothing.
GRANT SELECT ON station, place, cell, keeping, roll_up_state, schema_body, maintenance, calibration, intake_book, consumer,
                tcp_station TO brain_intake;
GRANT SELECT, INSERT ON reading, intake_batch, dirty_bucket, feed_drift, dead_letter, intake_mapping TO brain_intake;
GRANT UPDATE (stored, duplicate) ON intake_batch TO brain_intake;
GRANT UPDATE (status) ON dead_letter TO brain_intake;
GRANT UPDATE (meant, by, at) ON intake_mapping TO brain_intake;
GRANT SELECT, INSERT, UPDATE ON latest, feed_status, feed_known, feed_shape, poll_cursor, intake_file, warning,
                                work_order TO brain_intake;
GRANT SELECT, UPDATE ON mend_request TO brain_intake;
GRANT SELECT, INSERT, UPDATE, DELETE ON intake_worker, push_receipt, tcp_heard TO brain_intake;
GRANT SELECT, UPDATE (last_used_at) ON feed_key TO brain_intake;
GRANT SELECT, INSERT, UPDATE ON event TO brain_intake;
GRANT SELECT, INSERT, UPDATE (last) ON event_serial TO brain_intake;
GRANT INSERT ON event_log, event_waiting, notice TO brain_intake;
GRANT SELECT (id, person_id, once) ON notice TO brain_intake;
GRANT SELECT (id, active, role, org) ON person TO brain_intake;
GRANT SELECT (person_id, org, duty, starts, ends) ON roster TO brain_intake;
GRANT SELECT (event_id, cleared_at) ON alert TO brain_intake;
GRANT SELECT (event_id, answered_at) ON event_part TO brain_intake;

-- Reports and analysts read; nothing by which somebody could sign in, and no telephone numbers.
DO $$
DECLARE
  one record;
BEGIN
  GRANT SELECT ON ALL TABLES IN SCHEMA public TO brain_report;
  REVOKE ALL ON session, password_past, feed_key, receipt, push_receipt, tcp_station FROM brain_report;
  FOR one IN
    SELECT w.role, w.of, string_agg(quote_ident(a.attname), ', ') AS columns
      FROM (VALUES ('brain_report', 'person', '{password_hash,must_change,failed,locked_until,phone}'::name[]),
                   ('brain_report', 'org',    '{phone}'),
                   ('brain_intake', 'event_log', '{reason,note,detail}')) AS w (role, of, hidden)
      JOIN pg_attribute a ON a.attrelid = w.of::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attname <> ALL (w.hidden)
     GROUP BY w.role, w.of
  LOOP
    EXECUTE format('REVOKE SELECT ON %I FROM %I', one.of, one.role);
    EXECUTE format('GRANT SELECT (%s) ON %I TO %I', one.columns, one.of, one.role);
  END LOOP;
END $$;

-- The roll-ups are computed from these.
GRANT SELECT ON reading, roll_up_state TO brain_rollup;

-- Partitions are made while the engine runs; rows are reached through their parent, only brain_passed() asks a partition itself.
ALTER DEFAULT PRIVILEGES FOR ROLE brain_owner IN SCHEMA public GRANT SELECT ON TABLES TO brain_app;
