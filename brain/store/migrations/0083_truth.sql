-- What people know of an instrument: when it was being worked on, and by how much it is off.

-- Work on a station: what it sends then is kept as `maintenance` and judged by nobody, and its silence is no alarm.
CREATE TABLE maintenance (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  station    text NOT NULL REFERENCES station,
  starts     timestamptz NOT NULL,
  ends       timestamptz NOT NULL,
  why        text NOT NULL,
  by         text NOT NULL,
  entered_at timestamptz NOT NULL,
  settled_at timestamptz,                      -- what was stored before it was known has been marked, too
  CHECK (starts < ends)
);
CREATE INDEX maintenance_station ON maintenance (station, ends);
CREATE INDEX maintenance_unsettled ON maintenance (entered_at) WHERE settled_at IS NULL;

-- Calibration: true value = value sent * factor + addend, for readings observed in [starts, ends).
-- What is stored from `effective` on is corrected as it comes in; what was stored before is corrected once, in place, and
-- `settled_at` says so. `effective` lies a little after the entry, so that no writer at work can have missed it: each
-- reading is corrected exactly once. Rows are never changed otherwise, so a sent value can always be computed back.
CREATE TABLE calibration (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  station    text NOT NULL REFERENCES station,
  kind       text NOT NULL,
  starts     timestamptz NOT NULL,
  ends       timestamptz,                      -- null: until further notice
  factor     double precision NOT NULL DEFAULT 1 CHECK (factor <> 0),
  addend     double precision NOT NULL DEFAULT 0,
  why        text NOT NULL,
  by         text NOT NULL,
  entered_at timestamptz NOT NULL,
  effective  timestamptz NOT NULL,
  settled_at timestamptz,
  CHECK (starts < ends),
  CHECK (effective >= entered_at)
);
CREATE INDEX calibration_station ON calibration (station, kind, starts);
CREATE INDEX calibration_unsettled ON calibration (effective) WHERE settled_at IS NULL;

-- Moves with every change of what intake must know by heart: one look a batch tells a worker whether to read it anew.
CREATE TABLE intake_book (
  one     boolean PRIMARY KEY DEFAULT true CHECK (one),
  version bigint NOT NULL DEFAULT 0
);
INSERT INTO intake_book DEFAULT VALUES;

CREATE FUNCTION intake_book_moves() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE intake_book SET version = version + 1;
  RETURN NULL;
END $$;
CREATE TRIGGER intake_book_station AFTER INSERT OR UPDATE OR DELETE ON station
  FOR EACH STATEMENT EXECUTE FUNCTION intake_book_moves();
CREATE TRIGGER intake_book_mapping AFTER INSERT OR UPDATE OR DELETE ON intake_mapping
  FOR EACH STATEMENT EXECUTE FUNCTION intake_book_moves();
CREATE TRIGGER intake_book_maintenance AFTER INSERT OR UPDATE OF starts, ends OR DELETE ON maintenance
  FOR EACH STATEMENT EXECUTE FUNCTION intake_book_moves();
CREATE TRIGGER intake_book_calibration AFTER INSERT OR UPDATE OF ends OR DELETE ON calibration
  FOR EACH STATEMENT EXECUTE FUNCTION intake_book_moves();
