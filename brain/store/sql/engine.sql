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

-- engine_not_due --
-- Nothing to ask any more: the station is switched off, or the rule is gone from the catalog.
UPDATE rule_state SET due = NULL
  FROM unnest(%(stations)s::text[], %(kinds)s::text[], %(rules)s::text[]) k (station, kind, rule)
 WHERE rule_state.station = k.station AND rule_state.kind = k.kind AND rule_state.rule = k.rule;

-- engine_orphans --
-- Open alerts of stations that are switched off or gone, or of rules that the catalog no longer has.
SELECT a.* FROM alert a LEFT JOIN station s ON s.id = a.station AND s.active
 WHERE a.cleared_at IS NULL AND (s.id IS NULL OR (a.kind || '/' || a.rule) <> ALL(%(rules)s::text[]));

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
