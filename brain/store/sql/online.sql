-- online_heard --
-- What was heard of each camera in a window, and its last word before it: words in a row that say the same, none more than
-- the silence limit after the one before, as one. `high`: a value from 0.5 on is the good one (online), else the bad one.
WITH camera AS MATERIALIZED (
  SELECT id FROM station WHERE theme = 'cameras' AND active
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
