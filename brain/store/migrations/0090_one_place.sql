-- What the statements used to write out wherever they needed it stands in one place each: which states are the end of an
-- event, and which zone the city's days are cut in.

-- brain.model.CLOSED_STATES and DROPPED_STATES in SQL; tests/record keeps them at one answer.
--
-- Why functions of one expression: the planner writes them into the statement, and NOT brain_closed(state) becomes the very
-- condition that the partial indexes on open events are made of. The indexes keep that condition written out: a function
-- that changed beneath an index would make it lie. Another state that closes wants those indexes made anew.
CREATE FUNCTION brain_closed(state text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN state IN ('closed', 'declined', 'void');

CREATE FUNCTION brain_dropped(state text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN state IN ('declined', 'void');

-- The zone of the city's days, months and weeks. Not a setting: what is rolled up by the day is cut in it already.
CREATE FUNCTION brain_zone() RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN 'Asia/Shanghai';

-- The city's wall clock at a moment.
CREATE FUNCTION brain_local(at timestamptz) RETURNS timestamp
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN at AT TIME ZONE brain_zone();
