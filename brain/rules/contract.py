"""What a rule type is, what it is handed and what it hands back: the shapes between `thresholds` and `types/`.

Rules know no catalog: what they need of its rules, kinds and words stands here as protocols.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, Literal, NamedTuple, Protocol, TypeVar

from brain.model import Level, Quality, Reading, RuleState, Station
from brain.rules.params import Param

Action = Literal["open", "change", "clear", "hold"]
AskedBy = Literal["readings", "neighbours", "platform"]
Flag = tuple[str, datetime, str, Quality]
"""(kind, at, seq, quality) to write back onto a reading."""
F = TypeVar("F")
"""What a type's `grade` found out that its `say` needs: a shape of the type's own."""


# What a rule type is handed -----------------------------------------------------------------------------------------
class Kind(Protocol):
    """A measured quantity (`catalog.SensorKind`)."""

    @property
    def key(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def unit(self) -> str: ...
    @property
    def decimals(self) -> int: ...
    @property
    def sane(self) -> tuple[float, float]: ...
    @property
    def accepts(self) -> frozenset[Quality]: ...
    def text(self, value: float) -> str: ...


class Words(Protocol):
    """The city's words (`catalog.Words`)."""

    def of(self, group: str, key: object) -> str: ...


class Rule(Protocol):
    """A rule as the catalog declares it (`catalog.Rule`); `params` hold what the type's PARAMS read."""

    @property
    def key(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def version(self) -> int: ...
    @property
    def inputs(self) -> tuple[str, ...]: ...
    @property
    def params(self) -> Mapping[str, Any]: ...
    @property
    def limits(self) -> Mapping[Level, float]: ...
    @property
    def reset(self) -> float: ...
    @property
    def hold_on_s(self) -> int: ...
    @property
    def hold_off_s(self) -> int: ...
    @property
    def records(self) -> int: ...
    @property
    def opens(self) -> str | None: ...
    @property
    def opens_at(self) -> Level: ...
    @property
    def accepts(self) -> frozenset[Quality]: ...
    @property
    def kinds(self) -> Mapping[str, Kind]: ...
    @property
    def kind_label(self) -> str: ...
    @property
    def words(self) -> Words: ...


# What it hands back -------------------------------------------------------------------------------------------------
class Cause(StrEnum):
    """Why nothing happened. The list is closed: what a screen filters by, with a word each in words.toml `[cause]`."""

    NO_RECORD = "no_record"  # nothing of its inputs has come
    UNTRUSTED = "untrusted"  # the newest record has a quality that the rule does not accept
    NO_LIMITS = "no_limits"  # nobody gave this station limits
    WITHIN = "within"  # normal
    RECORDS = "records"  # a level is reached, but not by enough records in a row
    HOLD_ON = "hold_on"  # … but not for long enough
    STALE = "stale"  # … but no young record confirms it
    HELD = "held"  # the level is held already and nothing changed
    SLACK = "slack"  # below the limit, but inside the slack: the level stays
    RECORDS_OFF = "records_off"  # better, but not by enough records
    HOLD_OFF = "hold_off"  # better, but not for long enough
    NOT_MEASURED = "not_measured"  # what brought the level was not measured: no proof of recovery
    NO_BASE = "no_base"  # too little past to compare with
    FLOOR = "floor"  # too small a value to be judged
    INCOMPLETE = "incomplete"  # an index lacks one of its quantities
    STANDING = "standing"  # the others stand still too: no proof against one item
    EXPLAINED = "explained"  # something else explains it
    MAINTENANCE = "maintenance"  # somebody is at work on the station
    EXEMPT = "exempt"  # declared as no case for this rule


class LimitsFrom(StrEnum):
    """Where the limits of a judgement stand."""

    STATION = "station"  # station.params
    VARIANT = "variant"  # a variant of the rule that the station chose
    RULE = "rule"


class Wait(NamedTuple):
    """What is still missing until a level is taken, or (`level` the mildest that will be left, None: none) given up."""

    level: Level | None
    records: int = 0
    seconds: float = 0.0


class Standing(NamedTuple):
    """Why a level stands as it stands; `detail` is the type's own half sentence, said in place of the cause's usual one."""

    cause: Cause
    wait: Wait | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a grade rests on. `what` is the thing looked at in words (“浊度 30.0 NTU”), `standing` why nothing happened
    (None for a change), `more` what the type adds, JSON-able. `limits` and `readings` are those that decided."""

    readings: Sequence[Reading] = ()
    limits: Mapping[Level, float] = field(default_factory=dict[Level, float])
    limits_from: LimitsFrom = LimitsFrom.RULE
    what: str = ""
    standing: Standing | None = None
    more: Mapping[str, Any] = field(default_factory=dict[str, Any])


class Graded(NamedTuple, Generic[F]):
    """One change at most, or a hold; the fields are those of `model.Judgement`.

    `evidence` builds the evidence when it is asked for. Why not at once: the engine grades thousands a second, nearly all
    are holds, and nobody asks a hold why until somebody does. A tuple for the same reason (see `model.Reading`).
    """

    state: RuleState
    action: Action
    level: Level | None
    found: F
    evidence: Callable[[], Evidence]
    value: float | None = None
    limit: float | None = None
    due: datetime | None = None
    flags: tuple[Flag, ...] = ()


# The type itself ----------------------------------------------------------------------------------------------------
def _two(rule: Rule) -> int:
    return 2


def _sound(rule: Rule) -> tuple[str, str] | None:
    return None


@dataclass(frozen=True, slots=True)
class Type:
    """A rule type's name and its ways. `key` is the name of its file, `label` its Chinese name (`[rule_type]` of words.toml
    may say it otherwise).

    `asked_by`: new readings of its inputs; or a duty of the engine of its own, with days against the neighbours' or with
    figures of the platform (such a rule has no inputs). `turn`: lower is asked earlier at a station. `by_clock`: changes come from the
    passing of time and not from the record that came last. `reach`: records of each input that must be in the
    trail before the newest one judged. `check`: what is wrong with a whole rule, as (key, Chinese sentence), or None.
    """

    key: str
    label: str
    asked_by: AskedBy = "readings"
    turn: int = 2
    by_clock: bool = False
    reach: Callable[[Rule], int] = _two
    check: Callable[[Rule], tuple[str, str] | None] = _sound


class RuleType(Protocol):
    """A file of `types/`."""

    TYPE: Type
    PARAMS: Mapping[str, Param]

    def grade(
        self, rule: Rule, station: Station, trail: Sequence[Reading], held: RuleState, now: datetime, /
    ) -> Graded[Any]:
        """Pure: time is an argument. `Any` is the type's own finding, which only its own `say` reads."""
        ...

    def say(self, rule: Rule, graded: Graded[Any], /) -> str:
        """The sentence of an open, change or clear; never asked for a hold."""
        ...
