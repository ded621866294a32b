"""What a live screen holds for whom: one moment for all, seen by each with his own sight."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from brain.flow.alerts import recording
from brain.flow.events import acting
from brain.identity import people
from brain.identity.doing import Doer, Via
from brain.identity.scope import Sight
from brain.model import Judgement, Level, Refused, RuleState, Source, Station, Verb
from brain.rules.given import Given
from brain.settings import Settings
from brain.store import db
from brain.web import ground, themes
from brain.web.live import frames, reading
from brain.web.live.hub import Hub
from brain.web.live.seat import Seat
from brain.web.pages.wall import desk, page

GAUGE = "PD-01"


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def seat(city_db, catalog):
    """`seat(login)`: the open page of that person."""

    def sit(login: str) -> Seat:
        person = people.by_login(city_db, login)
        return Seat("t", person, Sight.of(person, catalog.roles), lambda seat, moment: {})

    return sit


@pytest.fixture
def alert(city_db, catalog, now) -> int:
    """An open red alert at a gauge of the 住建局, with no event."""
    city_db.execute("UPDATE station SET org = 'zjj' WHERE id = %s", [GAUGE])
    station = db.record(Station, city_db.execute("SELECT * FROM station WHERE id = %s", [GAUGE]).fetchone())
    rule = catalog.rules["pond_depth", "ladder"]
    judged = Judgement(RuleState(level=Level.RED, since=now, seen_at=now), "open", Level.RED, 60.0, 50.0, "积水 60 cm", {})
    ident = recording.apply(city_db, catalog, station, rule, judged, now)
    city_db.execute("UPDATE alert SET event_id = NULL WHERE id = %s", [ident])
    return ident


def event(conn, catalog, now, org: str) -> str:
    chief = people.actor_of(people.by_login(conn, "chief1"))
    made = acting.report(conn, catalog, category="matter:06026", title="河道污染", lng=116.12, lat=24.29, source=Source.PATROL,
                         actor=chief, now=now)  # fmt: skip
    for verb, more in ((Verb.ACCEPT, {}), (Verb.REGISTER, {"condition": catalog.register_conditions[0]}), (Verb.DISPATCH, {"org": org})):
        acting.act(conn, catalog, made.id, verb, chief, now, Given(**more))
    return made.id


def test_a_foreign_alert_neither_stands_in_a_list_nor_colours_station_or_theme(city_db, catalog, now, seat, alert):
    moment = reading.first(city_db, catalog, now)
    chief, foreign, owner = (moment.seen(seat(login).sight) for login in ("chief1", "lyj1", "zjj1"))
    for seen, level in ((chief, "red"), (owner, "red"), (foreign, "")):
        assert (alert in {a["id"] for a in seen.alerts}) == bool(level)
        assert seen.stations[GAUGE]["level"] == level
        assert themes.figure(seen, catalog, "drainage").level == level
        frame = frames.frame(seen, "drainage_stations", catalog)
        assert set(frame.loc[frame["id"] == GAUGE, "level"]) == {level}


def test_the_hours_count_only_alerts_that_are_seen(city_db, catalog, now, seat, alert):
    moment = reading.first(city_db, catalog, now)
    sums = {login: sum(r["n"] for r in reading.hours(city_db, moment, seat(login).sight)) for login in ("chief1", "lyj1")}
    assert (sums["chief1"], sums["lyj1"]) == (1, 0)


def test_a_joined_department_sees_the_event_on_its_screen_too(city_db, catalog, now, seat):
    number = event(city_db, catalog, now, "cgj")
    assert number not in {e["id"] for e in reading.first(city_db, catalog, now).seen(seat("swj1").sight).events}
    chief = people.actor_of(people.by_login(city_db, "chief1"))
    acting.act(city_db, catalog, number, Verb.JOIN, chief, now, Given(org="swj", note="请抽排"))
    moment = reading.first(city_db, catalog, now)
    assert number in {e["id"] for e in moment.seen(seat("swj1").sight).events}
    assert desk.read(city_db, catalog, moment.seen(seat("swj1").sight), "event", number, seat("swj1")) is not None
    assert desk.read(city_db, catalog, moment.seen(seat("lyj1").sight), "event", number, seat("lyj1")) is None
    assert reading.today(city_db, moment, seat("swj1").sight) == (1, 0)
    assert reading.today(city_db, moment, seat("lyj1").sight) == (0, 0)


def doer(seat: Seat) -> Doer:
    return Doer(seat.person, "10.0.0.1", Via.WALL)


def test_a_foreign_alert_opens_no_card_and_is_neither_acknowledged_nor_reported(city_db, catalog, now, seat, alert):
    moment = reading.first(city_db, catalog, now)
    assert desk.read(city_db, catalog, moment.seen(seat("lyj1").sight), "alert", str(alert), seat("lyj1")) is None
    card = desk.read(city_db, catalog, moment.seen(seat("lyj1").sight), "station", GAUGE, seat("lyj1"))
    assert card.kind == "station" and card.alert is None
    with pytest.raises(Refused, match="不在您的管辖范围"):
        desk.acknowledge(city_db, catalog, doer(seat("lyj1")), str(alert), now)
    with pytest.raises(Refused, match="不在您的管辖范围"):
        desk.report(city_db, catalog, doer(seat("lyj1")), str(alert), now)
    assert desk.acknowledge(city_db, catalog, doer(seat("zjj1")), str(alert), now) == "已确认"


def test_the_search_finds_events_by_the_same_sight(city_db, catalog, now, seat):
    number = event(city_db, catalog, now, "cgj")
    found = {
        login: [r["id"] for r in db.many(city_db, "web_search", like=f"%{number}%", cameras=[], **seat(login).sight.parameters())]
        for login in ("chief1", "cgj1", "lyj1")
    }
    assert found == {"chief1": [number], "cgj1": [number], "lyj1": []}


def test_pages_that_share_one_hub_get_no_picture_of_another_sight(city_db, city_url, catalog, now, seat, alert):
    """Whatever order they come in: the chief's pictures are made first here, and must not be handed to the next viewer."""
    with db.pool(city_url, size=2) as pool:
        hub = Hub(Settings(database_url=city_url), catalog, pool)
        hub.moment = reading.first(city_db, catalog, now)
        parts = page.parts_of(SimpleNamespace(hub=hub, catalog=catalog, pool=pool, layers=ground.layers_of(catalog)))
        shown = {login: parts(seat(login), hub.moment) for login in ("chief1", "leader1", "lyj1", "zjj1")}
    rows = {login: str(found["wall-alerts", "children"]) for login, found in shown.items()}
    assert [f"alert:{alert}" in rows[login] for login in shown] == [True, True, False, True]
    assert [shown[login]["wall-theme-drainage", "data-level"] for login in shown] == ["red", "red", "none", "red"]
    assert shown["chief1"]["wall-alerts", "children"] is shown["leader1"]["wall-alerts", "children"]  # one sight, one picture


