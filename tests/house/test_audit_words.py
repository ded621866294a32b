"""Every action that the code can write into the audit trail has its words; read from the source, not from memory."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from brain.catalog import BadCatalog, load
from brain.engine import duty
from brain.identity import trail
from brain.model import Verb

TOP = Path(__file__).parents[2]
WORDS = load().words
WRITERS = {"act_audited": 2, "refusals_audited": 2, "audit": 2}
"""Who writes a line, and where the action stands among the arguments."""
HANDED_ON = {("brain/identity/doing.py", "action")}
"""What only passes on the action that its caller names."""
DUTIES = frozenset(found.name for found in duty.load())
VERBS = frozenset(f"event_{verb}" for verb in Verb)
AT_THE_DOOR = frozenset(
    {"event_verb", "report.read", "page", "callback", "refused", "http_get", "http_post", "http_put", "http_patch", "http_delete"}
)
"""What `web.door.refusals` writes besides the names of routes that are actions of others."""
SPOKEN = {
    "action": AT_THE_DOOR,
    "duty.name": DUTIES,
    "f'event_{verb}'": VERBS,
    "f'event_{verb[:20]}'": VERBS,
    "ACTIONS[do] or f'event_{verb[:20]}'": VERBS | {"alert_ack", "event_report"},
}
"""Actions that are no literal, and what they may be."""


def codes_of(where: str, node: ast.expr, defaults: dict[str, ast.expr]) -> set[str]:
    match node:
        case ast.Constant(str() as code):
            return {code}
        case ast.IfExp(body=yes, orelse=no):
            return codes_of(where, yes, defaults) | codes_of(where, no, defaults)
        case ast.Name(name) if (where, name) in HANDED_ON:
            return set()
        case ast.Name(name) if name in defaults:
            return codes_of(where, defaults[name], {})
    spoken = ast.unparse(node)
    assert spoken in SPOKEN, f"{where} writes the action {spoken}: say in SPOKEN which codes that are"
    return set(SPOKEN[spoken])


def written(where: str, tree: ast.Module) -> set[str]:
    """Actions of one file: as they stand in the calls that write, defaults of `action`, and `action="…"` of any call."""
    found: set[str] = set()
    defaults = {
        arg.arg: value
        for one in ast.walk(tree)
        if isinstance(one, ast.FunctionDef)
        for arg, value in zip(one.args.kwonlyargs, one.args.kw_defaults, strict=True)
        if value is not None and arg.arg == "action" and isinstance(value, ast.Constant) and value.value
    }
    for call in (n for n in ast.walk(tree) if isinstance(n, ast.Call)):
        name = getattr(call.func, "id", getattr(call.func, "attr", ""))
        if name in WRITERS and len(call.args) > WRITERS[name]:
            found |= codes_of(where, call.args[WRITERS[name]], defaults)
        if name == "authenticate":
            found |= {k.value.value for k in call.keywords if k.arg == "action" and isinstance(k.value, ast.Constant)}
    return found


def all_written() -> set[str]:
    files = [file for room in ("brain", "ingest") for file in sorted((TOP / room).rglob("*.py"))]
    return {c for f in files for c in written(f.relative_to(TOP).as_posix(), ast.parse(f.read_text(encoding="utf-8")))}


def test_the_source_is_read_where_actions_are_written():
    found = all_written()
    assert {"login", "event_close", "person_disable", "report.freeze", "intake.discard", "password", "roll_up"} <= found


def test_every_action_that_can_be_written_has_its_words():
    assert all_written() - set(trail.known_actions(WORDS)) == set()


def test_no_words_stand_for_an_action_that_nobody_writes():
    assert set(trail.known_actions(WORDS)) - all_written() == set()


def test_no_two_actions_look_alike_and_all_are_chinese():
    names = list(trail.known_actions(WORDS).values())
    assert len(set(names)) == len(names)
    assert all(re.search(r"[\u4e00-\u9fff]", name) and not re.search(r"[A-Za-z{}]", name) for name in names)


def test_what_nobody_foresaw_is_another_action():
    assert trail.called(WORDS, "event_xyzzy") == "其他操作"
    assert trail.called(WORDS, "event_close") == "案卷结案"


def test_a_city_that_forgets_where_the_verb_stands_is_told(tmp_path):
    (tmp_path / "words.toml").write_text('[audit]\nevent = "案卷"\n', encoding="utf-8")
    with pytest.raises(BadCatalog, match=r"\[audit\] event"):
        load(str(tmp_path))
