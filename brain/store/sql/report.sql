-- Statements of the monthly report. Everything that happens to a case is read from its log as it stood at the end of the
-- window; `event` gives only what never changes about it: place, category, source, and the limit it was promised.

-- report_room --
-- A room for the facts of one report: gone with its transaction, so that two readers never meet in it.
CREATE TEMP TABLE report_case (
  win text NOT NULL, id text NOT NULL, category text NOT NULL, title text NOT NULL, source text NOT NULL, org text,
  town text, village text, grid text, lng double precision NOT NULL, lat double precision NOT NULL, address text NOT NULL,
  station text, simulated boolean NOT NULL, duplicate boolean NOT NULL, state text NOT NULL,
  limit_clock text, limit_amount double precision,
  reported_at timestamptz NOT NULL, accepted_at timestamptz, registered_at timestamptz, dispatched_at timestamptz,
  answered_at timestamptz, closed_at timestamptz, rated_at timestamptz, due_at timestamptz, settled_at timestamptz,
  returns int NOT NULL, reworks int NOT NULL, extensions int NOT NULL,
  is_reported boolean NOT NULL, is_valid_reported boolean NOT NULL, is_registered boolean NOT NULL,
  is_declined boolean NOT NULL, is_public_reported boolean NOT NULL, is_self_handled boolean NOT NULL,
  is_unclosed boolean NOT NULL, is_dispatch_due boolean NOT NULL, is_dispatched_right boolean NOT NULL,
  is_returned boolean NOT NULL, is_handle_due boolean NOT NULL, is_handled boolean NOT NULL,
  is_handled_on_time boolean NOT NULL, is_handled_late boolean NOT NULL, is_overdue_unhandled boolean NOT NULL,
  is_extended boolean NOT NULL, is_reworked boolean NOT NULL, is_closed boolean NOT NULL,
  is_closed_on_time boolean NOT NULL, is_rated boolean NOT NULL, is_satisfied boolean NOT NULL,
  is_responded boolean NOT NULL, is_solved boolean NOT NULL, is_backlog boolean NOT NULL,
  PRIMARY KEY (win, id)
) ON COMMIT DROP;

