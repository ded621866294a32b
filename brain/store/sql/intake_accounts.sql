-- intake_beat --
-- A worker's sign of life; the database's clock says when.
INSERT INTO intake_worker AS w (worker, host, pid, started_at, beat_at, stopped_at, doors, queued, waiting_s, spill_units,
                                spill_bytes, commit_at, counts)
SELECT %(worker)s, %(host)s, %(pid)s, clock_timestamp() - make_interval(secs => %(up_s)s), clock_timestamp(),
       CASE WHEN %(stopped)s THEN clock_timestamp() END, %(doors)s, %(queued)s, %(waiting_s)s, %(spill_units)s,
       %(spill_bytes)s, clock_timestamp() - make_interval(secs => %(commit_ago_s)s), %(counts)s
    ON CONFLICT (worker) DO UPDATE
   SET (host, pid, started_at, beat_at, stopped_at, doors, queued, waiting_s, spill_units, spill_bytes, commit_at, counts)
     = ROW (excluded.host, excluded.pid,
            CASE WHEN (w.host, w.pid) = (excluded.host, excluded.pid) THEN w.started_at ELSE excluded.started_at END,
            excluded.beat_at, excluded.stopped_at, excluded.doors, excluded.queued, excluded.waiting_s,
            excluded.spill_units, excluded.spill_bytes, coalesce(excluded.commit_at, w.commit_at), excluded.counts);

-- intake_workers_forget --
-- Workers that have not beaten for so long that nobody expects them any more.
DELETE FROM intake_worker WHERE beat_at < %(before)s;

-- intake_workers --
-- All workers.
SELECT * FROM intake_worker ORDER BY worker;

-- feeds_tell --
-- What the feeds of this worker's code declare.
INSERT INTO feed_known (feed, title, theme, org, topic)
SELECT * FROM unnest(%(feeds)s::text[], %(titles)s::text[], %(themes)s::text[], %(orgs)s::text[], %(topics)s::text[])
    ON CONFLICT (feed) DO UPDATE
   SET (title, theme, org, topic) = ROW (excluded.title, excluded.theme, excluded.org, excluded.topic)
 WHERE (feed_known.title, feed_known.theme, feed_known.org, feed_known.topic)
    IS DISTINCT FROM (excluded.title, excluded.theme, excluded.org, excluded.topic);

-- quality_count --
-- Counts the next batches of the log, in commit order and exactly once: cursor and counts move together. Returns how many.
-- So many batches, and no more once they hold so many readings: a back-fill must not hold up who asks.
WITH taken AS MATERIALIZED (
  SELECT * FROM (
    SELECT b.id, b.xid, b.received_at, b.feed, b.received, b.stored, b.duplicate, b.dead, b.stations, b.kinds, b.ats,
           b.qualities, sum(b.stored) OVER (ORDER BY b.xid, b.id) - b.stored AS before
      FROM intake_batch b
     WHERE (b.xid, b.id) > (coalesce((SELECT xid FROM consumer WHERE name = 'quality'), '0'),
                            coalesce((SELECT batch FROM consumer WHERE name = 'quality'), 0))
       AND b.xid < pg_snapshot_xmin(pg_current_snapshot())
     ORDER BY b.xid, b.id LIMIT %(batches)s) next
   WHERE before < %(readings)s
), hours AS (
  INSERT INTO feed_hour AS h (feed, hour, station, kind, delay, n, trusted)
  SELECT t.feed, brain_hour(t.received_at), u.station, u.kind, brain_delay_class(t.received_at - u.at), count(*),
         count(*) FILTER (WHERE brain_trusted(u.quality))
    FROM taken t, unnest(t.stations, t.kinds, t.ats, t.qualities) AS u (station, kind, at, quality)
   WHERE u.quality <> 'test'
   GROUP BY 1, 2, 3, 4, 5
      ON CONFLICT (feed, hour, station, kind, delay) DO UPDATE
     SET n = h.n + excluded.n, trusted = h.trusted + excluded.trusted
), minutes AS (
  INSERT INTO feed_minute AS m (feed, minute, received, stored, duplicate, dead)
  SELECT feed, date_trunc('minute', received_at), sum(received), sum(stored), sum(duplicate), sum(dead)
    FROM taken GROUP BY 1, 2
      ON CONFLICT (feed, minute) DO UPDATE
     SET received = m.received + excluded.received, stored = m.stored + excluded.stored,
         duplicate = m.duplicate + excluded.duplicate, dead = m.dead + excluded.dead
), moved AS (
  INSERT INTO consumer AS c (name, xid, batch, seen_at)
  (SELECT 'quality', xid, id, received_at FROM taken ORDER BY xid DESC, id DESC LIMIT 1)
      ON CONFLICT (name) DO UPDATE SET (xid, batch, seen_at) = ROW (excluded.xid, excluded.batch, excluded.seen_at)
)
SELECT count(*)::int AS n FROM taken;