def test_a_foreign_events_number_stands_nowhere_at_an_alert_that_is_seen(city_db, catalog, now, seat, alert):
    made = desk.report(city_db, catalog, doer(seat("chief1")), str(alert), now).split()[-1]
    city_db.execute("UPDATE event SET org = 'lyj', reporter_org = 'cyzx' WHERE id = %s", [made])
    moment = reading.first(city_db, catalog, now)
    owner, chief = seat("zjj1"), seat("chief1")
    (a,) = [a for a in moment.seen(owner.sight).alerts if a["id"] == alert]
    assert (a["event_id"], a["worked"]) == (None, True)
    case = desk.read(city_db, catalog, moment.seen(owner.sight), "alert", str(alert), owner)
    assert not case.may_report and case.event is None
    told = {k: v for k, v in case.alert.items() if k != "seen_by"}  # what a sight must know, and no page is sent
    assert made not in str(case.log) + str(told), told
    with pytest.raises(Refused) as err:
        desk.report(city_db, catalog, doer(seat("zjj1")), str(alert), now)
    assert err.value.code in ("reported", "role") and made not in str(err.value)
    assert made in {a["event_id"] for a in moment.seen(chief.sight).alerts}


def test_no_figure_of_the_district_is_called_normal_for_who_sees_a_part_of_its_alerts(city_db, catalog, now, seat, alert):
    moment = reading.first(city_db, catalog, now)
    calm = {catalog.words.of("theme_state", key) for key in ("none", "unseen")}
    assert themes.figure(moment.seen(seat("lyj1").sight), catalog, "drainage").state in calm
    whole = moment.seen(seat("chief1").sight)
    assert whole.whole and not moment.seen(seat("lyj1").sight).whole


def test_a_storm_of_others_alerts_hides_none_of_mine(city_db, catalog, now, seat, alert):
    city_db.execute(
        "INSERT INTO alert (station, kind, rule, theme, level, peak, value, message, opened_at, changed_at, observed_at, evidence)"
        " SELECT station, kind, rule || n, theme, 1, 1, value, message, opened_at + interval '1 hour', changed_at, observed_at, evidence"
        "   FROM alert, generate_series(1, 1500) n WHERE id = %s",
        [alert],
    )
    city_db.execute("UPDATE alert SET level = 4, station = 'WQ-01' WHERE id = %s", [alert])
    city_db.execute("UPDATE station SET org = 'sthj' WHERE id = 'WQ-01'")
    moment = reading.first(city_db, catalog, now)
    assert not moment.more and [a["id"] for a in moment.seen(seat("sthj1").sight).alerts] == [alert]


def test_a_towns_room_sees_the_alerts_and_events_of_its_town(city_db, catalog, now, seat, alert):
    town = city_db.execute("SELECT town FROM station WHERE id = %s", [GAUGE]).fetchone()["town"]
    login = next(r["login"] for r in city_db.execute(
        "SELECT p.login FROM person p WHERE p.org = %s AND p.role = 'department'", [town]))  # fmt: skip
    moment = reading.first(city_db, catalog, now)
    assert alert in {a["id"] for a in moment.seen(seat(login).sight).alerts}