-- report_fill --
-- Facts of each case as the log knew them at the end of a window, and what the case counts for in that window.
INSERT INTO report_case
WITH picked AS MATERIALIZED (  -- each branch has an index of its own
  SELECT id FROM event WHERE reported_at >= %(since)s AND reported_at < %(until)s
  UNION SELECT id FROM event WHERE closed_at >= %(since)s AND reported_at < %(until)s
  UNION SELECT id FROM event WHERE NOT brain_closed(state) AND reported_at < %(until)s
  UNION SELECT event_id FROM event_log WHERE verb = 'rate' AND at >= %(since)s AND at < %(until)s
), told AS (
  SELECT l.event_id,
         min(l.at) FILTER (WHERE l.verb = 'accept') AS accepted_at,
         min(l.at) FILTER (WHERE l.verb = 'register') AS registered_at,
         min(l.at) FILTER (WHERE l.verb IN ('dispatch', 'arbitrate')) AS dispatched_at,
         max(l.at) FILTER (WHERE l.verb = 'answer') AS answered_at,
         max(l.at) FILTER (WHERE l.from_state IN ('answered', 'checking', 'closed')
                             AND l.to_state IN ('handling', 'registered')) AS undone_at,
         max(l.at) FILTER (WHERE l.to_state = 'closed' AND l.from_state <> 'closed') AS closed_at,
         max(l.at) FILTER (WHERE l.verb = 'rate') AS rated_at,
         count(*) FILTER (WHERE l.verb = 'return')::int AS returns,
         bool_or(l.verb = 'return' AND l.reason = %(not_ours)s) AS misdirected,
         count(*) FILTER (WHERE l.from_state IN ('answered', 'checking') AND l.to_state = 'handling')::int AS reworks,
         count(*) FILTER (WHERE l.verb = 'extend' AND l.detail->>'granted' = 'true')::int AS extensions,
         bool_or(l.verb = 'self_handle') AS self_handled,
         (array_agg((l.detail->>'due_at')::timestamptz ORDER BY l.seq DESC) FILTER (WHERE pg_input_is_valid(l.detail->>'due_at', 'timestamptz')))[1] AS due_at,
         (array_agg(l.detail->>'org' ORDER BY l.seq DESC) FILTER (WHERE l.verb IN ('dispatch', 'arbitrate')))[1] AS org,
         (array_agg(l.detail->'ratings' ORDER BY l.seq DESC) FILTER (WHERE l.verb = 'rate'))[1] AS ratings,
         (array_agg(l.to_state ORDER BY l.seq DESC))[1] AS state
    FROM picked p
    JOIN event_log l ON l.event_id = p.id
   WHERE l.at < %(until)s
   GROUP BY l.event_id
), fact AS (
  SELECT t.*, CASE WHEN t.undone_at IS NULL OR t.answered_at > t.undone_at THEN t.answered_at END AS done_at,
         CASE WHEN t.state = 'closed' THEN t.closed_at END AS ended_at
    FROM told t
), settled AS (
  SELECT f.*, least(f.due_at, f.done_at) AS settled_at,
         NOT f.self_handled AND f.dispatched_at IS NOT NULL AND f.due_at IS NOT NULL
           AND NOT brain_dropped(f.state) AND f.state <> 'suspended'
           AND least(f.due_at, f.done_at) >= %(since)s AND least(f.due_at, f.done_at) < %(until)s AS owed
    FROM fact f
)
SELECT %(win)s, e.id, e.category, e.title, e.source, s.org, e.town, e.village, e.grid, e.lng, e.lat, e.address, e.station,
       e.simulated, e.duplicate_of IS NOT NULL, s.state, e.limit_clock, e.limit_amount, e.reported_at, s.accepted_at,
       s.registered_at, s.dispatched_at, s.done_at, s.ended_at, s.rated_at, s.due_at, s.settled_at, s.returns, s.reworks,
       s.extensions,
       n.now,
       n.now AND (s.accepted_at IS NOT NULL OR s.self_handled) AND NOT brain_dropped(s.state),
       n.now AND s.registered_at IS NOT NULL AND s.state <> 'void',
       n.now AND s.state = 'declined',
       n.now AND e.source = 'public',
       n.now AND s.self_handled,
       n.now AND NOT brain_closed(s.state),
       n.now AND s.dispatched_at IS NOT NULL AND s.state <> 'void',
       n.now AND s.dispatched_at IS NOT NULL AND s.state <> 'void' AND NOT s.misdirected,
       n.now AND s.dispatched_at IS NOT NULL AND s.state <> 'void' AND s.returns > 0,
       s.owed,
       s.owed AND s.done_at IS NOT NULL,
       s.owed AND (s.done_at <= s.due_at) IS TRUE,
       s.owed AND (s.done_at > s.due_at) IS TRUE,
       s.owed AND s.done_at IS NULL,
       s.owed AND s.extensions > 0,
       s.owed AND s.reworks > 0,
       s.owed AND s.ended_at IS NOT NULL,
       s.owed AND s.ended_at IS NOT NULL AND (s.done_at <= s.due_at) IS TRUE,
       (s.rated_at >= %(since)s) IS TRUE,
       (s.rated_at >= %(since)s) IS TRUE AND ((s.ratings->>'satisfied')::int >= %(satisfied)s) IS TRUE,
       (s.rated_at >= %(since)s) IS TRUE AND ((s.ratings->>'response')::int = 1) IS TRUE,
       (s.rated_at >= %(since)s) IS TRUE AND ((s.ratings->>'solved')::int = 1) IS TRUE,
       (s.due_at < %(until)s) IS TRUE AND s.done_at IS NULL AND s.dispatched_at IS NOT NULL
         AND NOT brain_closed(s.state) AND s.state <> 'suspended'
  FROM settled s
  JOIN event e ON e.id = s.event_id
  CROSS JOIN LATERAL (SELECT e.reported_at >= %(since)s AS now) n;

