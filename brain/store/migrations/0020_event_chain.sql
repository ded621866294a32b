-- The history of an event is chained by the database itself: whoever writes a line, the chain holds.
--
-- Why a trigger and not code: lines are written one at a time by people's verbs and by the hundred by the sweeps' set-based
-- statements; a rule kept here cannot be forgotten by either, and needs no round trip.

-- What stands under one line's hash: sha256 over the previous hash and the canonical JSON of the line. jsonb prints the same
-- text for the same content (keys ordered, no doubles), times are whole microseconds since 1970.
CREATE FUNCTION event_log_hash(
  before bytea, event_id text, seq int, at timestamptz, verb text, from_state text, to_state text, actor_id bigint,
  actor_name text, role text, org text, reason text, note text, detail jsonb
) RETURNS bytea LANGUAGE sql STABLE AS $$
  SELECT sha256(coalesce(before, ''::bytea) || convert_to(jsonb_build_array(
    event_id, seq, (extract(epoch FROM at) * 1000000)::bigint, verb, from_state, to_state, actor_id, actor_name, role, org,
    reason, note, detail)::text, 'UTF8'))
$$;

CREATE FUNCTION event_log_chain() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  last_seq int;
  last_at timestamptz;
  last_hash bytea;
BEGIN
  SELECT l.seq, l.at, l.hash INTO last_seq, last_at, last_hash
    FROM event_log l WHERE l.event_id = NEW.event_id ORDER BY l.seq DESC LIMIT 1;
  NEW.seq := coalesce(last_seq, 0) + 1;
  NEW.at := greatest(NEW.at, last_at);         -- two servers' clocks may differ: a history never runs backwards
  NEW.hash := event_log_hash(last_hash, NEW.event_id, NEW.seq, NEW.at, NEW.verb, NEW.from_state, NEW.to_state, NEW.actor_id,
                             NEW.actor_name, NEW.role, NEW.org, NEW.reason, NEW.note, NEW.detail);
  RETURN NEW;
END $$;
CREATE TRIGGER event_log_chain BEFORE INSERT ON event_log FOR EACH ROW EXECUTE FUNCTION event_log_chain();