-- quality_forget --
-- Counts older than anybody asks for.
WITH hours AS (DELETE FROM feed_hour WHERE hour < %(before)s),
     minutes AS (DELETE FROM feed_minute WHERE minute < %(before)s)
SELECT 1;

-- quality_pairs --
-- What was counted since an hour, by feed, station and quantity, with the first hour known of each, the first minute known of
-- its feed, and its delays by class.
-- Pairs that were there within the last week but not since are listed with 0: what stays away must show.
WITH known AS (
  SELECT feed, station, kind, min(hour) AS first_hour FROM feed_hour
   WHERE hour >= %(known_since)s GROUP BY 1, 2, 3
), counted AS (
  SELECT feed, station, kind, hour, delay, n, trusted FROM feed_hour WHERE hour >= %(since)s
)
SELECT k.feed, k.station, k.kind, greatest(k.first_hour, b.minute) AS begun, s.name, s.org, coalesce(s.active, false) AS active,
       coalesce(c.n, 0)::bigint AS n, coalesce(c.trusted, 0)::bigint AS trusted, coalesce(c.hours, '{}'::jsonb) AS hours,
       coalesce(d.delays, '{}'::jsonb) AS delays
  FROM known k
  LEFT JOIN (SELECT feed, min(minute) AS minute FROM feed_minute WHERE minute >= %(known_since)s GROUP BY feed) b USING (feed)
  LEFT JOIN station s ON s.id = k.station
  LEFT JOIN (SELECT feed, station, kind, sum(n) AS n, sum(trusted) AS trusted,
                    jsonb_object_agg(extract(epoch FROM hour)::bigint, n) AS hours
               FROM (SELECT feed, station, kind, hour, sum(n) AS n, sum(trusted) AS trusted FROM counted
                      GROUP BY 1, 2, 3, 4) x GROUP BY 1, 2, 3) c USING (feed, station, kind)
  LEFT JOIN (SELECT feed, station, kind, jsonb_object_agg(delay, n) AS delays
               FROM (SELECT feed, station, kind, delay, sum(n) AS n FROM counted GROUP BY 1, 2, 3, 4) y
              GROUP BY 1, 2, 3) d USING (feed, station, kind)
 ORDER BY k.feed, k.station, k.kind;

-- quality_rates --
-- What each feed received, cut in steps of so many seconds.
SELECT feed, date_bin(make_interval(secs => %(step_s)s), minute, '2000-01-01 00:00Z') AS at, sum(received)::bigint AS received,
       sum(stored)::bigint AS stored, sum(duplicate)::bigint AS duplicate, sum(dead)::bigint AS dead
  FROM feed_minute WHERE minute >= %(since)s GROUP BY 1, 2 ORDER BY 1, 2;

-- accounts_feeds --
-- Every feed that is declared or has delivered: its totals, and whose it is.
SELECT coalesce(f.feed, k.feed) AS feed, coalesce(k.title, f.feed) AS title, k.org, o.short AS org_short, k.theme,
       coalesce(f.received, 0) AS received, coalesce(f.stored, 0) AS stored, coalesce(f.duplicate, 0) AS duplicate,
       coalesce(f.dead, 0) AS dead, f.last_received_at, f.last_observed_at, coalesce(d.open, 0) AS letters
  FROM feed_status f
  FULL JOIN feed_known k ON k.feed = f.feed
  LEFT JOIN org o ON o.code = k.org
  LEFT JOIN (SELECT feed, count(*) AS open FROM dead_letter WHERE status = 'open' GROUP BY feed) d
         ON d.feed = coalesce(f.feed, k.feed)
 ORDER BY 1;

