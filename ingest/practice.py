"""Local practice of intake: the numbers of `intake.toml`, typed and checked, a city's own file over the shipped one."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

SHIPPED = Path(__file__).with_name("intake.toml")


class BadPractice(ValueError):
    """intake.toml cannot be used; the sentence names the key."""


@dataclass(frozen=True, slots=True)
class Practice:
    """See intake.toml for the meaning of each. Times in seconds unless they are a timedelta."""

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
    catch_up_s: float


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
                _check(f"{own}：{group}.{key}", said[group].get(key), value)
                said[group][key] = value
    batch, clock, spill, mqtt = said["batch"], said["time"], said["spill"], said["mqtt"]
    oldest = date.fromisoformat(clock["oldest"])
    return Practice(
        folder=folder,
        size=batch["size"],
        most=batch["most"],
        age_s=batch["age_s"],
        gap_s=batch["gap_s"],
        queue=batch["queue"],
        payload_max=batch["payload_max"],
        ahead=timedelta(seconds=clock["ahead_s"]),
        absurd=timedelta(seconds=clock["absurd_s"]),
        oldest=datetime(oldest.year, oldest.month, oldest.day, tzinfo=UTC),
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
        catch_up_s=said["replay"]["catch_up_s"],
    )


def _check(where: str, shipped: Any, given: Any) -> None:
    if shipped is None:
        raise BadPractice(f"{where} 是不认识的键；请对照自带的 intake.toml")
    if isinstance(shipped, str):
        try:
            date.fromisoformat(given)
        except (TypeError, ValueError):
            raise BadPractice(f"{where}={given!r} 应是日期，如 2000-01-01") from None
    elif isinstance(shipped, list):
        if not (isinstance(given, list) and given and all(_positive(v) for v in given)):
            raise BadPractice(f"{where}={given!r} 应是正数的列表")
    elif not _positive(given) or (isinstance(shipped, int) and not isinstance(given, int)):
        raise BadPractice(f"{where}={given!r} 应是正{'整' if isinstance(shipped, int) else ''}数")


def _positive(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0
