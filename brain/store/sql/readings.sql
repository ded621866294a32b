-- begin_write --
-- First statement of every transaction that writes readings: gives it its transaction id (see `roll_up_state`).
SELECT brain_begin_write();

-- stage --
-- First statement of a transaction that stores readings: `begin_write`, and an empty table `staged`.
SELECT brain_begin_write(), brain_stage();

-- staged_copy --
-- Fills it.
COPY staged (place, part, station, kind, at, seq, value, quality) FROM STDIN (FORMAT binary);

-- readings_store --
-- Empties it into the record, each body in its own way (brain_store): ids of the rows of the log in the order of the parts, and
-- the places in `staged` of what was there already.
SELECT ids, again
  FROM brain_store(%(received_at)s::timestamptz, %(worker)s::text, %(feeds)s::text[], %(lanes)s::text[], %(received)s::int[],
                   %(records)s::int[], %(dead)s::int[], %(ahead)s::interval);

-- readings_differing --
-- Of readings that were not stored because their identity is taken: those whose value differs from the stored one. They are
-- kept beside it, as quality `duplicate`, under a sequence that tells them apart; one row for each that is new.
WITH kept AS (
  INSERT INTO reading (station, kind, at, seq, value, quality, delay_s)
  SELECT u.station, u.kind, u.at, u.seq || '~' || left(md5(u.value::text), 8), u.value, 'duplicate',
         brain_delay(u.at, %(received_at)s)
    FROM unnest(%(stations)s::text[], %(kinds)s::text[], %(ats)s::timestamptz[], %(seqs)s::text[],
                %(vals)s::double precision[]) AS u (station, kind, at, seq, value)
    JOIN reading r ON r.station = u.station AND r.kind = u.kind AND r.at = u.at AND r.seq = u.seq
   WHERE r.value <> u.value
      ON CONFLICT DO NOTHING
  RETURNING station, kind, at, seq, value
), dirt AS (
  INSERT INTO dirty_bucket (station, kind, bucket)
  SELECT DISTINCT station, kind, brain_hour(at) FROM kept WHERE at < (SELECT marks_before FROM roll_up_state)
)
SELECT station, kind, at, left(seq, -9) AS seq, value FROM kept;

-- batch_recounted --
-- Some of a batch's duplicates were stored after all.
UPDATE intake_batch SET stored = stored + %(kept)s, duplicate = duplicate - %(kept)s
 WHERE id = %(id)s AND received_at = %(received_at)s;

-- dead_letters_insert --
-- Refused messages, raw, with the rule that refused each; of one that the broker sends again and again (RETAIN) the first letter.
INSERT INTO dead_letter (received_at, feed, topic, payload, rule, reason, units, digest, listed, retained)
SELECT %(received_at)s, feed, topic, payload, rule, reason, units, digest,
       ARRAY(SELECT jsonb_array_elements_text(listed::jsonb)), retained
  FROM unnest(%(feeds)s::text[], %(topics)b::text[], %(payloads)b::bytea[], %(rules)b::text[], %(reasons)b::text[],
              %(units)s::int[], %(digests)b::bytea[], %(listed)s::text[], %(retained)s::boolean[])
       AS l (feed, topic, payload, rule, reason, units, digest, listed, retained)
 WHERE NOT (l.retained AND EXISTS (
         SELECT 1 FROM dead_letter d
          WHERE d.retained AND d.feed = l.feed AND d.topic = l.topic AND d.payload = l.payload AND d.rule = l.rule));

-- dead_letters_known --
-- Which of these messages stand refused and nobody has dealt with them, by rule.
SELECT digest, rule FROM dead_letter WHERE status = 'open' AND digest = ANY (%(digests)b::bytea[]);

-- feeds_counted --
-- Adds what a transaction brought to the counts of its feeds and tells the listeners. Last in the transaction: workers of one
-- feed share the row.
WITH counted AS (
  INSERT INTO feed_status AS f (feed, received, stored, duplicate, dead, last_received_at, last_observed_at)
  SELECT feed, sum(received), sum(stored), sum(duplicate), sum(dead), %(received_at)s, max(observed_at)
    FROM unnest(%(feeds)s::text[], %(received)s::bigint[], %(stored)s::bigint[], %(duplicate)s::bigint[],
                %(dead)s::bigint[], %(observed_at)s::timestamptz[])
         AS g (feed, received, stored, duplicate, dead, observed_at)
   GROUP BY feed ORDER BY feed
      ON CONFLICT (feed) DO UPDATE
     SET received = f.received + excluded.received, stored = f.stored + excluded.stored,
         duplicate = f.duplicate + excluded.duplicate, dead = f.dead + excluded.dead,
         last_received_at = greatest(f.last_received_at, excluded.last_received_at),
         last_observed_at = greatest(f.last_observed_at, excluded.last_observed_at)
)
SELECT pg_notify('brain_intake', note) FROM unnest(%(notes)s::text[]) AS n (note);

