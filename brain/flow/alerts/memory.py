"""What rules remember between readings (table `rule_state`) and what they believe (table `alert`): rows to records and back."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

import psycopg

from brain.model import Alert, Level, RuleState
from brain.store import db

Key = tuple[str, str, str]  # station, kind, rule
_TIMES = ("since", "pending_since", "clear_since", "seen_at")
_LEVELS = ("level", "pending")


def state_text(state: RuleState) -> str:
    """A RuleState as the JSON of `rule_state.state`: levels as numbers, times as ISO 8601 with offset."""
    out: dict[str, Any] = {}
    for f in fields(RuleState):
        value = getattr(state, f.name)
        if value not in (None, 0, {}):
            out[f.name] = value.isoformat() if f.name in _TIMES else value
    return json.dumps(out, ensure_ascii=False, separators=(",", ":"))


def state_of(data: dict[str, Any]) -> RuleState:
    """The RuleState from what `state_text` wrote; unknown keys of other versions are passed over."""
    known = {}
    for f in fields(RuleState):
        if (value := data.get(f.name)) is not None:
            if f.name in _TIMES:
                value = datetime.fromisoformat(value)
            elif f.name in _LEVELS:
                value = Level(value)
            known[f.name] = value
    return RuleState(**known)


def save_states(conn: psycopg.Connection, states: Iterable[tuple[Key, RuleState, datetime | None]]) -> None:
    """Keep what rules remember, with when to ask them again; one statement for all."""
    rows = list(states)
    if rows:
        db.run(
            conn, "rule_state_save", stations=[k[0] for k, _, _ in rows], kinds=[k[1] for k, _, _ in rows],
            rules=[k[2] for k, _, _ in rows], states=[state_text(s) for _, s, _ in rows], dues=[d for _, _, d in rows],
        )  # fmt: skip


def states_of(conn: psycopg.Connection, stations: Sequence[str]) -> dict[Key, RuleState]:
    """What rules remember about these stations."""
    rows = db.many(conn, "rule_state_of", stations=list(stations))
    return {(r["station"], r["kind"], r["rule"]): state_of(r["state"]) for r in rows}


def alert_of(row: dict[str, Any]) -> Alert:
    """The Alert from its row."""
    return db.record(Alert, row | {"level": Level(row["level"]), "peak": Level(row["peak"])})