-- report_counts --
-- Every count of the report at once: in all, by town, organisation, category, source and day, from one reading of the facts.
SELECT win,
       CASE WHEN grouping(town) = 0 THEN 'town' WHEN grouping(org) = 0 THEN 'org' WHEN grouping(category) = 0 THEN 'category'
            WHEN grouping(source) = 0 THEN 'source' WHEN grouping(day) = 0 THEN 'day' ELSE 'all' END AS dim,
       CASE WHEN grouping(town) = 0 THEN coalesce(town, '') WHEN grouping(org) = 0 THEN coalesce(org, '')
            WHEN grouping(category) = 0 THEN category WHEN grouping(source) = 0 THEN source
            WHEN grouping(day) = 0 THEN day::text ELSE '' END AS key,
       count(*) FILTER (WHERE is_reported)::int AS reported,
       count(*) FILTER (WHERE is_valid_reported)::int AS valid_reported,
       count(*) FILTER (WHERE is_registered)::int AS registered,
       count(*) FILTER (WHERE is_declined)::int AS declined,
       count(*) FILTER (WHERE is_public_reported)::int AS public_reported,
       count(*) FILTER (WHERE is_self_handled)::int AS self_handled,
       count(*) FILTER (WHERE is_unclosed)::int AS unclosed,
       count(*) FILTER (WHERE is_dispatch_due)::int AS dispatch_due,
       count(*) FILTER (WHERE is_dispatched_right)::int AS dispatched_right,
       count(*) FILTER (WHERE is_returned)::int AS returned,
       count(*) FILTER (WHERE is_handle_due)::int AS handle_due,
       count(*) FILTER (WHERE is_handled)::int AS handled,
       count(*) FILTER (WHERE is_handled_on_time)::int AS handled_on_time,
       count(*) FILTER (WHERE is_handled_late)::int AS handled_late,
       count(*) FILTER (WHERE is_overdue_unhandled)::int AS overdue_unhandled,
       count(*) FILTER (WHERE is_extended)::int AS extended,
       coalesce(sum(reworks) FILTER (WHERE is_reworked), 0)::int AS reworked,
       count(*) FILTER (WHERE is_closed)::int AS closed,
       count(*) FILTER (WHERE is_closed_on_time)::int AS closed_on_time,
       count(*) FILTER (WHERE is_rated)::int AS rated,
       count(*) FILTER (WHERE is_satisfied)::int AS satisfied,
       count(*) FILTER (WHERE is_responded)::int AS responded,
       count(*) FILTER (WHERE is_solved)::int AS solved,
       count(*) FILTER (WHERE is_backlog)::int AS backlog,
       count(*) FILTER (WHERE is_reported OR is_handle_due OR is_rated OR is_backlog)::int AS counted,
       count(*) FILTER (WHERE simulated AND (is_reported OR is_handle_due OR is_rated OR is_backlog))::int AS simulated
  FROM (SELECT *, brain_local(reported_at)::date AS day FROM report_case) c
 GROUP BY win, GROUPING SETS ((), (town), (org), (category), (source), (day));

-- report_cases --
-- The cases behind the figures of one window, in order of reporting.
SELECT * FROM report_case WHERE win = %(win)s AND (is_reported OR is_handle_due OR is_rated OR is_backlog)
 ORDER BY reported_at, id;

-- report_named --
-- Cases that a figure names although they belong to an earlier month (repeat places look back), in order of reporting.
SELECT id, category, title, source, org, town, grid, state, reported_at, due_at, answered_at, closed_at, reworks, returns,
       simulated
  FROM event WHERE id = ANY(%(ids)s) ORDER BY reported_at, id;

-- report_stages --
-- Each desk's stage of each case reported in the window: asked when, done when (null: not done before its end).
WITH step AS (
  SELECT l.event_id AS id, l.seq, l.verb, l.at,
         lead(l.at) OVER later AS next_at, lead(l.verb) OVER later AS next_verb
    FROM event_log l JOIN report_case c ON c.win = %(win)s AND c.id = l.event_id AND c.is_reported AND c.state <> 'void'
   WHERE l.at < %(until)s
     AND l.verb IN ('accept', 'ask_verify', 'verified', 'register', 'dispatch', 'arbitrate', 'answer', 'check', 'rework')
  WINDOW later AS (PARTITION BY l.event_id ORDER BY l.seq)
)
SELECT id, stage, asked_at, done_at
  FROM (
    SELECT id, at AS asked_at,
           CASE WHEN verb IN ('accept', 'verified') AND next_verb = 'register' THEN 'register'
                WHEN verb = 'register' THEN 'dispatch' WHEN verb = 'ask_verify' THEN 'verify'
                WHEN verb = 'answer' THEN 'check' END AS stage,
           CASE WHEN verb = 'register' AND next_verb IN ('dispatch', 'arbitrate') THEN next_at
                WHEN verb IN ('accept', 'verified') AND next_verb = 'register' THEN next_at
                WHEN verb = 'ask_verify' AND next_verb = 'verified' THEN next_at
                WHEN verb = 'answer' AND next_verb IN ('check', 'rework') THEN next_at END AS done_at
      FROM step) s
 WHERE stage IS NOT NULL
 ORDER BY id, asked_at;