-- feeds_lately --
-- Feeds of several stations with when each came last and what it has brought lately. A feed of one station is as silent as its
-- station, and the silence rule says so.
SELECT f.feed, coalesce(k.title, f.feed) AS title, f.last_received_at, array_agg(DISTINCT h.kind) AS kinds
  FROM feed_status f
  LEFT JOIN feed_known k ON k.feed = f.feed
  JOIN feed_hour h ON h.feed = f.feed AND h.hour >= %(since)s
  JOIN station s ON s.id = h.station AND s.active
 WHERE f.last_received_at IS NOT NULL
 GROUP BY 1, 2, 3 HAVING count(DISTINCT h.station) > 1;

-- platform_spot --
-- Where alerts about the platform itself stand on the map: the middle of the district.
SELECT lng, lat FROM place WHERE kind = 'district' AND lng IS NOT NULL LIMIT 1;

-- platform_alerts --
-- Open alerts about the platform itself.
SELECT * FROM alert WHERE cleared_at IS NULL AND theme = 'platform' ORDER BY id;

-- shapes_known --
-- Shapes that each feed is known to have.
SELECT feed, shape, n FROM feed_shape;

-- shapes_keep --
-- Adds what was looked at since the last time.
INSERT INTO feed_shape AS f (feed, shape, fields, sample, source, first_at, last_at, n)
SELECT * FROM unnest(%(feeds)s::text[], %(shapes)s::text[], %(fields)s::jsonb[], %(samples)s::bytea[], %(sources)s::text[],
                     %(firsts)s::timestamptz[], %(lasts)s::timestamptz[], %(counts)s::bigint[])
    ON CONFLICT (feed, shape) DO UPDATE
   SET last_at = greatest(f.last_at, excluded.last_at), n = f.n + excluded.n;

-- drifts_keep --
-- A new shape came in place of the usual one; told once, whoever of the workers sees it first.
INSERT INTO feed_drift (feed, source, at, before, after)
SELECT * FROM unnest(%(feeds)s::text[], %(sources)s::text[], %(ats)s::timestamptz[], %(befores)s::text[], %(afters)s::text[])
    ON CONFLICT (feed, before, after) DO NOTHING;

-- drifts --
-- Changes of shape, the newest first, with both shapes.
SELECT d.id, d.feed, d.source, d.at, d.seen_by, d.seen_at, b.fields AS fields_before, b.sample AS sample_before,
       a.fields AS fields_after, a.sample AS sample_after, coalesce(k.title, d.feed) AS title, k.org
  FROM feed_drift d
  JOIN feed_shape b ON b.feed = d.feed AND b.shape = d.before
  JOIN feed_shape a ON a.feed = d.feed AND a.shape = d.after
  LEFT JOIN feed_known k ON k.feed = d.feed
 WHERE (%(all)s OR d.seen_at IS NULL) AND (%(feed)s::text IS NULL OR d.feed = %(feed)s)
 ORDER BY d.at DESC LIMIT 50;

-- drift_of --
-- One change of shape, locked.
SELECT d.*, k.org FROM feed_drift d LEFT JOIN feed_known k ON k.feed = d.feed WHERE d.id = %(id)s FOR UPDATE OF d;

-- drift_seen --
-- Somebody has taken note of it.
UPDATE feed_drift SET seen_by = %(by)s, seen_at = %(now)s WHERE id = %(id)s AND seen_at IS NULL;

-- letters_grouped --
-- Open dead letters by feed, rule and reason; figures within a reason are left out, except where they name what to map.
-- A letter with several reasons stands in the group of each, so that each can be mended.
SELECT feed, rule, words AS reason, count(*)::int AS n, min(received_at) AS first_at, max(received_at) AS last_at
  FROM (SELECT l.feed, l.rule, l.received_at, w.words
          FROM dead_letter l
         CROSS JOIN LATERAL (SELECT DISTINCT brain_reason_words(l.rule, said) AS words
                               FROM unnest(CASE l.listed WHEN '{}' THEN ARRAY[l.reason] ELSE l.listed END) said) w
         WHERE l.status = 'open') g
 WHERE %(feeds)s::text[] IS NULL OR feed = ANY (%(feeds)s)
 GROUP BY 1, 2, 3 ORDER BY n DESC, 1, 2, 3 LIMIT %(most)s;

