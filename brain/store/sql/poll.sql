-- poll_alone --
-- One worker at a time asks a source.
SELECT pg_try_advisory_lock(hashtextextended('poll:' || %(source)s, 0)) AS mine;

-- poll_done --
-- Lets the next one ask. (The lock of a connection that closes goes, too, but a little later.)
SELECT pg_advisory_unlock(hashtextextended('poll:' || %(source)s, 0));

-- poll_cursor_of --
-- How far a source has been read, and when it is due.
SELECT cursor, seen, next_at, failures FROM poll_cursor WHERE source = %(source)s;

-- poll_read --
-- The source answered and every row of it is safe.
INSERT INTO poll_cursor (source, cursor, seen, at, next_at)
VALUES (%(source)s, %(cursor)s, %(seen)s, %(at)s, %(next_at)s)
    ON CONFLICT (source) DO UPDATE
   SET (cursor, seen, at, next_at, failures, last_error)
     = ROW (excluded.cursor, excluded.seen, excluded.at, excluded.next_at, 0, '');

-- poll_failed --
-- The source did not answer, or not all of it is safe: the cursor stays.
INSERT INTO poll_cursor AS p (source, next_at, failures, last_error)
VALUES (%(source)s, %(next_at)s, 1, %(error)s)
    ON CONFLICT (source) DO UPDATE
   SET (next_at, failures, last_error) = ROW (excluded.next_at, p.failures + 1, excluded.last_error);
