"""What goes wrong in a callback is told in a sentence with a number: over the socket too no word of an exception goes out."""

from __future__ import annotations

import json

import httpx
import pytest

from brain.web.door import calls
from tests.authority.acts import run
from tests.authority.dash_page import Page

RAW = ("psycopg", "PostgreSQL", "codec", "Traceback", "Error", "surrogates", "NUL")
NUL, HALF = "a\0b", "\ud800"


def asked(house, trigger: str, data) -> str:
    page = Page(house.clients["operator.all"])

    async def go() -> str:
        async with page.line() as line:
            return (await line.ask([page.wall(trigger, data)]))[0]

    return run(go())


@pytest.mark.parametrize("ident", [NUL, HALF, "x" * 5000, "9" * 400, "²"])
@pytest.mark.parametrize("kind", ["event", "resource", "warning", "alert", "station", "no kind"])
def test_what_is_not_there_is_not_there_however_it_is_called(house, kind, ident):
    said = asked(house, "wall-pick", {"kind": kind, "id": ident})
    assert not [word for word in RAW if word in said], said[:500]
    assert '"status": "ok"' in said, said[:500]


@pytest.mark.parametrize("text", [NUL, HALF, "%_\\", "x" * 5000])
def test_a_search_for_anything_finds_nothing(house, text):
    said = asked(house, "wall-search", text)
    assert "没有找到" in said and not [word for word in RAW if word in said], said[:500]


@pytest.mark.parametrize("data", [{"org": NUL, "event": "1"}, {"org": "swj", "event": HALF}, {"org": {}, "event": []}])
def test_hands_of_what_is_not_there(house, data):
    said = asked(house, "wall-seen", data)
    assert not [word for word in RAW if word in said], said[:500]


@pytest.mark.parametrize("data", [[1], "x", 7, True])
@pytest.mark.parametrize("trigger", ["wall-pick", "wall-act", "wall-seen", "wall-view"])
def test_what_no_page_sends_is_refused_in_a_sentence(house, trigger, data):
    said = json.loads(asked(house, trigger, data))
    assert said == {"status": "error", "message": calls.FORGED}


def test_a_fault_has_a_number_that_is_in_the_log(caplog):
    def broken(_: str) -> None:
        raise RuntimeError("relation person does not exist")

    with pytest.raises(calls.Told) as told:
        run(calls.fenced(broken, socket=True)("x"))
    number = str(told.value).partition("编号 ")[2][:8]
    assert number in caplog.text and "relation person" in caplog.text and "relation" not in str(told.value)


def test_a_message_of_dash_itself_about_an_exception_is_not_sent_on():
    message = {"type": "callback_response", "requestId": "1", "payload": {"status": "error", "message": "'x' codec can't"}}
    one, many = calls.hushed(json.dumps(message)), calls.hushed(json.dumps([message, {"type": "heartbeat_ack"}]))
    for text in (one, many):
        assert "codec" not in text and "已记下" in text
    kept = json.dumps(message | {"payload": {"status": "error", "message": calls.FORGED}}, ensure_ascii=False)
    assert calls.hushed(kept) == kept


@pytest.mark.parametrize("path", ["x/y.js", "%2e%2e/_dash-layout", "dash/nothing.js", "brain/web/app.py", "plotly/../../x.js"])
def test_a_file_of_a_component_suite_that_there_is_none_of_is_not_there(house, path):
    answer = httpx.get(f"{house.url}/_dash-component-suites/{path}")
    assert answer.status_code == 404 and "Traceback" not in answer.text, answer.text[:300]


