"""The nouns of the house, and nothing else: what a reading, a station, an alert, an event is.

Everything in `brain` may import this module; it imports nothing of ours but `brain.city`. Values are frozen: a change makes a new one.
Enum values are the strings that stand in the database, in the API and in `catalog/words.toml`, which gives each its
Chinese name (`tests/house` keeps that complete).
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any, NamedTuple

from brain.city import DISTRICT as DISTRICT

PLATFORM = "platform"
"""Theme of alerts about the platform itself: it has no stations and no card among the themes of the city."""


class Level(IntEnum):
    """Warning level, the national order: 1 is the worst. (突发事件应对法: 一级红, 二级橙, 三级黄, 四级蓝.)"""

    RED = 1
    ORANGE = 2
    YELLOW = 3
    BLUE = 4

    @property
    def key(self) -> str:
        """Lower-case name: the word used in catalogs, layers and style sheets."""
        return self.name.lower()

    @classmethod
    def of(cls, key: str) -> Level:
        return cls[key.upper()]


class Quality(StrEnum):
    """How far a stored reading may be trusted; rules and roll-ups say which they accept."""

    OK = "ok"  # as the device sent it, plausible
    LATE = "late"  # true, but arrived after its silence limit; pages nobody
    MANUAL = "manual"  # typed by a person
    RANGE = "range"  # outside the sane range of its kind
    STUCK = "stuck"  # unchanged while its neighbours move
    SUSPECT = "suspect"  # a lone jump: instrument fault until the next record says otherwise
    DRIFT = "drift"  # leaves its neighbours slowly
    CLOCK = "clock"  # the device's clock is wrong; stored at the time of receipt
    DUPLICATE = "duplicate"
    MAINTENANCE = "maintenance"  # sent while its station was under maintenance or calibration
    BELOW_LIMIT = "below_limit"  # sound: less than the method can detect; the value stands for it by declared practice
    TEST = "test"  # its sender says that nothing was measured: simulated, an exercise; no rule, roll-up or `latest` takes it


TRUSTED = frozenset({Quality.OK, Quality.LATE, Quality.MANUAL, Quality.BELOW_LIMIT})
"""Qualities that enter roll-ups, class judgements and alerts."""


class State(StrEnum):
    """Where an event (案卷) stands. See rules/lifecycle.py for the moves."""

    REPORTED = "reported"  # 待受理
    ACCEPTED = "accepted"  # 待立案
    REGISTERED = "registered"  # 待派遣
    DISPATCHED = "dispatched"  # 待接单
    HANDLING = "handling"  # 处置中
    ANSWERED = "answered"  # 待核查
    CHECKING = "checking"  # 核查中: the check is in, closing is open
    CLOSED = "closed"
    DECLINED = "declined"  # 不予受理
    VOID = "void"  # 作废
    SUSPENDED = "suspended"  # 挂账


DROPPED_STATES = frozenset({State.DECLINED, State.VOID})
"""Ended without any work owed: counted in no rate of work."""
CLOSED_STATES = DROPPED_STATES | {State.CLOSED}
OPEN_STATES = frozenset(State) - CLOSED_STATES
"""In SQL: brain_closed(), brain_dropped() (migration 0090, where the partial indexes are told of)."""


class Verb(StrEnum):
    """What a person or the clock does to an event; each writes one log line."""

    REPORT = "report"
    ACCEPT = "accept"
    DECLINE = "decline"
    ASK_VERIFY = "ask_verify"
    VERIFIED = "verified"
    REGISTER = "register"
    DISPATCH = "dispatch"
    TAKE = "take"
    RETURN = "return"
    ARBITRATE = "arbitrate"
    ARRIVE = "arrive"
    ANSWER = "answer"
    REWORK = "rework"
    CHECK = "check"
    CLOSE = "close"
    RATE = "rate"
    REOPEN = "reopen"
    SUSPEND = "suspend"
    RESUME = "resume"
    VOID = "void"
    # marks: never change the state
    URGE = "urge"
    SUPERVISE = "supervise"
    EXTEND = "extend"
    ESCALATE = "escalate"
    NOTE = "note"
    ATTACH = "attach"
    LINK = "link"
    JOIN = "join"
    SELF_HANDLE = "self_handle"


class Role(StrEnum):
    """Who acts. A person has one role and the places and organisation he holds it for."""

    OPERATOR = "operator"  # 值班席: watches, acknowledges, reports
    ACCEPTOR = "acceptor"  # 受理员
    DISPATCHER = "dispatcher"  # 派遣员
    CHIEF = "chief"  # 值班长: registers, arbitrates, closes, supervises
    DEPARTMENT = "department"  # 处置部门
    WORKER = "worker"  # 网格员
    LEADER = "leader"  # 领导: reads, supervises
    ADMIN = "admin"  # 系统管理员
    CLOCK = "clock"  # the engine's sweeps
    RULE = "rule"  # the engine's rules
    PUBLIC = "public"


class Source(StrEnum):
    """Where an event came from."""

    SENSOR = "sensor"
    CAMERA = "camera"
    GRID = "grid"  # 网格员上报
    PUBLIC = "public"
    HOTLINE = "hotline"  # 12345
    DEPARTMENT = "department"
    PATROL = "patrol"


class Clock(StrEnum):
    """The four kinds of time limit (domain: GB/T 30428.8 practice)."""

    URGENT_HOUR = "urgent_hour"  # 紧急工作时: natural time, never pauses
    WORK_HOUR = "work_hour"  # 工作时: inside the working windows only
    WORK_DAY = "work_day"  # 工作日: eight 工作时
    NATURAL_DAY = "natural_day"  # 自然日 (also 紧急工作日)


class Reading(NamedTuple):
    """One measured value of one kind at one station.

    `at` is the observed time (aware); `seq` tells apart several readings that a device gives for one instant and is
    part of the identity (station, kind, at, seq). `value` is in the unit of the kind.

    Why a named tuple and no frozen dataclass like the others: thousands are made in a second, and it is made in a third of
    the time.
    """

    station: str
    kind: str
    at: datetime
    value: float
    quality: Quality = Quality.OK
    seq: str = ""


@dataclass(frozen=True, slots=True)
class Station:
    """A place that reports. `params` holds what differs from station to station (limits, datum, owner, target class)."""

    id: str
    name: str
    theme: str  # water | drainage | fire | cameras | rain | air
    lng: float  # EPSG:4490, degrees
    lat: float
    town: str | None = None  # 9-digit code
    village: str | None = None  # 12-digit code
    grid: str | None = None  # 综合网格, 15 digits
    cell: str | None = None  # 单元网格, 15 digits
    org: str | None = None  # owner: organisation code of catalog/departments.toml or a town code
    params: dict[str, Any] = field(default_factory=dict)
    origin: str = ""  # what is said on screen about where its data come from: mapping of a real series, or a generator
    active: bool = True


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something, as far as rules must know. `places` are code prefixes (district, town, village, grid)."""

    id: int | None
    name: str
    role: Role
    org: str | None = None
    places: tuple[str, ...] = ()


