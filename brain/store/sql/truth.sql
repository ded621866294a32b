-- truth_alone --
-- Entries about one station are made one after the other, so that two cannot overlap.
SELECT pg_advisory_xact_lock(hashtextextended('truth ' || %(station)s, 0));

-- truth_station --
-- Does the station exist?
SELECT id, name, theme FROM station WHERE id = %(station)s;

-- maintenance_add --
-- Work on a station, from when to when.
INSERT INTO maintenance (station, starts, ends, why, by, entered_at)
VALUES (%(station)s, %(starts)s, %(ends)s, %(why)s, %(by)s, %(now)s)
RETURNING id;

-- maintenance_end --
-- The work is done (or was called off, when it had not begun).
UPDATE maintenance SET ends = greatest(%(now)s, starts + interval '1 microsecond')
 WHERE station = %(station)s AND ends > %(now)s
RETURNING id, starts;

-- maintenance_list --
-- Work under way, to come, and of the last month.
SELECT m.*, s.name FROM maintenance m JOIN station s ON s.id = m.station
 WHERE (%(station)s::text IS NULL OR m.station = %(station)s) AND m.ends > %(now)s - interval '31 days'
 ORDER BY m.starts, m.id;

-- maintenance_unsettled --
-- Windows whose readings may have come in before they were known.
SELECT id, station, starts, ends FROM maintenance
 WHERE settled_at IS NULL AND entered_at <= %(before)s ORDER BY id LIMIT 100;

-- maintenance_settled --
-- Done with that window.
UPDATE maintenance SET settled_at = %(now)s WHERE id = %(id)s;

-- calibration_overlap --
-- Another calibration of the same quantity for some of that time.
SELECT id, starts, ends FROM calibration
 WHERE station = %(station)s AND kind = %(kind)s AND starts < coalesce(%(ends)s::timestamptz, 'infinity') AND coalesce(ends, 'infinity') > %(starts)s LIMIT 1;

-- calibration_add --
-- By how much a quantity is off, from when to when.
INSERT INTO calibration (station, kind, starts, ends, factor, addend, why, by, entered_at, effective)
VALUES (%(station)s, %(kind)s, %(starts)s, %(ends)s, %(factor)s, %(addend)s, %(why)s, %(by)s, %(now)s, %(effective)s)
RETURNING id;

-- calibration_list --
-- All calibrations, newest last.
SELECT c.*, s.name FROM calibration c JOIN station s ON s.id = c.station
 WHERE %(station)s::text IS NULL OR c.station = %(station)s ORDER BY c.station, c.kind, c.starts;

-- calibration_unsettled --
-- Calibrations that what is stored has not been corrected by.
SELECT id, station, kind, starts, ends, factor, addend, effective FROM calibration
 WHERE settled_at IS NULL AND effective <= %(before)s ORDER BY id LIMIT 100;

-- calibration_correct --
-- Corrects what was stored before the calibration took effect. What came in later was corrected on its way.
UPDATE reading SET value = value * %(factor)s + %(addend)s
 WHERE station = %(station)s AND kind = %(kind)s AND at >= %(starts)s AND at < coalesce(%(ends)s::timestamptz, 'infinity')
   AND brain_received(at, delay_s) < %(effective)s
RETURNING at;

-- calibration_correct_latest --
-- The same for the newest reading.
UPDATE latest SET value = value * %(factor)s + %(addend)s
 WHERE station = %(station)s AND kind = %(kind)s AND at >= %(starts)s AND at < coalesce(%(ends)s::timestamptz, 'infinity')
   AND received_at < %(effective)s;

-- calibration_settled --
-- Done with that calibration.
UPDATE calibration SET settled_at = %(now)s WHERE id = %(id)s;

-- quality_span --
-- Marks what was stored for a span of time; kind null for all. Only what was trusted so far.
UPDATE reading SET quality = %(quality)s
 WHERE station = %(station)s AND (%(kind)s::text IS NULL OR kind = %(kind)s) AND at >= %(starts)s AND at < %(ends)s
   AND brain_trusted(quality)
RETURNING kind, at;

-- quality_span_latest --
-- The same where the newest reading is among them.
UPDATE latest SET quality = %(quality)s
 WHERE station = %(station)s AND (%(kind)s::text IS NULL OR kind = %(kind)s) AND at >= %(starts)s AND at < %(ends)s
   AND brain_trusted(quality);

-- hours_dirty --
-- These hours of a station must be counted anew, as far as they are closed.
INSERT INTO dirty_bucket (station, kind, bucket)
SELECT DISTINCT %(station)s, u.kind, brain_hour(u.at)
  FROM unnest(%(kinds)s::text[], %(ats)s::timestamptz[]) AS u (kind, at)
 WHERE u.at < (SELECT marks_before FROM roll_up_state);

-- daily_middles --
-- Median of each day, of what was trusted or is under suspicion of drift.
SELECT station, kind, brain_day(at) AS day, percentile_cont(0.5) WITHIN GROUP (ORDER BY value) AS middle
  FROM reading
 WHERE kind = ANY (%(kinds)s) AND at >= %(since)s AND at < %(until)s AND (brain_trusted(quality) OR quality = 'drift')
 GROUP BY station, kind, brain_day(at)
 ORDER BY station, kind, day;
