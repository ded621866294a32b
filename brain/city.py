"""Which city this process serves, and the clock that it keeps. The floor of the house: it imports nothing of ours.

Why read when it is imported and not handed about: a process serves one city from its first line to its last, and the code of the
district is asked for where no catalog is at hand (topics that feeds declare, the place of what has no place). It comes from
`catalog/city.toml`, the folder of BRAIN_CATALOG laid over it, as everything else that a city edits. A file that cannot be read
leaves the shipped city here; `brain.catalog.load`, which every process calls first, refuses it with a sentence.

Why the zone is no setting: China has one legal time, and what is rolled up by the day is cut in it (`brain_zone()`,
migration 0090). A city abroad would change both, before its first reading.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta, timezone
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

FILE = "city.toml"
ZONE = ZoneInfo("Asia/Shanghai")
"""The city's wall clock: its days, months, and every time that a person reads."""
AHEAD = timedelta(hours=8)
OFFSET = "+08:00"
BEIJING = timezone(AHEAD)
"""北京时间 as national standards and stations write it. Not ZONE: Shanghai had summer time from 1986 to 1991, stations never."""


@dataclass(frozen=True, slots=True)
class City:
    """The district: its six-digit code (GB/T 2260) and its name as titles say it."""

    district: str
    name: str


def city_of(given: Mapping[str, Any]) -> City:
    """A City from the keys of city.toml. Raises ValueError: (key, a Chinese sentence how to mend it)."""
    district, name = given.get("district"), given.get("name")
    if not isinstance(district, str) or not re.fullmatch(r"[1-9]\d{5}", district):
        raise ValueError("district", f'{district!r} 不是 6 位区划代码；应写成 "441402" 这样带引号的 6 位数字')
    if not isinstance(name, str) or not name.strip():
        raise ValueError("name", '名称不能为空；应写成 "梅江区"')
    return City(district, name.strip())


def _here(folder: str) -> City:
    shipped = tomllib.loads((Path(__file__).parent / "catalog" / FILE).read_text(encoding="utf-8"))
    try:
        own = (Path(folder).expanduser() / FILE).read_text(encoding="utf-8") if folder else ""
        return city_of(shipped | tomllib.loads(own))
    except (OSError, ValueError):
        return city_of(shipped)


HERE = _here(os.environ.get("BRAIN_CATALOG", ""))
DISTRICT = HERE.district
