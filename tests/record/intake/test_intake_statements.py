"""Every named statement that the intake's processes run is allowed to their account; no test of a single path can forget one."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import psycopg
import pytest

from brain.store import db

TOP = Path(__file__).parents[3]
ASKS = {"run", "one", "row", "many"}
ELSEWHERE = {  # functions of `brain` that run inside the intake, with what they call
    "brain/flow/measured/readings.py": {"store_all", "_keep_differing", "_count"},
    "brain/flow/city/public_warnings.py": {"store"},
    "brain/flow/city/locating.py": {"_grid"},
    "brain/flow/events/hotline.py": {"take", "_open", "_place"},
    "brain/flow/events/acting.py": {"report", "act", "_facts", "_move", "get"},
    "brain/flow/events/history.py": {"locked", "write", "line"},
    "brain/flow/events/routing.py": {"meant"},
    "brain/notify/notices.py": {"write"},
    "brain/identity/push_keys.py": {"find"},
}
NOT_BY_INTAKE = {
    "org_codes",  # of dispatching, which no order of a sheet does
}
UNPLANNED = {"staged_copy": "is no statement that can be planned; the table is the session's own"}


def asked_in(tree: ast.AST) -> set[str]:
    """Names given to `db.run` and its like."""
    return {
        call.args[1].value
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in ASKS
        and getattr(call.func.value, "id", "") == "db" and len(call.args) > 1 and isinstance(call.args[1], ast.Constant)
    }  # fmt: skip


def all_asked() -> set[str]:
    found: set[str] = set()
    for path in (TOP / "ingest").rglob("*.py"):
        found |= asked_in(ast.parse(path.read_text(encoding="utf-8")))
    for path, functions in ELSEWHERE.items():
        tree = ast.parse((TOP / path).read_text(encoding="utf-8"))
        there = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        assert functions <= set(there), path
        for name in functions:
            found |= asked_in(there[name])
    return found - NOT_BY_INTAKE


def test_the_walk_finds_the_statements_of_every_door():
    assert {"file_column_remember", "batch_recounted", "mend_take", "poll_read", "push_receipt_insert", "tcp_heard_keep", "warning_add",
            "event_moved", "shapes_keep", "intake_beat"} <= all_asked()  # fmt: skip
    assert len(all_asked()) > 60


@pytest.mark.parametrize("name", sorted(all_asked() - set(UNPLANNED)))
def test_a_statement_of_the_intake_is_allowed_to_its_account(intake, name):
    """EXPLAIN asks for every right that running it would, and needs no values."""
    places: list[str] = []

    def placed(found: re.Match) -> str:
        if found[1] not in places:
            places.append(found[1])
        return f"${places.index(found[1]) + 1}"

    text = re.sub(r"%\((\w+)\)[sbt]", placed, db.statements()[name]).replace("%%", "%")
    try:
        intake.execute(f"EXPLAIN (GENERIC_PLAN) {text}".encode())
    except psycopg.errors.IndeterminateDatatype:
        pytest.fail(f"{name}: give its parameters a type, so that it can be planned without values")
