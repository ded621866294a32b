-- intake_stations --
-- All stations as far as intake must know them.
SELECT id, theme, lng, lat, params, active
  FROM station

-- intake_stations_of --
-- Those of these stations that exist: asked when a message names one that is not in memory.
SELECT id, theme, lng, lat, params, active
  FROM station
 WHERE id = ANY(%(ids)s)

-- intake_clock_twins --
-- Where readings with a wrong clock stand: their own time is in `seq`, so a message that comes again is known.
SELECT station, kind, seq, min(at) AS at
  FROM reading
 WHERE station = ANY(%(stations)s) AND kind = ANY(%(kinds)s) AND seq = ANY(%(seqs)s)
   AND at > %(since)s AND quality = 'clock'
 GROUP BY station, kind, seq

-- intake_session --
-- How long a statement of the intake may take before the database counts as away.
SELECT set_config('statement_timeout', %(statement)s, false)