-- letters_listed --
-- Open dead letters of a feed and rule, the oldest first: the order of a replay.
SELECT id, received_at, feed, topic, rule, reason, units, octet_length(payload) AS bytes
  FROM dead_letter
 WHERE status = 'open' AND feed = %(feed)s AND (%(rule)s::text IS NULL OR rule = %(rule)s)
   AND (%(words)s::text IS NULL OR brain_reason_words(rule, reason) = %(words)s
        OR EXISTS (SELECT 1 FROM unnest(listed) said WHERE brain_reason_words(rule, said) = %(words)s))
 ORDER BY id LIMIT %(most)s;

-- letters_count --
-- How many open dead letters a feed has under a rule, or with one reason of it.
SELECT count(*)::int AS n
  FROM dead_letter
 WHERE status = 'open' AND feed = %(feed)s AND rule = %(rule)s
   AND (%(words)s::text IS NULL OR brain_reason_words(rule, reason) = %(words)s
        OR EXISTS (SELECT 1 FROM unnest(listed) said WHERE brain_reason_words(rule, said) = %(words)s));

-- letter --
-- One dead letter, raw.
SELECT l.*, k.org, coalesce(k.title, l.feed) AS title FROM dead_letter l LEFT JOIN feed_known k ON k.feed = l.feed
 WHERE l.id = %(id)s;

-- letters_open --
-- How many dead letters are open.
SELECT count(*)::int AS n, min(received_at) AS oldest FROM dead_letter WHERE status = 'open';

-- letters_discard --
-- These letters are thrown away; they stay in the record with who, when and why.
UPDATE dead_letter SET status = 'discarded', discarded_by = %(by)s, discarded_at = %(now)s, discard_reason = %(reason)s
 WHERE id = ANY (%(ids)s) AND status = 'open' AND feed = %(feed)s
RETURNING id;

-- mapping_set --
-- What a sender's word stands for.
INSERT INTO intake_mapping AS m (feed, what, given, meant, by, at)
VALUES (%(feed)s, %(what)s, %(given)s, %(meant)s, %(by)s, %(now)s)
    ON CONFLICT (feed, what, given) DO UPDATE SET (meant, by, at) = ROW (excluded.meant, excluded.by, excluded.at);

-- mappings_of --
-- What was said about a feed's words.
SELECT what, given, meant, by, at FROM intake_mapping WHERE feed = %(feed)s ORDER BY at DESC LIMIT 50;

-- intake_station_names --
-- Stations to choose from when a sender's code is mapped.
SELECT id, name, theme, active FROM station WHERE active ORDER BY id;

-- mend_ask --
-- A replay is wanted; the workers that listen are told.
WITH asked AS (
  INSERT INTO mend_request (feed, rule, letters, asked_by, asked_at)
  VALUES (%(feed)s, %(rule)s, %(letters)s, %(by)s, %(now)s) RETURNING id)
SELECT id, pg_notify('brain_mend', id::text) FROM asked;

-- mend_take --
-- The oldest replay that nobody does, or whose worker has died over it.
UPDATE mend_request SET taken_at = clock_timestamp(), worker = %(worker)s
 WHERE id = (SELECT id FROM mend_request
              WHERE done_at IS NULL AND (taken_at IS NULL OR taken_at < clock_timestamp() - make_interval(secs => %(dead_s)s))
              ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING *;

-- mend_done --
-- What came of it.
UPDATE mend_request SET done_at = clock_timestamp(), replayed = %(replayed)s, still = %(still)s, error = %(error)s
 WHERE id = %(id)s;

-- mend_of --
-- One replay.
SELECT * FROM mend_request WHERE id = %(id)s;

-- metrics_alerts --
-- Open alerts by level.
SELECT level, count(*)::int AS n FROM alert WHERE cleared_at IS NULL GROUP BY level;
