-- cells --
-- All unit cells with the 综合网格 they belong to.
SELECT code, grid, geom FROM cell ORDER BY code;

-- org_kind --
-- What kind of organisation this is; no row when there is none.
SELECT kind FROM org WHERE code = %(code)s;

-- routes_for --
-- The best rows of the routing table for a category at a place: longest category first, then longest place.
SELECT org FROM (
  SELECT org, rank() OVER (ORDER BY length(category) DESC, length(place) DESC) AS best
    FROM route WHERE starts_with(%(category)s, category) AND starts_with(%(place)s, place)) r
 WHERE best = 1;

-- handler_for --
-- Who takes an event of this organisation now: for a town the worker of the grid, then the roster's field and desk; of
-- those who may take one at all.
SELECT id FROM (
  SELECT p.id, 0 AS tier, 0 AS k, p.id AS last FROM person p JOIN org o ON o.code = %(org)s AND o.kind = 'town'
   WHERE p.active AND p.role = 'worker' AND p.grid = %(grid)s
  UNION ALL
  SELECT p.id, 1, array_position(ARRAY['field', 'desk', 'chief'], r.duty), p.id
    FROM roster r JOIN person p ON p.id = r.person_id AND p.active
   WHERE r.org = %(org)s AND r.duty IN ('field', 'desk', 'chief') AND r.starts <= %(now)s AND r.ends > %(now)s
     AND p.role IN ('department', 'worker')) c
 ORDER BY tier, k, last LIMIT 1;

-- nearest_worker --
-- The worker whose grid's point is nearest, by straight distance in degrees with longitude shrunk by the latitude.
SELECT p.id FROM person p JOIN place g ON g.code = p.grid
 WHERE p.active AND p.role = 'worker' AND p.id <> ALL(%(but)s::bigint[])
 ORDER BY ((g.lng - %(lng)s) * cos(radians(%(lat)s))) ^ 2 + (g.lat - %(lat)s) ^ 2, p.id LIMIT 1;

-- people_meant --
-- People behind the words of ladders, many askings at once; the first tier that names anybody counts.
WITH asked AS (
  SELECT * FROM unnest(%(ns)s::int[], %(whos)s::text[], %(orgs)s::text[], %(handlers)s::bigint[]) a (n, who, org, handler)
), way (who, tier, duty, role, own) AS (VALUES
  -- word            tier  on the roster as  role         of the asking's own organisation
  ('handler',         2,   'desk',           'department', true),
  ('handler',         3,   NULL,             'department', true),
  ('unit',            1,   NULL,             'department', true),
  ('unit_chief',      1,   'chief',          NULL,         true),
  ('unit_chief',      2,   'leader',         NULL,         true),
  ('unit_chief',      3,   'desk',           'department', true),
  ('unit_chief',      4,   NULL,             'department', true),
  ('town',            1,   'desk',           'department', true),
  ('town',            2,   NULL,             'department', true),
  ('owner',           1,   'desk',           'department', true),
  ('owner',           2,   NULL,             'department', true),
  ('duty_seat',       1,   'desk',           'operator',   false),
  ('duty_seat',       2,   NULL,             'operator',   false),
  ('acceptor',        1,   'desk',           'acceptor',   false),
  ('acceptor',        2,   NULL,             'acceptor',   false),
  ('dispatcher',      1,   'desk',           'dispatcher', false),
  ('dispatcher',      2,   NULL,             'dispatcher', false),
  ('duty_chief',      1,   'chief',          'chief',      false),
  ('duty_chief',      2,   NULL,             'chief',      false),
  ('duty_leader',     1,   'leader',         'leader',     false),
  ('duty_leader',     2,   NULL,             'leader',     false),
  ('district_leader', 1,   NULL,             'leader',     false)
), found AS (
  SELECT a.n, 1 AS tier, p.id FROM asked a JOIN person p ON p.id = a.handler AND p.active WHERE a.who = 'handler'
  UNION ALL
  SELECT a.n, w.tier, p.id FROM asked a JOIN way w ON w.who = a.who AND w.own AND w.duty IS NOT NULL
    JOIN roster r ON r.org = a.org AND r.duty = w.duty AND r.starts <= %(now)s AND r.ends > %(now)s
    JOIN person p ON p.id = r.person_id AND p.active AND p.role = coalesce(w.role, p.role)
  UNION ALL
  SELECT a.n, w.tier, p.id FROM asked a JOIN way w ON w.who = a.who AND w.own AND w.duty IS NULL
    JOIN person p ON p.org = a.org AND p.role = w.role AND p.active
  UNION ALL
  SELECT a.n, w.tier, p.id FROM asked a JOIN way w ON w.who = a.who AND NOT w.own AND w.duty IS NOT NULL
    JOIN roster r ON r.duty = w.duty AND r.starts <= %(now)s AND r.ends > %(now)s
    JOIN person p ON p.id = r.person_id AND p.role = w.role AND p.active
  UNION ALL
  SELECT a.n, w.tier, p.id FROM asked a JOIN way w ON w.who = a.who AND NOT w.own AND w.duty IS NULL
    JOIN person p ON p.role = w.role AND p.active
)
SELECT DISTINCT n, id FROM (SELECT n, tier, id, min(tier) OVER (PARTITION BY n) AS best FROM found) f
 WHERE tier = best ORDER BY n, id;
