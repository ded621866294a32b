"""Department feeds: one folder each, `FEED` and a pure `parse` from bytes to readings, with samples that prove it.

The doors and the batch writer import them; a feed knows `brain.model` and the helpers of `_wire` only. Start reading at
`water/__init__.py`, then add a folder of your own: nothing else has to be told about it.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from importlib import import_module
from typing import Protocol, cast

from brain.city import OFFSET
from brain.model import DISTRICT, HazardWarning, Reading, WorkOrder

Record = WorkOrder | HazardWarning
"""What a message may bring that is no reading of a station: each is written by `ingest.write.records` in the same transaction as
the readings around it, counts as one, and is known again when it comes twice."""
RECORDS = (WorkOrder, HazardWarning)


@dataclass(frozen=True, slots=True)
class Feed:
    """What is declared of a feed: `key` is the folder, `theme` the theme of its stations (`ANY` for a way of sending that
    serves several, or brings records and no readings), `topic` the MQTT filter ("" when it does not come over MQTT), `org`
    the department that sends (key of catalog/departments.toml), `zone` what a time without offset means, `gbk` whether GBK
    bytes are read."""

    key: str
    title: str
    theme: str
    topic: str
    org: str
    zone: str = OFFSET
    gbk: bool = False


ANY = "*"


@dataclass(frozen=True, slots=True)
class Claim:
    """Who a telemetry station says it is, as one of its frames has it: its own id, the password beside it (None where the
    protocol has none), and the centre it calls (SL 651)."""

    id: str
    password: str | None = None
    centre: int | None = None


class BadMessage(Exception):
    """A message, or a part of it, that cannot be read.

    `rule` is the short word that stands in `dead_letter.rule` (decode, shape, station, kind, value, time, flag);
    `reason` says in Chinese what is wrong, where, and how to mend it; `rest` are the readings of the same message
    that are sound: they are stored, and the message still goes to the dead letter for its bad part.
    """

    def __init__(self, rule: str, reason: str, rest: list | None = None):
        super().__init__(reason)
        self.rule = rule
        self.reason = reason
        self.rest = rest or []


class FeedModule(Protocol):
    """What a feed's package offers.

    `parse` gives readings in the words of the sender where it cannot know ours: a station under the sender's own code
    (MN, device address), a kind as `?name` for a quantity it does not know, and `kind@unit` for a value in another unit
    than the catalog's. `ingest.write.checks` turns them by the district's mappings (table intake_mapping), the catalog and
    `units.toml`, or refuses that reading alone, saying what to map. A feed of records (12345 orders, public warnings)
    gives those instead.

    Optional: `cut(data)`, the messages of a file or recorded stream, for `python -m ingest decode` and `send`;
    `MEANT`, kind by `?name`, what the feed supposes at stations of the kind's theme while nobody has mapped it;
    `furnish(folder)`, which lays the city's own tables over the shipped ones;
    `claims(payload)`, who the frames of a message say they are, for what comes over TCP (`ingest.senders` judges it): every frame
    that `parse` takes readings from has one;
    `read_as(topic, payload)`, as which of several families a message is read, for `python -m ingest decode`;
    `flat(row, point=None)`, the message of one row of a table (CSV, sheet, SQL) or one GeoJSON feature at `point`
    (longitude, latitude), for `ingest.doors.rows`; without it a row is a message as it stands.
    """

    FEED: Feed

    def parse(self, topic: str, payload: bytes, received_at: datetime) -> list[Reading | Record]: ...


ROW = "file/"
"""Topics of what came in a file: `file/<digest of the file>/<row>`, `file/<digest>/<department>/<row>` of an uploaded one."""


def reader(feed: str, topic: str) -> Callable[[str, bytes, datetime], list] | None:
    """What reads a message of a feed: its own `parse`, or for the row of a sheet of readings the one all share; None for a
    feed nobody knows. By the topic alone, so that a spilled message and a dead letter are read like the first time."""
    module = load().get(feed)
    if module is None:
        return None
    if topic.startswith(ROW) and module.FEED.theme != ANY:
        return import_module(f"{__name__}._rows").parse
    return module.parse


def topic(feed: str, station: str = "+", org: str = "+") -> str:
    """MQTT topic of a station's messages as the department `org` sends them; with `+` the filter of the whole feed."""
    return f"city/{DISTRICT}/{feed}/{org}/{station}"


