-- city_stage --
-- Staging tables of one load; they vanish with the transaction.
CREATE TEMP TABLE city_place (LIKE place) ON COMMIT DROP;

-- city_stage_cell --
-- The same for unit cells.
CREATE TEMP TABLE city_cell (LIKE cell) ON COMMIT DROP;

-- city_stage_station --
-- The same for stations.
CREATE TEMP TABLE city_station (LIKE station INCLUDING DEFAULTS) ON COMMIT DROP;

-- city_copy_place --
-- Places in bulk.
COPY city_place (code, kind, name, parent, lng, lat, area_m2, geom, origin) FROM STDIN;

-- city_copy_cell --
-- Unit cells in bulk.
COPY city_cell (code, town, village, grid, area_m2, lng, lat, geom) FROM STDIN;

-- city_copy_station --
-- Stations in bulk.
COPY city_station (id, name, theme, lng, lat, town, village, grid, cell, org, params, origin) FROM STDIN;

-- city_merge_place --
-- Places as shipped; what was there under the same code is replaced.
INSERT INTO place SELECT * FROM city_place
ON CONFLICT (code) DO UPDATE SET kind = EXCLUDED.kind, name = EXCLUDED.name, parent = EXCLUDED.parent, lng = EXCLUDED.lng,
  lat = EXCLUDED.lat, area_m2 = EXCLUDED.area_m2, geom = EXCLUDED.geom, origin = EXCLUDED.origin;

-- city_merge_cell --
-- Unit cells as shipped.
INSERT INTO cell SELECT * FROM city_cell
ON CONFLICT (code) DO UPDATE SET town = EXCLUDED.town, village = EXCLUDED.village, grid = EXCLUDED.grid,
  area_m2 = EXCLUDED.area_m2, lng = EXCLUDED.lng, lat = EXCLUDED.lat, geom = EXCLUDED.geom;

-- city_merge_station --
-- Stations as shipped. Limits and other params that somebody has edited stay: theirs win over the shipped ones.
INSERT INTO station SELECT * FROM city_station
ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name, theme = EXCLUDED.theme, lng = EXCLUDED.lng, lat = EXCLUDED.lat,
  town = EXCLUDED.town, village = EXCLUDED.village, grid = EXCLUDED.grid, cell = EXCLUDED.cell, org = EXCLUDED.org,
  params = EXCLUDED.params || station.params, origin = EXCLUDED.origin;

-- city_other_stations --
-- Stations that somebody else entered: they are placed anew when the cells change.
SELECT id, lng, lat FROM station WHERE NOT (id = ANY(%(but)s)) ORDER BY id;

-- city_place_stations --
-- Town, village, grid and cell of stations, by id; empty codes become NULL.
UPDATE station s SET town = nullif(p.town, ''), village = nullif(p.village, ''), grid = nullif(p.grid, ''),
       cell = nullif(p.cell, '')
  FROM unnest(%(ids)s::text[], %(towns)s::text[], %(villages)s::text[], %(grids)s::text[], %(cells)s::text[])
       p (id, town, village, grid, cell)
 WHERE s.id = p.id;

-- city_drop_cells --
-- Unit cells of the district that are no longer shipped.
DELETE FROM cell WHERE starts_with(code, %(district)s) AND NOT EXISTS (SELECT 1 FROM city_cell c WHERE c.code = cell.code);

-- city_drop_grids --
-- 综合网格 of the district that are no longer shipped and that nobody looks after.
DELETE FROM place p
 WHERE p.kind = 'grid' AND starts_with(p.code, %(district)s)
   AND NOT EXISTS (SELECT 1 FROM city_place c WHERE c.code = p.code)
   AND NOT EXISTS (SELECT 1 FROM person x WHERE x.grid = p.code)
   AND NOT EXISTS (SELECT 1 FROM station s WHERE s.grid = p.code);

-- city_org --
-- An organisation; phone and name stay as edited.
INSERT INTO org (code, name, short, kind, parent, phone)
VALUES (%(code)s, %(name)s, %(short)s, %(kind)s, %(parent)s, %(phone)s)
ON CONFLICT (code) DO NOTHING;

-- city_people --
-- Demo accounts in bulk; whoever is there already stays as he is.
INSERT INTO person (login, name, phone, role, org, places, grid, simulated)
SELECT p.login, p.name, p.phone, p.role, nullif(p.org, ''), CASE WHEN p.places = '' THEN '{}' ELSE ARRAY[p.places] END,
       nullif(p.grid, ''), true
  FROM unnest(%(logins)s::text[], %(names)s::text[], %(phones)s::text[], %(roles)s::text[], %(orgs)s::text[],
              %(places)s::text[], %(grids)s::text[]) p (login, name, phone, role, org, places, grid)
ON CONFLICT (login) DO NOTHING;

-- city_shifts --
-- Shifts in bulk, their people by login; a shift that is there already is left alone, nobody inactive is put on duty.
INSERT INTO roster (org, person_id, duty, starts, ends)
SELECT s.org, p.id, s.duty, s.starts, s.ends
  FROM unnest(%(orgs)s::text[], %(logins)s::text[], %(duties)s::text[], %(starts)s::timestamptz[], %(ends)s::timestamptz[])
       s (org, login, duty, starts, ends)
  JOIN person p ON p.login = s.login AND p.active
 WHERE NOT EXISTS (SELECT 1 FROM roster r WHERE r.org = s.org AND r.person_id = p.id AND r.duty = s.duty AND r.starts = s.starts);

-- city_resource --
-- Something that can be sent; what is there already stays as edited.
INSERT INTO resource (id, name, kind, org, lng, lat, detail, origin)
VALUES (%(id)s, %(name)s, %(kind)s, %(org)s, %(lng)s, %(lat)s, %(detail)s, %(origin)s)
ON CONFLICT (id) DO NOTHING;

-- city_orgs --
-- Organisations with what the roster must know of them.
SELECT code, name, short, kind FROM org ORDER BY code;

-- city_fact --
-- What was loaded before, and when.
SELECT value, now() AS now FROM (SELECT 1) one LEFT JOIN fact ON key = %(key)s;

-- city_set_fact --
-- Remember what is loaded now.
INSERT INTO fact (key, value) VALUES (%(key)s, %(value)s)
ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value, at = now();
