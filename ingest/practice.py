"""Local practice of intake: the numbers of `intake.toml`, typed and checked, a city's own file over the shipped one."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from brain import catalog

SHIPPED = Path(__file__).with_name("intake.toml")
OFF = frozenset({"push.per_minute", "files.done_days", "files.refused_days"})
"""Numbers of which 0 means no limit."""


class BadPractice(ValueError):
    """intake.toml cannot be used; the sentence names the key."""


@dataclass(frozen=True, slots=True)
class Sl651:
    """Group [sl651] of intake.toml."""

    idle_s: float
    frame_s: float
    message_s: float
    message_bytes: int
    messages: int
    junk_bytes: int
    junk_total: int
    lines: int
    idle_lines: int


@dataclass(frozen=True, slots=True)
class Hj212:
    """The group [hj212] of intake.toml."""

    idle_s: float
    half_s: float
    packets_s: float
    longest: int
    packets: int
    held: int
    bad: int
    lines: int
    idle_lines: int


@dataclass(frozen=True, slots=True)
class Push:
    """Group [push]: the HTTP door."""

    body_max: int
    rows_max: int
    window_s: float
    body_s: float
    answer_s: float
    at_once: int
    per_minute: int
    burst: int
    retry_s: int
    receipt: timedelta
    cached_s: float


@dataclass(frozen=True, slots=True)
class Poll:
    """Group [poll]: the door that asks other people's servers."""

    timeout_s: float
    answer_max: int
    rows_max: int
    settle_s: float
    retry_s: tuple[float, ...]
    hotspots_back: timedelta


@dataclass(frozen=True, slots=True)
class Gb26875:
    """Group [gb26875] of intake.toml."""

    idle_s: float
    frame_s: float
    junk_total: int
    lines: int
    idle_lines: int


@dataclass(frozen=True, slots=True)
class Practice:
    """See intake.toml for the meaning of each; `ahead`, `absurd` and `oldest` are the catalog's (bounds.toml).
    Times in seconds unless they are a timedelta."""

    folder: str  # the city's own, "" for none
    size: int
    most: int
    age_s: float
    gap_s: float
    queue: int
    payload_max: int
    ahead: timedelta
    absurd: timedelta
    oldest: datetime
    twin: timedelta
    segment_bytes: int
    total_bytes: int
    portion: int
    database_retry_s: tuple[float, ...]
    statement_s: float
    database_answer_s: float
    receive_maximum: int
    keepalive_s: int
    answer_s: float
    subscribe_s: float
    session_expiry_s: int
    stuck_s: float
    mqtt_retry_s: tuple[float, ...]
    beat_s: float
    mend_dead_s: float
    shape_every_s: float
    shape_told_after: int
    shape_learn: int
    shape_most: int
    catch_up_s: float
    sl651: Sl651
    hj212: Hj212
    push: Push
    poll: Poll
    gb26875: Gb26875
    drop_poll_s: float
    drop_still_s: float
    drop_errors: int
    drop_done_days: int
    drop_refused_days: int


def load(folder: str = "") -> Practice:
    """The shipped practice, with what `<folder>/intake.toml` changes. Raises BadPractice, naming file and key."""
    said = tomllib.loads(SHIPPED.read_text(encoding="utf-8"))
    own = Path(folder) / "intake.toml" if folder else None
    if own and own.exists():
        try:
            changes = tomllib.loads(own.read_text(encoding="utf-8"))
        except tomllib.TOMLDecodeError as err:
            raise BadPractice(f"{own} 不是合法的 TOML：{err}") from None
        for group, values in changes.items():
            if group not in said or not isinstance(values, dict):
                raise BadPractice(f"{own}：没有 [{group}] 这一组；可用 {'、'.join(said)}")
            for key, value in values.items():
                _check(f"{own}：{group}.{key}", said[group].get(key), value, off=f"{group}.{key}" in OFF)
                said[group][key] = value
    batch, clock, spill, mqtt = said["batch"], said["time"], said["spill"], said["mqtt"]
    bounds = catalog.bounds(folder or None)
    push, poll = said["push"], said["poll"]
    return Practice(
        folder=folder,
        size=batch["size"],
        most=batch["most"],
        age_s=batch["age_s"],
        gap_s=batch["gap_s"],
        queue=batch["queue"],
        payload_max=batch["payload_max"],
        ahead=bounds.ahead,
        absurd=bounds.absurd,
        oldest=bounds.oldest,
        twin=timedelta(seconds=clock["twin_s"]),
        segment_bytes=spill["segment_mb"] << 20,
        total_bytes=spill["total_mb"] << 20,
        portion=spill["portion"],
        database_retry_s=tuple(said["database"]["retry_s"]),
        statement_s=said["database"]["statement_s"],
        database_answer_s=said["database"]["answer_s"],
        receive_maximum=mqtt["receive_maximum"],
        keepalive_s=mqtt["keepalive_s"],
        answer_s=mqtt["answer_s"],
        subscribe_s=mqtt["subscribe_s"],
        session_expiry_s=mqtt["session_expiry_s"],
        stuck_s=mqtt["stuck_s"],
        mqtt_retry_s=tuple(mqtt["retry_s"]),
        beat_s=said["accounts"]["beat_s"],
        mend_dead_s=said["accounts"]["mend_dead_s"],
        shape_every_s=said["shapes"]["every_s"],
        shape_told_after=said["shapes"]["told_after"],
        shape_learn=said["shapes"]["learn"],
        shape_most=said["shapes"]["most"],
        catch_up_s=said["replay"]["catch_up_s"],
        sl651=Sl651(**said["sl651"]),
        hj212=Hj212(**said["hj212"]),
        push=Push(
            body_max=push["body_max"],
            rows_max=push["rows_max"],
            window_s=push["window_s"],
            body_s=push["body_s"],
            answer_s=push["answer_s"],
            at_once=push["at_once"],
            per_minute=push["per_minute"],
            burst=push["burst"],
            retry_s=push["retry_s"],
            receipt=timedelta(days=push["receipt_days"]),
            cached_s=push["cached_s"],
        ),
        poll=Poll(
            timeout_s=poll["timeout_s"],
            answer_max=poll["answer_max"],
            rows_max=poll["rows_max"],
            settle_s=poll["settle_s"],
            retry_s=tuple(poll["retry_s"]),
            hotspots_back=timedelta(hours=poll["hotspots_back_h"]),
        ),
        gb26875=Gb26875(**said["gb26875"]),
        drop_poll_s=said["files"]["poll_s"],
        drop_still_s=said["files"]["still_s"],
        drop_errors=said["files"]["errors"],
        drop_done_days=said["files"]["done_days"],
        drop_refused_days=said["files"]["refused_days"],
    )


def _check(where: str, shipped: Any, given: Any, *, off: bool) -> None:
    if shipped is None:
        raise BadPractice(f"{where} 是不认识的键；请对照自带的 intake.toml")
    if isinstance(shipped, list):
        if not (isinstance(given, list) and given and all(_positive(v) for v in given)):
            raise BadPractice(f"{where}={given!r} 应是正数的列表")
    elif off and type(given) is int and given == 0:
        return
    elif not _positive(given) or (isinstance(shipped, int) and not isinstance(given, int)):
        raise BadPractice(f"{where}={given!r} 应是正{'整' if isinstance(shipped, int) else ''}数{'，或 0' if off else ''}")


def _positive(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0
