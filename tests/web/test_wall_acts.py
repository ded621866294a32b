"""What is done from the wall: only what one may see and do, each with one line of the audit trail, from the person's address."""

from __future__ import annotations

import json

import pytest

from brain.model import Level

pytestmark = pytest.mark.browser

ACT = "wanted => dash_clientside.set_props('wall-act', {data: Object.assign(wanted, {n: Math.random()})})"


@pytest.fixture
def lines(city):
    """The audit lines of one object: (action, ok, ip, detail)."""

    def lines(object: str) -> list[tuple]:
        rows = city.execute("SELECT action, ok, ip, detail FROM audit WHERE object = %s ORDER BY id", [object]).fetchall()
        return [(r["action"], r["ok"], r["ip"], r["detail"]) for r in rows]

    return lines


@pytest.fixture
def selecting(visit, district):
    """`selecting(role, org)` opens the wall with an event of that organisation on its card; (page, event)."""

    def selecting(role: str, org: str):
        event = district.event(org)
        visitor = visit(role)
        visitor.wait_for_map()
        page = visitor.page
        page.fill("#wall-search", event)
        page.click(f"#wall-found [data-pick='event:{event}']")
        page.wait_for_selector("#wall-card-acts [data-verb]")
        return page, event

    return selecting


def test_a_foreign_alert_is_not_acknowledged_whatever_the_browser_sends_and_the_attempt_is_audited(
    selecting, district, city, lines
):
    page, _ = selecting("department", "swj")
    alert = _foreign(district, city)
    page.evaluate(ACT, {"do": "ack", "alert": str(alert)})
    page.wait_for_selector("#wall-said.bad >> text=不在您的管辖范围内")
    assert city.execute("SELECT acked_at FROM alert WHERE id = %s", [alert]).fetchone()["acked_at"] is None
    assert lines(f"alert:{alert}") == [("alert_ack", False, "127.0.0.1", {"via": "wall", "code": "unknown"})]


def test_no_event_is_made_of_a_foreign_alert(selecting, district, city, lines):
    page, _ = selecting("department", "swj")
    alert = _foreign(district, city)
    page.evaluate(ACT, {"do": "report", "alert": str(alert)})
    page.wait_for_selector("#wall-said.bad >> text=不在您的管辖范围内")
    assert lines(f"alert:{alert}") == [("event_report", False, "127.0.0.1", {"via": "wall", "code": "unknown"})]


def test_a_foreign_case_is_as_if_it_were_not_there_and_the_attempt_is_audited(selecting, district, lines):
    page, _ = selecting("department", "swj")
    other = district.event("cgj")
    page.evaluate(ACT, {"do": "go", "verb": "note", "event": other, "note": "看见了"})
    page.wait_for_selector("#wall-said.bad >> text=不在您的管辖范围内")
    assert lines(f"event:{other}") == [("event_note", False, "127.0.0.1", {"via": "wall", "code": "unknown"})]


def test_what_the_wall_does_leaves_one_line(selecting, lines):
    page, event = selecting("chief", "swj")
    page.evaluate(ACT, {"do": "go", "verb": "note", "event": event, "note": "已知"})
    page.wait_for_selector("#wall-said.good")
    assert lines(f"event:{event}") == [("event_note", True, "127.0.0.1", {"via": "wall"})]


@pytest.mark.parametrize(
    "wanted",
    [{"verb": "take", "org": "swj"}, {"verb": "suspend", "reason": "x", "until": "abc"}, {"verb": "explode"}, {"verb": "suspend"}],
    ids=["not asked", "unreadable", "no verb", "missing"],
)
def test_what_the_wall_is_refused_leaves_one_line(selecting, lines, wanted):
    page, event = selecting("chief", "swj")
    page.evaluate(ACT, {"do": "go", "event": event} | wanted)
    page.wait_for_selector("#wall-said.bad")
    (row,) = lines(f"event:{event}")
    assert row[:3] == (f"event_{wanted['verb']}", False, "127.0.0.1"), json.dumps(row[3])


def _foreign(district, city) -> int:
    """An open alert at a gauge that is not the 水务局's."""
    station = city.execute(
        "SELECT id FROM station WHERE theme = 'drainage' AND org IS DISTINCT FROM 'swj' AND NOT EXISTS"
        " (SELECT 1 FROM alert WHERE station = station.id) ORDER BY id DESC LIMIT 1"
    ).fetchone()["id"]  # fmt: skip
    return district.alert(station, "pond_depth", "ladder", Level.BLUE, "外单位告警 6 cm", 6.0)