def row_topic(digest: str, org: str = "") -> str:
    """How the topics of a file's rows begin; `org` where a person of that department has uploaded it."""
    return f"{ROW}{digest}/{org}/" if org else f"{ROW}{digest}/"


PUSH = "push/"
"""Topics of what was pushed over HTTP: `push/<feed>/<department>/<key>/-`; the station stands in the row."""


@lru_cache(maxsize=8192)
def sender(topic: str) -> str | None:
    """The department whose credential let a message come in under this topic; "" where the topic does not say it, though it
    should; None for what has no sender but the platform itself, and for a telemetry station on its own line, whose department its
    registration says (`ingest.senders`)."""
    levels = topic.split("/")
    if levels[0] == "city":
        return levels[3] if len(levels) >= 5 else ""
    if levels[0] == "push":
        return levels[2] if len(levels) == 5 else ""
    return levels[2] if levels[0] == "file" and len(levels) == 4 else None


def claims(feed: str, topic: str, payload: bytes) -> tuple[Claim, ...]:
    """Who a message that came on a telemetry station's own line (`<feed>/<address>:<port>`) says it is from, each once; none for
    any other way in, and where no frame of it can be read."""
    asked = getattr(load().get(feed), "claims", None) if topic.startswith(f"{feed}/") else None
    return tuple(dict.fromkeys(asked(payload))) if asked else ()


def peer(topic: str) -> str:
    """The address that a line came from, by its topic; without the port."""
    return topic.split("/")[1].rpartition(":")[0] if "/" in topic else ""


def misplaced(feed: str, topic: str) -> tuple[str, str] | None:
    """(rule, reason) when a message that came over MQTT lies under a topic that is not one of its feed's; None when it is, or
    came another way. By the topic alone, like `reader`."""
    if not topic.startswith("city/") or (module := load().get(feed)) is None:
        return None
    if not module.FEED.topic:
        return "topic", f"接入 {feed} 不经消息服务报送；请核对主题“{topic[:80]}”的第三级"
    asked, levels = module.FEED.topic.split("/"), topic.split("/")
    if (asked[-1] == "#" and len(levels) >= len(asked)) or len(levels) == len(asked):
        return None
    right = f"city/{DISTRICT}/{feed}/单位代码/测站编号"
    return "topic", f"主题层数不对：“{topic[:80]}”有 {len(levels)} 级，应是 {right} 的 {len(asked)} 级；请改正网关的主题后重发"


@cache
def load() -> dict[str, FeedModule]:
    """All feeds by key, in the order of their names. Raises ValueError when a folder and its FEED.key differ."""
    found: dict[str, FeedModule] = {}
    for info in pkgutil.iter_modules(__path__):
        if info.ispkg:
            module = cast(FeedModule, import_module(f"{__name__}.{info.name}"))
            if module.FEED.key != info.name:
                raise ValueError(f"ingest/feeds/{info.name}: FEED.key is {module.FEED.key!r}, the folder differs")
            found[info.name] = module
    return found


def furnish(folder: str) -> None:
    """Give the city's own folder to the feeds that read tables from it: once, by the entry point, before any message.
    Raises BadCatalog, naming file and key."""
    for module in load().values():
        if own := getattr(module, "furnish", None):
            own(folder)


def key_of(topic: str) -> str | None:
    """The feed a topic belongs to, by its third level (`gateway` for those that end with /status); None for a topic that
    is no feed's."""
    parts = topic.split("/")
    if len(parts) < 4 or parts[2] not in load():
        return None
    return "gateway" if len(parts) == 6 and parts[5] == "status" else parts[2]
