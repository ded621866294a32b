-- online_heard --
-- What was heard of each camera in a window, and its last word before it: words in a row that say the same, none more than
-- the silence limit after the one before, as one. `high`: a value from 0.5 on is the good one (online), else the bad one.
WITH camera AS MATERIALIZED (
  SELECT id FROM station WHERE theme = %(theme)s AND active
), word AS (
  SELECT r.station, r.at, r.seq, (r.value >= 0.5) = %(high)s AS up
    FROM camera c
    JOIN reading r ON r.station = c.id AND r.kind = %(kind)s AND r.at >= %(since)s AND r.at < %(until)s
   WHERE brain_trusted(r.quality)
   UNION ALL
  SELECT c.id, r.at, r.seq, (r.value >= 0.5) = %(high)s
    FROM camera c
   CROSS JOIN LATERAL (
     SELECT at, seq, value FROM reading
      WHERE station = c.id AND kind = %(kind)s AND at < %(since)s AND brain_trusted(quality)
      ORDER BY at DESC, seq DESC LIMIT 1) r
), step AS (
  SELECT station, at, seq, up, lag(at) OVER w AS before, lag(up) OVER w AS was
    FROM word WINDOW w AS (PARTITION BY station ORDER BY at, seq)
), run AS (
  SELECT station, at, up,
         count(*) FILTER (WHERE was IS DISTINCT FROM up OR at - before > %(silence)s) OVER (PARTITION BY station ORDER BY at, seq) AS n
    FROM step
)
SELECT station, min(at) AS first, max(at) AS last, bool_and(up) AS up FROM run GROUP BY station, n ORDER BY station, first;

-- online_cameras --
-- All cameras in service (stations of the themes that say themselves whether they are there), with who owns them.
SELECT id, name, org, theme FROM station WHERE theme = ANY(%(themes)s) AND active ORDER BY id;

-- online_maintenance --
-- Work on cameras that reaches into a window.
SELECT m.station, m.starts, m.ends FROM maintenance m JOIN station s ON s.id = m.station
 WHERE s.theme = %(theme)s AND m.ends > %(since)s AND m.starts < %(until)s ORDER BY m.starts;

-- online_words --
-- How many words of cameras each day of a window holds, and how much work on cameras touches it: a day whose numbers are
-- the same has not changed since it was tallied.
SELECT d.day, coalesce(w.n, 0)::bigint AS words, coalesce(m.n, 0)::int AS works, coalesce(m.s, 0)::bigint AS work_s
  FROM generate_series(brain_day(%(since)s), %(until)s::timestamptz - interval '1 microsecond', interval '1 day') AS d (day)
  LEFT JOIN (SELECT bucket, sum(n_all) AS n FROM reading_1d
              WHERE kind = ANY(%(kinds)s) AND bucket >= brain_day(%(since)s) AND bucket < %(until)s GROUP BY bucket) w ON w.bucket = d.day
  LEFT JOIN LATERAL (
    SELECT count(*) AS n, sum(extract(epoch FROM m.starts) + extract(epoch FROM m.ends)) AS s FROM maintenance m
      JOIN station s ON s.id = m.station
     WHERE s.theme = ANY(%(themes)s) AND m.ends > d.day AND m.starts < d.day + interval '1 day' AND isfinite(m.ends)) m ON true
 ORDER BY d.day;

-- online_days --
-- Days that have been tallied, with what they were tallied from.
SELECT key, value FROM fact WHERE key = ANY(%(keys)s);

-- online_keep --
-- The tally of one day.
INSERT INTO fact (key, value, at) VALUES (%(key)s, %(value)s, %(now)s)
ON CONFLICT (key) DO UPDATE SET (value, at) = ROW (excluded.value, excluded.at);
