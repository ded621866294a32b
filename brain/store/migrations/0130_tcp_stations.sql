-- Telemetry stations that speak over TCP (HJ 212, SL 651, GB 26875) as credentials: whose they are, how they prove it.

-- Why the password is a keyed digest and not a slow hash: SL 651 has two bytes and HJ 212 about six digits, which any hash gives
-- away to whoever has the table; HMAC-SHA-256 under a key derived from the setting `secret_key`, which is never in the database,
-- gives away nothing, and a frame is judged in microseconds. The digest covers feed and id: a row copied to another fits nothing.
CREATE TABLE tcp_station (
  feed       text NOT NULL CHECK (feed IN ('hj212', 'sl651', 'gb26875')),
  id         text NOT NULL,                    -- as the station names itself: MN, station address, source address
  centre     smallint CHECK (centre BETWEEN 0 AND 255),   -- SL 651: the only centre it may call; null for any
  org        text NOT NULL,                    -- key of catalog/departments.toml: its readings are this department's
  digest     bytea,                            -- of the password; null where none is asked for
  key        text,                             -- which secret the digest was made with
  networks   cidr[] NOT NULL DEFAULT '{}',     -- where it may call from; empty for anywhere
  active     boolean NOT NULL DEFAULT true,
  note       text NOT NULL DEFAULT '',
  created_at timestamptz NOT NULL,
  changed_at timestamptz NOT NULL,
  PRIMARY KEY (feed, id),
  CHECK ((digest IS NULL) = (key IS NULL))
);
CREATE TRIGGER intake_book_tcp_station AFTER INSERT OR UPDATE OR DELETE ON tcp_station
  FOR EACH STATEMENT EXECUTE FUNCTION intake_book_moves();

-- Who has spoken at a TCP door, registered or not: the newest time of each. To the minute, and bounded where it is written: a
-- stranger may call himself anything.
CREATE TABLE tcp_heard (
  feed text NOT NULL,
  id   text NOT NULL,
  at   timestamptz NOT NULL,
  peer text NOT NULL,                          -- address without the port
  says text NOT NULL,                          -- why it was turned away; empty where it was let in
  PRIMARY KEY (feed, id)
);
CREATE INDEX tcp_heard_at ON tcp_heard (at);
