-- Who sees what, for lists: the same meaning as brain/identity/scope.py (`Sight`), held to it by a property test.
-- The functions are single expressions without a sub-select, so that the planner puts them into the statement and each arm
-- can use its index. They answer true, or else false or null: never ask NOT, ask IS NOT TRUE.

CREATE TYPE brain_sight AS (
  everything boolean,                          -- the engine's
  areas      text[],                           -- beginnings of codes: district, town, village; null for none
  grids      text[],                           -- whole 综合网格; null for none
  org        text,                             -- what this organisation holds, reported or joined
  team       text,                             -- what was dispatched to this organisation and to nobody yet
  person     bigint,                           -- what he reported, handles or checks
  alerts     boolean,                          -- whether alerts are seen at all
  district   text                              -- whose an event without any code is
);

-- `joined`: whether the sight's organisation takes part in the event by 联动 (table event_part).
CREATE FUNCTION brain_sees_event(e event, s brain_sight, joined boolean) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT s.everything
      OR (s.grids IS NOT NULL AND e.grid = ANY (s.grids))
      OR (s.areas IS NOT NULL AND coalesce(e.grid, e.village, e.town, s.district) ^@ ANY (s.areas))
      OR e.org = s.org OR e.reporter_org = s.org
      OR (e.org = s.team AND e.handler_id IS NULL AND e.state IN ('dispatched', 'handling'))
      OR e.reporter_id = s.person OR e.handler_id = s.person OR e.checker_id = s.person OR joined
$$;

-- `org` owns the station; `belongs`: whether the alert belongs to an event that the sight sees.
CREATE FUNCTION brain_sees_alert(grid text, village text, town text, org text, s brain_sight, belongs boolean) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT s.everything
      OR (s.alerts
          AND ((s.grids IS NOT NULL AND grid = ANY (s.grids))
               OR (s.areas IS NOT NULL AND coalesce(grid, village, town, s.district) ^@ ANY (s.areas))
               OR org = s.org OR belongs))
$$;

-- What `Sight.sees_event` must know of an event, beside rows that are about something else.
CREATE FUNCTION brain_sight_of(e event) RETURNS jsonb LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT jsonb_build_object('id', e.id, 'state', e.state, 'town', e.town, 'village', e.village, 'grid', e.grid, 'org', e.org,
                            'reporter_org', e.reporter_org, 'reporter_id', e.reporter_id, 'handler_id', e.handler_id,
                            'checker_id', e.checker_id,
                            'joined', (SELECT coalesce(jsonb_agg(p.org), '[]') FROM event_part p WHERE p.event_id = e.id))
$$;

-- For those who see little: without these a worker's list would read every event there ever was.
CREATE INDEX event_grid ON event (grid);
CREATE INDEX event_reporter_org ON event (reporter_org) WHERE reporter_org IS NOT NULL;
CREATE INDEX event_handled ON event (handler_id) WHERE handler_id IS NOT NULL;
CREATE INDEX event_checked ON event (checker_id) WHERE checker_id IS NOT NULL;
CREATE INDEX event_part_by_org ON event_part (org, event_id);
