-- What an application that owns nothing needs of its owner: to make and drop partitions of the two tables cut by time.
--
-- Why SECURITY DEFINER on these two and not on the procedures that call them: a procedure that commits may not be one. Each
-- refuses every other table, so that lending the owner's rights lends no more than that.
CREATE OR REPLACE FUNCTION brain_add_partition(parent text, child text, cut text, lo timestamptz, hi timestamptz) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
DECLARE
  rest text := parent || '_rest';
BEGIN
  IF (parent, cut) NOT IN (('reading', 'at'), ('intake_batch', 'received_at')) OR NOT starts_with(child, parent || '_') THEN
    RAISE EXCEPTION 'no partition % of % is made here', child, parent USING ERRCODE = 'insufficient_privilege';
  END IF;
  IF to_regclass(child) IS NOT NULL THEN
    RETURN true;
  END IF;
  PERFORM set_config('lock_timeout', '2s', true);
  EXECUTE format('LOCK TABLE ONLY %I IN ACCESS EXCLUSIVE MODE', parent);
  EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', rest);
  EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL EXCLUDING IDENTITY)', child, parent);
  EXECUTE format('WITH moved AS (DELETE FROM %I WHERE %I >= $1 AND %2$I < $2 RETURNING *) INSERT INTO %I SELECT * FROM moved',
                 rest, cut, child) USING lo, hi;
  EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, child, lo, hi);
  RETURN true;
EXCEPTION WHEN lock_not_available THEN
  RETURN false;
END $$;

CREATE OR REPLACE FUNCTION brain_drop_partition(child text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM brain_partitions('reading') p WHERE p.child = brain_drop_partition.child
                 UNION ALL SELECT 1 FROM brain_partitions('intake_batch') p WHERE p.child = brain_drop_partition.child) THEN
    RAISE EXCEPTION '% is no partition that may be dropped', child USING ERRCODE = 'insufficient_privilege';
  END IF;
  PERFORM set_config('lock_timeout', '2s', true);
  EXECUTE format('DROP TABLE %I', child);
  RETURN true;
EXCEPTION WHEN lock_not_available THEN
  RETURN false;
END $$;