-- report_repeats --
-- Same class within so many metres and days, a row for each centre and each last case of a span; many overlap, the reader
-- takes the fullest first. The centre is one of the span's own cases.
WITH c AS (
  SELECT id, category, lng, lat, reported_at, address, town FROM event
   WHERE reported_at >= %(since)s - make_interval(days => %(days)s) AND reported_at < %(until)s
     AND NOT brain_dropped(state) AND duplicate_of IS NULL
), near AS (
  SELECT a.id AS centre, b.id, b.reported_at
    FROM c a JOIN c b ON b.category = a.category AND abs(b.lat - a.lat) * 111320 <= %(metres)s
                     AND sqrt(((b.lat - a.lat) * 111320) ^ 2
                              + ((b.lng - a.lng) * 111320 * cos(radians(a.lat))) ^ 2) <= %(metres)s
), span AS (
  SELECT e.centre, e.reported_at AS last_at, count(*)::int AS times, min(n.reported_at) AS first_at,
         array_agg(n.id ORDER BY n.reported_at, n.id) AS ids
    FROM near e
    JOIN near n ON n.centre = e.centre AND n.reported_at <= e.reported_at
               AND n.reported_at > e.reported_at - make_interval(days => %(days)s)
   WHERE e.reported_at >= %(since)s
   GROUP BY e.centre, e.id, e.reported_at
  HAVING count(*) >= %(times)s AND bool_or(n.id = e.centre)
)
SELECT s.times, s.first_at, s.last_at, s.ids, c.id, c.category, c.lng, c.lat, c.town, c.address
  FROM span s JOIN c ON c.id = s.centre
 ORDER BY s.times DESC, s.last_at DESC, c.id;

-- report_grids --
-- Cases a square kilometre in each 综合网格, densest first; n of grids in all beside it.
SELECT p.code, p.name, v.name AS village, t.name AS town, p.lng, p.lat, p.area_m2, count(c.id)::int AS n,
       count(c.id) / nullif(p.area_m2, 0) * 1e6 AS per_km2, (SELECT count(*)::int FROM place WHERE kind = 'grid') AS grids
  FROM place p
  JOIN report_case c ON c.grid = p.code AND c.win = 'this' AND c.is_reported
  LEFT JOIN place v ON v.code = p.parent
  LEFT JOIN place t ON t.code = v.parent
 WHERE p.kind = 'grid'
 GROUP BY p.code, p.name, v.name, t.name, p.lng, p.lat, p.area_m2
 ORDER BY per_km2 DESC NULLS LAST, p.code;

-- report_days_before --
-- Reports a day over the weeks before the window and in it: the base against which a burst is told.
SELECT brain_local(reported_at)::date AS day, count(*)::int AS n
  FROM event
 WHERE reported_at >= %(since)s - make_interval(weeks => %(weeks)s) AND reported_at < %(until)s
 GROUP BY 1 ORDER BY 1;

-- report_months --
-- Reports a month over the months before the window, whole months only.
SELECT to_char(brain_local(reported_at), 'YYYY-MM') AS month, count(*)::int AS n
  FROM event
 WHERE reported_at >= %(since)s - make_interval(months => %(months)s) AND reported_at < %(until)s
 GROUP BY 1 ORDER BY 1;

-- report_places --
-- Names of towns, for tables.
SELECT code, name FROM place WHERE kind = 'town' ORDER BY code;

-- report_orgs --
-- Names of organisations, for tables.
SELECT code, name, short, kind FROM org ORDER BY code;