ENGINE = Actor(None, "规则引擎", Role.RULE)
CLOCKWORK = Actor(None, "时限引擎", Role.CLOCK)


@dataclass(frozen=True, slots=True)
class Limit:
    """A time limit: `Limit(Clock.WORK_HOUR, 4)`."""

    clock: Clock
    amount: float


@dataclass(frozen=True, slots=True)
class RuleState:
    """What a rule remembers about one station and kind between readings (table `rule_state`)."""

    level: Level | None = None  # the level now held (alert open), if any
    since: datetime | None = None  # since when it is held
    pending: Level | None = None  # a level seen but not yet held long enough
    pending_since: datetime | None = None
    pending_count: int = 0  # consecutive accepted records that showed it
    clear_since: datetime | None = None  # since when the value has been below reset
    seen_at: datetime | None = None  # observed time of the last record judged
    memo: dict[str, Any] = field(default_factory=dict)  # rule's own small memory, JSON-able


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a rule decides about one station now. Pure result of rules.thresholds.judge; a hold has neither message
    nor evidence with it, `rules.thresholds.explain` makes them when somebody asks."""

    state: RuleState
    action: str  # "open" | "change" | "clear" | "hold"
    level: Level | None = None  # level after the action
    value: float | None = None
    limit: float | None = None
    message: str = ""  # plain Chinese, one sentence, for the alert list
    evidence: dict[str, Any] = field(default_factory=dict)  # readings, limits, rule version: answers "why did this fire"
    due: datetime | None = None  # when to ask again although no reading came (hold-on, hold-off, silence)
    flags: tuple[tuple[str, datetime, str, Quality], ...] = ()  # (kind, at, seq, quality) to write back onto readings


@dataclass(frozen=True, slots=True)
class Alert:
    """What a machine believes about a place (table `alert`). Clears by itself."""

    id: int
    station: str
    kind: str
    rule: str
    level: Level
    peak: Level
    value: float | None
    limit_value: float | None
    message: str
    opened_at: datetime
    observed_at: datetime
    changed_at: datetime
    cleared_at: datetime | None = None
    acked_at: datetime | None = None
    acked_by: str | None = None
    acked_until: datetime | None = None
    late: bool = False
    count: int = 1
    event_id: str | None = None
    lng: float | None = None
    lat: float | None = None
    town: str | None = None
    grid: str | None = None
    evidence: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Event:
    """Work that people owe (案卷, table `event`; columns of the same names). Closed by people."""

    id: str
    category: str
    title: str
    state: State
    source: Source
    level: Level | None
    reported_at: datetime
    lng: float
    lat: float
    description: str = ""
    address: str = ""
    town: str | None = None
    village: str | None = None
    grid: str | None = None
    cell: str | None = None
    alert_id: int | None = None
    station: str | None = None
    reporter_id: int | None = None
    reporter_org: str | None = None
    org: str | None = None
    handler_id: int | None = None
    checker_id: int | None = None
    limit_clock: str | None = None
    limit_amount: float | None = None
    ladder: list[dict[str, Any]] | None = None
    stage_due_at: datetime | None = None
    due_at: datetime | None = None
    accepted_at: datetime | None = None
    verify_asked_at: datetime | None = None
    verified_at: datetime | None = None
    registered_at: datetime | None = None
    dispatched_at: datetime | None = None
    taken_at: datetime | None = None
    arrived_at: datetime | None = None
    answered_at: datetime | None = None
    checked_at: datetime | None = None
    closed_at: datetime | None = None
    rated_at: datetime | None = None
    suspended_at: datetime | None = None
    suspended_from: str | None = None
    suspend_until: datetime | None = None
    register_condition: str | None = None
    close_condition: str | None = None
    returns: int = 0
    reworks: int = 0
    extensions: int = 0
    urges: int = 0
    reopened: int = 0
    rung: int = 0
    next_rung_at: datetime | None = None
    supervised: bool = False
    self_handled: bool = False
    check_passed: bool | None = None
    rating_response: int | None = None
    rating_solved: int | None = None
    rating_satisfied: int | None = None
    duplicate_of: str | None = None
    simulated: bool = False
    version: int = 0


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One line of an event's history (table `event_log`, append-only, hash-chained per event)."""

    event_id: str
    seq: int
    at: datetime
    verb: Verb
    from_state: str | None
    to_state: str
    actor_id: int | None
    actor_name: str
    role: str
    org: str | None = None
    reason: str | None = None
    note: str | None = None
    detail: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WorkOrder:
    """An order of the 12345 hotline as its sheet gives it (table `work_order`). `state` is the platform's own word
    (`catalog/sheets.toml` says what it means); no name and no number of the caller is kept."""

    number: str
    state: str
    title: str
    content: str
    sort: str = ""  # 诉求类型: 咨询, 求助, 投诉 …
    topic: str = ""
    urgency: str = ""
    address: str = ""
    town: str = ""
    point: tuple[float, float] | None = None  # lng, lat
    asked_at: datetime | None = None
    due_at: datetime | None = None
    reply: str = ""


