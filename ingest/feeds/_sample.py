"""The proof a feed brings along: `samples/*.json`, each a real message and what it must become.

Keys of a sample: `says` (what it shows), `topic`, one of `payload` (JSON), `payload_text` and `payload_hex`, `readings`
(station, kind, value, at, and quality and seq where they are not ok and empty) or `records` (fields of a record, as many
as the sample is about; times as text) and, for a bad one, `refused`
(`rule`, and a part of the reason under `says`); a bad one's `readings` are those of its sound part.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from brain.model import Quality, Reading

FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample file. `refused` is (rule, part of the reason) of a bad one, else None."""

    feed: str
    name: str
    says: str
    topic: str
    payload: bytes
    readings: tuple[Reading, ...]
    refused: tuple[str, str] | None
    records: tuple[dict[str, Any], ...] = field(default=())


def samples(feed: str = "*") -> list[Sample]:
    """All samples of a feed (or of all), in order of feed and name."""
    return [_read(path) for path in sorted(FOLDER.glob(f"{feed}/samples/*.json"))]


def _read(path: Path) -> Sample:
    said = json.loads(path.read_text(encoding="utf-8"))
    if "payload_hex" in said:
        payload = bytes.fromhex(said["payload_hex"])
    elif "payload_text" in said:
        payload = said["payload_text"].encode()
    else:
        payload = json.dumps(said["payload"], ensure_ascii=False).encode()
    readings = tuple(
        Reading(
            r["station"], r["kind"], datetime.fromisoformat(r["at"]), r["value"],
            Quality(r.get("quality", "ok")), r.get("seq", ""),
        )
        for r in said.get("readings", ())
    )  # fmt: skip
    refused = (said["refused"]["rule"], said["refused"]["says"]) if "refused" in said else None
    records = tuple(said.get("records", ()))
    return Sample(path.parent.parent.name, path.stem, said["says"], said["topic"], payload, readings, refused, records)
