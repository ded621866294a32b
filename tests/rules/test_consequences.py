"""What an alert brings about, as lists: who is told, which event hears of it, which one is opened."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from brain.flow.alerts.carrying_out import EXECUTORS
from brain.model import Alert, Judgement, Level, RuleState, Source, Station
from brain.rules.consequences import (
    Consequence,
    Did,
    Happened,
    JoinEvent,
    Note,
    OpenEvent,
    Opens,
    Tell,
    at_once,
    of_event,
    wants_event,
)

NOW = datetime(2026, 9, 3, 2, 0, tzinfo=UTC)
POND = Station("PD-09", "PD-09 站", "drainage", 116.1, 24.3, town="441402103", org="cgj")
FLOOD = Opens("matter:10901", "道路积水", Level.YELLOW)
EVENT, OTHER = "4414022026090300001", "4414022026090300002"


def alert(level=Level.YELLOW, **more) -> Alert:
    said = {"value": 16.0, "limit_value": 15.0, "message": "积水深度 16 cm"}
    when = {"opened_at": NOW, "observed_at": NOW, "changed_at": NOW}
    return Alert(7, POND.id, "pond_depth", "ladder", level, level, **(said | when | more))


def happened(did=Did.OPENED, *, judged=None, opens=FLOOD, before=None, told=None, **more) -> Happened:
    row = alert(**more)
    judged = judged or Judgement(RuleState(level=row.level), str(did), row.level, row.value, 15.0, row.message)
    return Happened(did, row, judged, before, told, int(told is not None), POND, opens)


def kinds(found) -> list[type]:
    return [type(one) for one in found]


# People -----------------------------------------------------------------------------------------------------------------
def test_a_new_alert_is_told_to_the_list_of_its_level_with_owner_and_name():
    one = happened(level=Level.ORANGE)
    assert at_once(one) == [Tell(one.alert, Level.ORANGE, None, 0, "cgj", "PD-09 站")]


@pytest.mark.parametrize(
    ("level", "before", "told", "tells"),
    [
        (Level.RED, Level.YELLOW, Level.YELLOW, True),
        (Level.BLUE, Level.YELLOW, Level.YELLOW, False),
        (Level.YELLOW, Level.YELLOW, Level.YELLOW, False),
        (Level.BLUE, Level.YELLOW, None, True),  # of which nobody was told yet
    ],
)
def test_a_change_is_told_when_it_is_worse_or_when_nobody_knows_of_the_alert(level, before, told, tells):
    did = Did.RENEWED if level == before else Did.CHANGED
    assert bool(at_once(happened(did, level=level, before=before, told=told))) is tells


@pytest.mark.parametrize("did", list(Did))
def test_back_filled_data_alone_concern_nobody(did):
    one = happened(did, late=True, before=Level.BLUE, level=Level.RED)
    assert at_once(one) == [] and wants_event(one) is None and of_event(one, EVENT) == []


def test_a_confirmed_alert_is_like_a_new_one():
    one = happened(Did.CONFIRMED)
    assert kinds(at_once(one)) == [Tell] and kinds(of_event(one, None)) == [OpenEvent]


# Events -----------------------------------------------------------------------------------------------------------------
def test_an_alert_at_the_rules_level_opens_an_event_in_the_words_of_station_and_category():
    one = happened()
    assert wants_event(one) == "matter:10901"
    assert of_event(one, None) == [
        OpenEvent(
            7, "matter:10901", "PD-09 站：道路积水", "积水深度 16 cm", Level.YELLOW, "PD-09", "PD-09 站", 116.1, 24.3,
            Source.SENSOR,
        )
    ]  # fmt: skip


def test_an_event_of_a_camera_says_so():
    one = happened(opens=replace(FLOOD, source=Source.CAMERA))
    assert [new.source for new in of_event(one, None)] == [Source.CAMERA]


def test_an_alert_milder_than_the_rules_level_or_of_a_rule_without_work_opens_none():
    for one in (happened(level=Level.BLUE), happened(opens=None)):
        assert wants_event(one) is None and of_event(one, None) == [] and kinds(at_once(one)) == [Tell]


def test_an_alert_joins_the_open_event_of_the_same_trouble_which_then_hears_of_it():
    assert of_event(happened(), OTHER) == [
        JoinEvent(7, OTHER, f"关联事件 {OTHER}"),
        Note(OTHER, 7, "积水深度 16 cm", False, Level.YELLOW, 16.0),
    ]


def test_a_worse_alert_is_told_to_its_own_event_whatever_else_is_open():
    one = happened(Did.CHANGED, level=Level.RED, before=Level.YELLOW, told=Level.YELLOW, event_id=EVENT)
    assert wants_event(one) is None
    assert of_event(one, OTHER) == [Note(EVENT, 7, "积水深度 16 cm", False, Level.RED, 16.0)]


def test_a_cleared_alert_tells_its_event_with_value_and_evidence_and_nobody_else():
    judged = Judgement(RuleState(), "clear", None, 2.0, 15.0, "积水已退", {"rule": "pond_depth/ladder"})
    one = happened(Did.CLEARED, judged=judged, event_id=EVENT, cleared_at=NOW)
    assert at_once(one) == [Note(EVENT, 7, "积水已退", True, None, 2.0, {"rule": "pond_depth/ladder"})]
    assert of_event(one, None) == []
    assert at_once(happened(Did.CLEARED, cleared_at=NOW)) == []


# Always -----------------------------------------------------------------------------------------------------------------
LEVELS = st.sampled_from(Level)


@given(
    did=st.sampled_from(Did), level=LEVELS, before=st.none() | LEVELS, told=st.none() | LEVELS,
    own=st.none() | st.just(EVENT), found=st.none() | st.just(OTHER), late=st.booleans(),
    opens=st.none() | st.builds(Opens, st.just("matter:10901"), st.just("道路积水"), LEVELS),
)  # fmt: skip
def test_whatever_happens_an_alert_never_gets_two_events_and_late_data_move_nobody(
    did, level, before, told, own, found, late, opens
):
    one = happened(did, level=level, before=before, told=told, event_id=own, late=late, opens=opens)
    follows: list[Consequence] = [*at_once(one), *of_event(one, found)]
    ways = [c for c in follows if isinstance(c, JoinEvent | OpenEvent)]
    assert len(ways) <= 1 and not (ways and own)
    assert not any(isinstance(c, OpenEvent) for c in follows) or (found is None and wants_event(one))
    assert {c.event_id for c in follows if isinstance(c, Note)} <= {own, found}
    if late:
        assert all(isinstance(c, Note) and c.normal for c in follows)


def test_every_kind_of_consequence_has_its_executor():
    assert set(EXECUTORS) == set(get_args(Consequence))
