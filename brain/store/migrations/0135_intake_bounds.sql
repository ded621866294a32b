-- What the account of the intake may do to the work that people owe: open the events of hotline orders, accept and annotate
-- them, each with its line of history, and nothing else. grants.sql says which tables it reaches; this says which rows.
--
-- Why triggers and not one function that lends the owner's rights: an order's event is opened by the same code and statements
-- as every other (flow/events), and a second way in SQL would have to repeat its rules. A trigger that is not asked for any
-- other account costs the others one comparison. Why every path is pinned: a temporary table `event` of the session would else be
-- found before the real one. Why at COMMIT for the lines: row and line are two statements.

CREATE FUNCTION brain_intake_may_not(what text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the intake may not %', what USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE FUNCTION brain_is_order(ident text) RETURNS boolean LANGUAGE sql STABLE SET search_path = public, pg_temp AS $$
  SELECT EXISTS (SELECT 1 FROM event WHERE id = ident AND source = 'hotline' AND reporter_id IS NULL)
$$;

CREATE FUNCTION brain_intake_event() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
  moved text[];
BEGIN
  IF NEW.source <> 'hotline' OR NEW.reporter_id IS NOT NULL THEN
    PERFORM brain_intake_may_not('touch an event that is no order of the hotline');
  END IF;
  IF TG_OP = 'INSERT' THEN
    IF NEW.state <> 'reported' OR NEW.version <> 1 OR NEW.org IS NOT NULL OR NEW.handler_id IS NOT NULL OR NEW.alert_id IS NOT NULL THEN
      PERFORM brain_intake_may_not('open an event that is not new');
    END IF;
    RETURN NEW;
  END IF;
  SELECT coalesce(array_agg(n.key), '{}') INTO moved
    FROM jsonb_each(to_jsonb(NEW)) n JOIN jsonb_each(to_jsonb(OLD)) o USING (key) WHERE n.value IS DISTINCT FROM o.value;
  IF NEW.version <> OLD.version + 1
     OR NOT (moved <@ '{version}' OR (OLD.state, NEW.state) = ('reported', 'accepted')
             AND moved <@ '{version,state,accepted_at,stage_due_at,ladder,rung,next_rung_at}') THEN
    PERFORM brain_intake_may_not('do more to an event than accept or annotate it');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER intake_bounds BEFORE INSERT OR UPDATE ON event
  FOR EACH ROW WHEN (current_user = 'brain_intake') EXECUTE FUNCTION brain_intake_event();

CREATE FUNCTION brain_intake_event_told() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM event_log WHERE event_id = NEW.id AND seq = NEW.version AND to_state = NEW.state) THEN
    PERFORM brain_intake_may_not('change an event without its line of history');
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER intake_bounds_told AFTER INSERT OR UPDATE ON event DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (current_user = 'brain_intake') EXECUTE FUNCTION brain_intake_event_told();

-- The name is that of flow/events/hotline.py: a line of the intake's cannot pass for a person's.
CREATE FUNCTION brain_intake_line() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF NEW.verb NOT IN ('report', 'accept', 'note') OR NEW.role <> 'rule' OR NEW.actor_id IS NOT NULL OR NEW.org IS NOT NULL
     OR NEW.actor_name <> '12345 工单导入' OR NOT brain_is_order(NEW.event_id) THEN
    PERFORM brain_intake_may_not('write this line of history');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER intake_bounds BEFORE INSERT ON event_log
  FOR EACH ROW WHEN (current_user = 'brain_intake') EXECUTE FUNCTION brain_intake_line();

CREATE FUNCTION brain_intake_line_fits() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM event WHERE id = NEW.event_id AND version >= NEW.seq) THEN
    PERFORM brain_intake_may_not('write a line of history that its event does not know');
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER intake_bounds_fits AFTER INSERT ON event_log DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW WHEN (current_user = 'brain_intake') EXECUTE FUNCTION brain_intake_line_fits();

CREATE FUNCTION brain_intake_serial() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF TG_OP = 'INSERT' AND NEW.last <> 1 OR TG_OP = 'UPDATE' AND (NEW.day, NEW.last) IS DISTINCT FROM (OLD.day, OLD.last + 1) THEN
    PERFORM brain_intake_may_not('number events but one after the other');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER intake_bounds BEFORE INSERT OR UPDATE ON event_serial
  FOR EACH ROW WHEN (current_user = 'brain_intake') EXECUTE FUNCTION brain_intake_serial();

CREATE FUNCTION brain_intake_notice() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF NEW.alert_id IS NOT NULL OR NEW.read_at IS NOT NULL OR NEW.event_id IS NULL OR NOT brain_is_order(NEW.event_id) THEN
    PERFORM brain_intake_may_not('tell people of anything but orders of the hotline');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER intake_bounds BEFORE INSERT ON notice
  FOR EACH ROW WHEN (current_user = 'brain_intake') EXECUTE FUNCTION brain_intake_notice();

-- What columns of a sheet mean the intake learns from who sent it; what stations and quantities are called, people say.
CREATE FUNCTION brain_intake_word() RETURNS trigger LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  IF NEW.what <> 'column' OR TG_OP = 'UPDATE' AND OLD.what <> 'column' THEN
    PERFORM brain_intake_may_not('say what a station or a quantity is called');
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER intake_bounds BEFORE INSERT OR UPDATE ON intake_mapping
  FOR EACH ROW WHEN (current_user = 'brain_intake') EXECUTE FUNCTION brain_intake_word();

-- The book's number moves with every change of what intake knows by heart, whoever makes it; nobody else moves it.
CREATE OR REPLACE FUNCTION intake_book_moves() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  UPDATE intake_book SET version = version + 1;
  RETURN NULL;
END $$;

-- As above: what a line of history is chained to, and where it waits, is never looked for among temporary tables.
ALTER FUNCTION event_log_chain() SET search_path = public, pg_temp;
ALTER FUNCTION event_waits() SET search_path = public, pg_temp;