-- report_version --
-- What data stand behind the report: how many cases and lines, the newest line, and a digest over the heads of the chains.
SELECT count(*)::int AS cases, coalesce(sum(seq), 0)::int AS lines, max(at) AS last_at,
       encode(sha256(convert_to(coalesce(string_agg(event_id || encode(hash, 'hex'), '' ORDER BY event_id), ''), 'UTF8')), 'hex')
         AS digest
  FROM (SELECT DISTINCT ON (l.event_id) l.event_id, l.seq, l.at, l.hash
          FROM event_log l JOIN report_case c ON c.win = 'this' AND c.id = l.event_id
         WHERE l.at < %(until)s ORDER BY l.event_id, l.seq DESC) head;

-- report_readings --
-- What each station of a theme measured over the window, a row a kind: mean, extremes, readings, days with data. Summed before
-- it meets the stations: the planner cannot know how few rows a month of days is.
WITH measured AS MATERIALIZED (
  SELECT station, kind, sum(total) / nullif(sum(n), 0) AS mean, min(low) AS low, max(high) AS high, sum(n)::bigint AS n,
         count(*) FILTER (WHERE n > 0)::int AS days
    FROM reading_1d
   WHERE kind = ANY(%(kinds)s) AND bucket >= %(since)s AND bucket < %(until)s
   GROUP BY station, kind
  HAVING sum(n) > 0
)
SELECT s.id, s.name, s.params, s.origin, s.town, m.kind, m.mean, m.low, m.high, m.n, m.days
  FROM measured m JOIN station s ON s.id = m.station
 WHERE s.theme = %(theme)s AND s.active
 ORDER BY s.id, m.kind;

-- report_rain_hours --
-- Hours with a rain record at each gauge and the sum of the last one-hour value of each hour.
SELECT r.station AS id, sum(r.last) AS total, count(*)::int AS hours, sum(r.n_all)::bigint AS n
  FROM reading_1h r JOIN station s ON s.id = r.station
 WHERE s.theme = %(theme)s AND s.active AND r.kind = 'rain_1h' AND r.n > 0 AND r.bucket >= %(since)s AND r.bucket < %(until)s
 GROUP BY r.station ORDER BY r.station;

-- report_air_hours --
-- District mean of each pollutant in each hour: the mean over the stations that reported.
SELECT r.bucket AS hour, r.kind, avg(r.mean) AS mean, count(*)::int AS stations
  FROM reading_1h r JOIN station s ON s.id = r.station
 WHERE s.theme = %(theme)s AND s.active AND r.kind = ANY(%(kinds)s) AND r.n > 0 AND r.bucket >= %(since)s AND r.bucket < %(until)s
 GROUP BY r.bucket, r.kind ORDER BY r.bucket, r.kind;

-- report_outlets --
-- Stations of a theme that sent hour means of limited quantities in the window, with which.
WITH sent AS MATERIALIZED (
  SELECT station, array_agg(DISTINCT kind ORDER BY kind) AS kinds
    FROM reading_1d
   WHERE kind = ANY(%(kinds)s) AND n_all > 0 AND bucket >= %(since)s AND bucket < %(until)s
   GROUP BY station
)
SELECT s.id, s.name, s.theme, s.params, s.origin, t.kinds
  FROM sent t JOIN station s ON s.id = t.station
 WHERE s.theme = %(theme)s AND s.active
 ORDER BY s.id;

-- report_outlet_hours --
-- Hours of each quantity of an outlet: excused by a flag, come, valid, and valid above (or below) the limit given for it.
WITH asked AS (
  SELECT * FROM unnest(%(stations)s::text[], %(kinds)s::text[], %(lows)s::float8[], %(highs)s::float8[])
                AS a (station, kind, low, high)
), hour AS (
  SELECT DISTINCT ON (r.station, r.kind, r.at) r.station, r.kind, r.value, r.quality, a.low, a.high
    FROM asked a JOIN reading r ON r.station = a.station AND r.kind = a.kind
   WHERE r.at >= %(since)s AND r.at < %(until)s AND r.quality <> 'duplicate'
   ORDER BY r.station, r.kind, r.at, r.seq
)
SELECT station, kind,
       count(*) FILTER (WHERE quality = ANY(%(excused)s::text[]))::int AS excused,
       count(*) FILTER (WHERE quality <> ALL(%(excused)s::text[]))::int AS came,
       count(*) FILTER (WHERE quality = ANY(%(trusted)s::text[]))::int AS valid,
       count(*) FILTER (WHERE quality = ANY(%(trusted)s::text[]) AND (value > high OR value < low))::int AS over
  FROM hour GROUP BY station, kind ORDER BY station, kind;

