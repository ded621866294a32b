-- tcp_station_insert --
-- A new station; no row where there is one already.
INSERT INTO tcp_station (feed, id, centre, org, digest, key, networks, note, created_at, changed_at)
VALUES (%(feed)s, %(id)s, %(centre)s, %(org)s, %(digest)s, %(key)s, %(networks)s::cidr[], %(note)s, %(now)s, %(now)s)
    ON CONFLICT DO NOTHING
RETURNING id

-- tcp_station_change --
-- What is given changes, the rest stays. A password goes only where that is said.
UPDATE tcp_station
   SET org = coalesce(%(org)s, org),
       centre = CASE WHEN %(recentre)s THEN %(centre)s ELSE centre END,
       digest = CASE WHEN %(repass)s THEN %(digest)s ELSE digest END,
       key = CASE WHEN %(repass)s THEN %(key)s ELSE key END,
       networks = coalesce(%(networks)s::cidr[], networks),
       active = coalesce(%(active)s, active),
       note = coalesce(%(note)s, note),
       changed_at = %(now)s
 WHERE feed = %(feed)s AND id = %(id)s
RETURNING org

-- tcp_stations --
-- All stations, with when each last spoke, from where, and why it was turned away.
SELECT s.feed, s.id, s.centre, s.org, s.digest, s.key, s.networks::text[] AS networks, s.active, s.note, h.at, h.peer, h.says
  FROM tcp_station s LEFT JOIN tcp_heard h USING (feed, id)
 ORDER BY s.feed, s.id

-- tcp_strangers --
-- Who has spoken since then without being registered, newest first.
SELECT h.feed, h.id, h.at, h.peer, h.says
  FROM tcp_heard h LEFT JOIN tcp_station s USING (feed, id)
 WHERE s.id IS NULL AND h.at > %(since)s
 ORDER BY h.at DESC, h.feed, h.id

-- tcp_book --
-- The stations as intake knows them by heart.
SELECT feed, id, centre, org, digest, key, networks::text[] AS networks, active FROM tcp_station

-- tcp_heard_keep --
-- Who has spoken. What nobody has heard for a month goes, and beyond so many names no new one is remembered.
WITH gone AS (DELETE FROM tcp_heard WHERE at < %(now)s::timestamptz - interval '30 days')
INSERT INTO tcp_heard AS h (feed, id, at, peer, says)
SELECT feed, id, at, peer, says
  FROM unnest(%(feeds)s::text[], %(ids)s::text[], %(ats)s::timestamptz[], %(peers)s::text[], %(says)s::text[])
       AS u (feed, id, at, peer, says)
 WHERE (SELECT count(*) FROM tcp_heard) < %(most)s
    OR EXISTS (SELECT FROM tcp_heard k WHERE (k.feed, k.id) = (u.feed, u.id))
 ORDER BY feed, id
    ON CONFLICT (feed, id) DO UPDATE SET at = excluded.at, peer = excluded.peer, says = excluded.says WHERE h.at <= excluded.at