@dataclass(frozen=True, slots=True)
class HazardWarning:
    """A public warning as a CAP 1.2 message gives it (table `warning`); known by (sender, identifier). `area` holds
    `desc`, `geocodes` [[name, value]], `polygons` [[[lng, lat], …]] and `circles` [[lng, lat, km]]."""

    identifier: str
    sender: str
    sent: datetime
    status: str  # Actual | Exercise | System | Test | Draft
    msg_type: str  # Alert | Update | Cancel | Ack | Error
    scope: str
    event: str = ""
    event_code: str = ""
    category: str = ""
    urgency: str = ""
    severity: str = ""
    certainty: str = ""
    level: Level | None = None  # 红橙黄蓝; None for a cancellation and for what has no colour
    sender_name: str = ""
    headline: str = ""
    description: str = ""
    instruction: str = ""
    web: str = ""
    effective: datetime | None = None
    onset: datetime | None = None
    expires: datetime | None = None
    refers: tuple[tuple[str, str], ...] = ()  # (sender, identifier) of the messages it updates or cancels
    area: dict[str, Any] = field(default_factory=dict)
    org: str = ""  # key of the department that reported it; "" for what the platform fetched itself


class Refused(Exception):
    """A rule says no. `str()` is one plain Chinese sentence that says what, where and how to mend it; `code` is a
    short English word for the API and tests."""

    def __init__(self, message: str, code: str = "refused"):
        super().__init__(message)
        self.code = code


def columns(cls: type) -> list[str]:
    """Field names of a record, in order."""
    return [f.name for f in fields(cls)]
