-- accounts --
-- People who can log in, for the command line.
SELECT login, name, role, org, active, must_change, coalesce(locked_until > now(), false) AS locked
  FROM person WHERE password_hash IS NOT NULL ORDER BY role, login;

-- account_set_active --
-- Switch an account on (and unlock it) or off (and end its sessions).
WITH changed AS (
  UPDATE person SET active = %(active)s, failed = 0, locked_until = NULL WHERE login = %(login)s RETURNING id
), ended AS (
  DELETE FROM session WHERE NOT %(active)s AND person_id IN (SELECT id FROM changed)
)
SELECT id FROM changed;

-- station_import --
-- One station from a sheet; its town, village, grid and cell stay as they are until the next placing.
INSERT INTO station (id, name, theme, lng, lat, org, params, origin)
VALUES (%(id)s, %(name)s, %(theme)s, %(lng)s, %(lat)s, %(org)s, %(params)s::jsonb, %(origin)s)
ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name, theme = EXCLUDED.theme, lng = EXCLUDED.lng, lat = EXCLUDED.lat,
  org = EXCLUDED.org, params = EXCLUDED.params, origin = EXCLUDED.origin;
