-- accounts --
-- People who can log in, for the command line.
SELECT login, name, role, org, active, must_change,
       EXISTS (SELECT 1 FROM login_brake WHERE key = 'person:' || person.id AND until > now()) AS locked
  FROM person WHERE password_hash IS NOT NULL ORDER BY role, login;

-- account_set_active --
-- Switch an account on (and let its next attempt come at once) or off (and end its sessions).
WITH changed AS (
  UPDATE person SET active = %(active)s WHERE login = %(login)s RETURNING id
), off AS (
  DELETE FROM login_brake WHERE %(active)s AND key IN (SELECT 'person:' || id FROM changed)
), ended AS (
  DELETE FROM session WHERE NOT %(active)s AND person_id IN (SELECT id FROM changed)
)
SELECT id FROM changed;

-- administrators_for_update --
-- Administrators who can log in, held until the end of the transaction: of two who are switched off at once, one stays.
SELECT login FROM person WHERE role = 'admin' AND active AND password_hash IS NOT NULL ORDER BY id FOR UPDATE;

-- station_import --
-- One station from a sheet; its town, village, grid and cell stay as they are until the next placing.
INSERT INTO station (id, name, theme, lng, lat, org, params, origin)
VALUES (%(id)s, %(name)s, %(theme)s, %(lng)s, %(lat)s, %(org)s, %(params)s::jsonb, %(origin)s)
ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name, theme = EXCLUDED.theme, lng = EXCLUDED.lng, lat = EXCLUDED.lat,
  org = EXCLUDED.org, params = EXCLUDED.params, origin = EXCLUDED.origin;