-- report_stations --
-- Stations of each theme, and how many of them were heard in the window.
WITH heard AS MATERIALIZED (
  SELECT DISTINCT station FROM reading_1d WHERE n_all > 0 AND bucket >= %(since)s AND bucket < %(until)s
)
SELECT s.theme, count(*)::int AS stations, count(h.station)::int AS heard
  FROM station s LEFT JOIN heard h ON h.station = s.id
 WHERE s.active GROUP BY s.theme ORDER BY s.theme;

-- report_alerts --
-- Alerts opened in the window by theme and level, how fast they were acknowledged and how long they stood.
SELECT theme, level, count(*)::int AS n, count(acked_at)::int AS acked, count(event_id)::int AS opened_events,
       count(cleared_at)::int AS cleared,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM acked_at - opened_at)) AS ack_s,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM cleared_at - opened_at)) AS stood_s
  FROM alert
 WHERE opened_at >= %(since)s AND opened_at < %(until)s AND NOT late
 GROUP BY theme, level ORDER BY theme, level;

-- report_ponding --
-- Ponding places over the window: alerts, the worst level and the deepest water.
SELECT a.station AS id, s.name, count(*)::int AS n, min(a.peak)::int AS peak, max(a.value) AS value
  FROM alert a JOIN station s ON s.id = a.station
 WHERE a.kind = 'pond_depth' AND a.theme = %(theme)s AND a.opened_at >= %(since)s AND a.opened_at < %(until)s AND NOT a.late
 GROUP BY a.station, s.name ORDER BY n DESC, peak, a.station;

-- report_lock --
-- One issue of a month at a time.
SELECT pg_advisory_xact_lock(hashtextextended('report ' || %(period)s, 0));

-- report_save --
-- A snapshot becomes a version of its month's report; versions count from 1 and are never changed.
INSERT INTO report_snapshot (period, version, cut_at, made_by, made_at, data)
VALUES (%(period)s, %(version)s, %(cut_at)s, %(made_by)s, %(made_at)s, %(data)s)
RETURNING id, version;

-- report_frozen --
-- A frozen report: the newest version of a month, or the one asked for.
SELECT id, period, version, cut_at, made_by, made_at, data FROM report_snapshot
 WHERE period = %(period)s AND (%(version)s::int IS NULL OR version = %(version)s)
 ORDER BY version DESC LIMIT 1;

-- report_versions --
-- All versions of a month, newest first, without their data.
SELECT version, cut_at, made_by, made_at FROM report_snapshot WHERE period = %(period)s ORDER BY version DESC;

-- report_periods --
-- Months that have cases or a frozen report, newest first.
SELECT period, bool_or(frozen) AS frozen
  FROM (SELECT to_char(generate_series(date_trunc('month', brain_local(min(reported_at))),
                                       brain_local(max(reported_at)), interval '1 month'), 'YYYY-MM') AS period,
               false AS frozen FROM event HAVING count(*) > 0
        UNION ALL SELECT period, true FROM report_snapshot) p
 GROUP BY period ORDER BY period DESC;

-- report_first --
-- When the first case of the record was reported: months before it are unknown, not empty.
SELECT min(reported_at) AS at FROM event;

-- report_reported_among --
-- How many of these cases were reported in a window.
SELECT count(*)::int AS n FROM event
 WHERE id = ANY(%(ids)s) AND reported_at >= %(since)s AND reported_at < %(until)s;

-- report_outlines --
-- Outlines of towns and 综合网格 for the report's map.
SELECT code, kind, name, area_m2, geom FROM place WHERE kind IN ('town', 'grid') AND geom IS NOT NULL ORDER BY code;

-- report_seen --
-- Which of these cases a sight sees.
SELECT e.id FROM event e
 WHERE e.id = ANY(%(ids)s::text[])
   AND brain_sees_event(e, %(sight)s::brain_sight, EXISTS (
         SELECT 1 FROM event_part q WHERE q.event_id = e.id AND q.org = (%(sight)s::brain_sight).org));