-- reading_trail --
-- Readings of some kinds at some stations between two moments, the newest `most` of each, oldest first; none that its sender calls
-- a test, so that many of those push no measurement out of a rule's window.
SELECT r.station, r.kind, r.at, r.seq, r.value, r.quality
  FROM unnest(%(stations)s::text[], %(kinds)s::text[]) AS w (station, kind)
 CROSS JOIN LATERAL (
   SELECT * FROM reading
    WHERE station = w.station AND kind = w.kind AND quality <> 'test'
      AND at >= coalesce(%(since)s::timestamptz, '-infinity') AND at <= coalesce(%(until)s::timestamptz, 'infinity')
    ORDER BY at DESC, seq DESC LIMIT %(most)s::bigint) r
 ORDER BY r.station, r.at, r.kind, r.seq;

-- latest_of --
-- Newest reading of each kind at some stations; kinds null for all.
SELECT station, kind, at, seq, value, quality FROM latest
 WHERE station = ANY (%(stations)s) AND (%(kinds)s::text[] IS NULL OR kind = ANY (%(kinds)s));

-- batches_after --
-- Committed batches that a consumer has not seen, in commit order: only below the snapshot's xmin, where no batch that
-- sorts earlier can still appear. A consumer without a row starts at the oldest batch kept.
SELECT b.id, b.xid::text::bigint AS xid, b.received_at, b.feed, b.worker, b.lane,
       b.stations, b.kinds, b.ats, b.seqs, b.vals, b.qualities
  FROM intake_batch b
 WHERE (b.xid, b.id) > (coalesce((SELECT xid FROM consumer WHERE name = %(consumer)s), '0'),
                        coalesce((SELECT batch FROM consumer WHERE name = %(consumer)s), 0))
   AND b.xid < pg_snapshot_xmin(pg_current_snapshot())
 ORDER BY b.xid, b.id LIMIT %(most)s;

-- consumer_advance --
-- Moves a consumer's cursor, never back.
INSERT INTO consumer AS c (name, xid, batch, seen_at)
VALUES (%(consumer)s, %(xid)s::text::xid8, %(batch)s, %(seen_at)s)
    ON CONFLICT (name) DO UPDATE SET (xid, batch, seen_at) = ROW (excluded.xid, excluded.batch, excluded.seen_at)
 WHERE (c.xid, c.batch) < (excluded.xid, excluded.batch);

-- reading_flag --
-- Changes the quality of one stored reading. One at a time, so that TimescaleDB opens one compressed batch and no more.
UPDATE reading SET quality = %(quality)s
 WHERE station = %(station)s AND kind = %(kind)s AND at = %(at)s AND seq = %(seq)s AND quality <> %(quality)s;

-- latest_mend --
-- Newest readings that are ahead of the server by more than `ahead` (stored while its own clock was wrong) give way to the newest
-- that is not; where there is none, to nothing. One row for each.
WITH odd AS MATERIALIZED (
  SELECT station, kind FROM latest WHERE at > %(now)s::timestamptz + %(ahead)s ORDER BY station, kind FOR UPDATE
), sound AS MATERIALIZED (
  SELECT o.station, o.kind, r.at, r.seq, r.value, r.quality
    FROM odd o
    LEFT JOIN LATERAL (
      SELECT at, seq, value, quality FROM reading
       WHERE station = o.station AND kind = o.kind AND at <= %(now)s::timestamptz + %(ahead)s
         AND quality NOT IN ('duplicate', 'test')
       ORDER BY at DESC, seq DESC LIMIT 1) r ON true
), moved AS (
  UPDATE latest l SET (at, seq, value, quality, received_at) = ROW (s.at, s.seq, s.value, s.quality, %(now)s)
    FROM sound s WHERE s.at IS NOT NULL AND l.station = s.station AND l.kind = s.kind
), gone AS (
  DELETE FROM latest l USING sound s WHERE s.at IS NULL AND l.station = s.station AND l.kind = s.kind
)
SELECT station, kind FROM sound;

-- latest_flag --
-- The same change where that reading is the newest.
UPDATE latest SET quality = %(quality)s
 WHERE station = %(station)s AND kind = %(kind)s AND at = %(at)s AND seq = %(seq)s;

-- dirty_mark --
-- Marks the hour of a changed reading, if it is closed already.
INSERT INTO dirty_bucket (station, kind, bucket)
SELECT %(station)s, %(kind)s, brain_hour(%(at)s) FROM roll_up_state WHERE %(at)s < marks_before;

-- roll_up_alone --
-- One roll-up at a time in this database.
SELECT pg_try_advisory_lock(%(key)s) AS mine;

-- roll_up_done --
-- Lets the next one in.
SELECT pg_advisory_unlock(%(key)s);

-- roll_up_announce --
-- From now on writers mark the hours that are to be closed; nothing moves while the last step is still waiting.
UPDATE roll_up_state SET marks_before = brain_hour(%(now)s - grace), fence = NULL
 WHERE marks_before < brain_hour(%(now)s - grace) AND closed_before = marks_before;

-- roll_up_fence --
-- Writers that may not have seen the announcement have transaction ids below this one's. In a transaction of its own, after
-- the announcement was committed: that is what makes it true. (A snapshot's xmax would not do: it counts from the newest
-- id that has ended, and a writer under way may have a higher one.)
UPDATE roll_up_state SET fence = pg_current_xact_id()
 WHERE fence IS NULL AND closed_before < marks_before;

-- roll_up --
-- Closes hours and mends late ones, in transactions of its own.
CALL brain_roll_up(%(now)s, NULL);

-- make_partitions --
-- Makes partitions ahead and drops what need not be kept, in transactions of its own.
CALL brain_make_partitions(%(now)s);
