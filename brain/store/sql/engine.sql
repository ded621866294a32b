-- engine_alone --
-- One engine works at a time; a second one stands by until the first one's session ends.
SELECT pg_try_advisory_lock(%(key)s) AS mine;

-- engine_stations --
-- All stations, switched off ones too; with the work done on them lately or to come, as rules ask for it.
SELECT s.id, s.name, s.theme, s.lng, s.lat, s.town, s.village, s.grid, s.cell, s.org, s.origin, s.active,
       CASE WHEN m.windows IS NULL THEN s.params ELSE s.params || jsonb_build_object('maintenance', m.windows) END AS params
  FROM station s
  LEFT JOIN (SELECT station, jsonb_agg(jsonb_build_array(starts, ends) ORDER BY starts) AS windows
               FROM maintenance WHERE ends > %(now)s - interval '31 days' GROUP BY station) m ON m.station = s.id;

-- engine_due --
-- What rules asked to be asked again, by now.
SELECT station, kind, rule, state, due FROM rule_state WHERE due <= %(now)s ORDER BY due LIMIT %(limit)s;

-- engine_states --
-- What rules remember about these stations, with when they want to be asked again.
SELECT station, kind, rule, state, due FROM rule_state WHERE station = ANY(%(stations)s::text[]);

-- engine_known --
-- For which stations these rules have a memory.
SELECT station, kind, rule FROM rule_state WHERE kind = 'device' AND rule = ANY(%(rules)s::text[]);

-- engine_expected --
-- All stations with the kinds they declare to send, where they do.
SELECT id, theme, active, params->'kinds' AS kinds FROM station;

-- engine_not_due --
-- Nothing to ask any more: the station is switched off, or the rule is gone from the catalog.
UPDATE rule_state SET due = NULL
  FROM unnest(%(stations)s::text[], %(kinds)s::text[], %(rules)s::text[]) k (station, kind, rule)
 WHERE rule_state.station = k.station AND rule_state.kind = k.kind AND rule_state.rule = k.rule;

-- engine_orphans --
-- Open alerts of stations that are switched off or gone, or of rules that the catalog no longer has. Those about the
-- platform have no station; who watches over it looks after them.
SELECT a.* FROM alert a LEFT JOIN station s ON s.id = a.station AND s.active
 WHERE a.cleared_at IS NULL AND a.theme <> 'platform' AND (s.id IS NULL OR (a.kind || '/' || a.rule) <> ALL(%(rules)s::text[]));

-- engine_forget --
-- A rule's memory goes, so that it starts anew when the station or the rule comes back.
DELETE FROM rule_state WHERE station = %(station)s AND kind = %(kind)s AND rule = %(rule)s;

-- engine_poisoned --
-- Stations at which a rule failed and has not worked again since.
SELECT station, evidence FROM alert WHERE kind = 'device' AND rule = 'engine' AND cleared_at IS NULL;

-- engine_beat --
-- A sign of life with the engine's own figures.
INSERT INTO fact (key, value, at) VALUES ('engine', %(value)s, %(now)s)
ON CONFLICT (key) DO UPDATE SET value = excluded.value, at = excluded.at;

-- engine_lag --
-- Age of the oldest batch committed and not consumed, in seconds; 0 when there is none.
SELECT coalesce(extract(epoch FROM %(now)s - min(b.received_at)), 0)::float8 AS lag_s
  FROM intake_batch b
 WHERE (b.xid, b.id) > (coalesce((SELECT xid FROM consumer WHERE name = %(consumer)s), '0'),
                        coalesce((SELECT batch FROM consumer WHERE name = %(consumer)s), 0));

-- duty_limit --
-- How long a statement may take from here on, in milliseconds: in this transaction, or in this session.
SELECT set_config('statement_timeout', %(ms)s, %(local)s);

-- duty_limit_over --
-- As long as the session was given at first.
RESET statement_timeout;

-- duties --
-- What came of the engine's duties.
SELECT * FROM duty ORDER BY name;

-- duties_store --
-- The accounts of all duties; of those that are no more none is left.
WITH gone AS (DELETE FROM duty WHERE name <> ALL(%(names)s::text[]))
INSERT INTO duty
SELECT * FROM jsonb_to_recordset(%(rows)s) AS d (name text, every_s double precision, runs bigint, failures bigint,
       failing int, ran_at timestamptz, done_at timestamptz, took_s double precision, rows bigint, error text,
       next_at timestamptz)
ON CONFLICT (name) DO UPDATE SET every_s = excluded.every_s, runs = excluded.runs, failures = excluded.failures,
   failing = excluded.failing, ran_at = excluded.ran_at, done_at = excluded.done_at, took_s = excluded.took_s,
   rows = excluded.rows, error = excluded.error, next_at = excluded.next_at;
