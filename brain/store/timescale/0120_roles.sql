-- Old chunks of readings are dropped by a function that lends the owner's rights for just that (see migrations/0121).
CREATE FUNCTION brain_drop_chunks(before timestamptz) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  PERFORM drop_chunks('reading', older_than => before);
END $$;

CREATE OR REPLACE PROCEDURE brain_make_partitions(now timestamptz)
LANGUAGE plpgsql AS $$
BEGIN
  IF brain_raw_counted(now) THEN
    PERFORM brain_drop_chunks(brain_raw_from(now));
    COMMIT;
  END IF;
  CALL brain_make_intake_partitions(now);
END $$;
