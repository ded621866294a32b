"""The records a catalog is made of: frozen values, no behaviour but small look-ups.

They live beside the loader and not in `model`, because only the catalog makes them; rules take them as arguments.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import Enum
from typing import Any

from brain.catalog.guide_records import Guide
from brain.catalog.security import Security
from brain.catalog.sheet_records import Sheets
from brain.catalog.theme_records import Theme
from brain.city import AHEAD, City
from brain.model import Clock, Level, Limit, Quality, Role, Source, Station
from brain.rules.forms import Wording


class BadCatalog(ValueError):
    """A catalog that cannot be used; the sentence names file and key and says how to mend it (Chinese)."""


@dataclass(frozen=True, slots=True)
class SensorKind:
    """A measured quantity, key of `reading.kind`.

    `sane` is the range (in `unit`) outside of which a value is no measurement; `period_s` how often a station sends
    it; `silence_s` after how many seconds without a record it counts as silent (None: sent only when something
    happens); `words` names the enumerated values; `accepts` are the qualities that rules and roll-ups may use; `detection_limit`
    says whether its method has a limit below which it finds nothing, so that `0.025L` is a value of it.
    """

    key: str
    label: str
    unit: str
    theme: str
    decimals: int
    sane: tuple[float, float]
    period_s: int
    silence_s: int | None
    words: dict[int, str]
    standard: str
    accepts: frozenset[Quality]
    detection_limit: bool

    def text(self, value: float) -> str:
        """A value as a person writes it: with its decimals and unit, or the word of an enumerated value."""
        if self.words:
            return self.words.get(round(value), f"{value:g}")
        return f"{value:.{self.decimals}f}" + (f" {self.unit}" if self.unit else "")


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of one (possibly derived) kind; the pair (kind, key) names it everywhere.

    `limits` are in the unit of the rule's type (value, ratio, classes worse than the target, seconds of silence …),
    `reset` is the slack below a limit before a held level is left, `hold_on_s`/`hold_off_s` how long a level must be
    shown before it counts and before it is given up, `records` how many accepted records in a row must show it.
    `opens` is the category of the event it opens, from level `opens_at` on. `kinds` are the sensor kinds of `inputs`
    and `words` the city's words, so that a rule can say what it found. `asked_by` (readings | neighbours | platform) and
    `turn` (lower is asked earlier) are its type's.
    """

    key: str
    kind: str
    theme: str
    label: str
    type: str
    version: int
    inputs: tuple[str, ...]
    params: dict[str, Any]
    limits: dict[Level, float]
    reset: float
    hold_on_s: int
    hold_off_s: int
    records: int
    opens: str | None
    opens_at: Level
    accepts: frozenset[Quality] = frozenset()
    kinds: Mapping[str, SensorKind] = field(default_factory=dict, repr=False)
    kind_label: str = ""
    words: Words = field(default_factory=lambda: Words({}), repr=False)
    asked_by: str = "readings"
    turn: int = 2


@dataclass(frozen=True, slots=True)
class Category:
    """One entry of the dictionary (GB/T 47678.5-2026, or local). `key` is "kind:code", because codes overlap.

    `limit` is the handling limit when no condition is chosen; `conditions` are the cases with limits of their own;
    `limit_is_default` says that no local limit was set for this code. `field` is one of the five fields of 粤治慧.
    """

    key: str
    kind: str  # component | matter
    code: str
    name: str
    group: str
    standard_ref: str
    org: str
    limit: Limit
    limit_is_default: bool
    conditions: tuple[tuple[str, Limit], ...]
    field: str
    local: bool


ANY_THEME = "*"
"""Theme of a rule that is asked at the stations of every theme."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How far strangers' times and texts are taken (bounds.toml). `oldest` is the first moment a reading may claim; lengths
    of texts are in characters; `circle_km` and `polygon_deg` are the largest area of a warning; `south` to `east`, in degrees, is
    where a place can be meant: within, no latitude is a longitude."""

    ahead: timedelta
    absurd: timedelta
    oldest: datetime
    warning_ahead: timedelta
    warning_lasts: timedelta
    circle_km: float
    polygon_deg: float
    photo_past: timedelta
    photo_ahead: timedelta
    form_past: timedelta
    form_ahead: timedelta
    ack_lasts: timedelta
    line: int
    body: int
    south: float
    north: float
    west: float
    east: float


@dataclass(frozen=True, slots=True)
class Department:
    """An organisation: a department, a town, a duty desk or a team."""

    key: str
    name: str
    short: str
    kind: str  # department | town | desk | team
    parent: str | None
    phone: str
    sends: tuple[str, ...] = ()  # feeds that its credential at the broker may write
    gateways: tuple[str, ...] = ()  # connections beside its first: each is a user of its own at the broker
    carries: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # feed → organisations for whose stations it sends, too


@dataclass(frozen=True, slots=True)
class WorkDays:
    """When people work: input of `rules.sla`. Days are local dates, `utc_offset` is the district's fixed offset.

    `holidays` are working weekdays that are off, `workdays` weekend days that are worked; between `known_from` and
    `known_to` (the years announced by the State Council and kept by the library) both are complete, outside only the
    weekends and the days of `calendar.toml` are known.
    """

    windows: tuple[tuple[time, time], ...]
    holidays: frozenset[date]
    workdays: frozenset[date]
    known_from: date
    known_to: date
    utc_offset: timedelta = AHEAD
    names: Mapping[date, str] = field(default_factory=dict, repr=False)

    def known(self, day: date) -> bool:
        """Whether holidays of that day's year are announced, or only weekends can be told."""
        return self.known_from <= day <= self.known_to


@dataclass(frozen=True, slots=True)
class RoleRights:
    """What a role opens and how far it sees: `pages` are page keys ("*" for all), `sees` is all|places|org|own|none,
    `drafts` whether it reads reports that are not issued yet."""

    pages: tuple[str, ...]
    sees: str
    drafts: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """A KPI's goal. `better` is high or low; past `yellow` and `red` (on the bad side) the figure is coloured."""

    goal: float
    yellow: float
    red: float
    better: str

    def colour(self, value: float | None) -> str | None:
        """`green`, `yellow` or `red` for a share (0–1); None when there is nothing to judge."""
        if value is None:
            return None
        bad = (lambda limit: value < limit) if self.better == "high" else (lambda limit: value > limit)
        return "red" if bad(self.red) else "yellow" if bad(self.yellow) else "green"


@dataclass(frozen=True, slots=True)
class Weight:
    """One line of a score card: KPI key, weight, and whether 1 − value is what counts."""

    kpi: str
    weight: float
    inverse: bool


@dataclass(frozen=True, slots=True)
class AlertLadder:
    """Who is told of an alert of a level, within how many minutes it must be acknowledged, and what follows."""

    name: str
    tells: tuple[str, ...]
    ack_min: int
    then: str


@dataclass(frozen=True, slots=True)
class Practice:
    """Numbers and lists of local practice that the lifecycle asks for (workflow.toml)."""

    near_m: float
    reopen_days: int
    max_returns: int
    max_extensions: int
    max_suspensions: int
    max_suspend_days: int
    duplicate_m: float
    duplicate_flood_m: float
    duplicate_hours: float
    propose_close_min: float
    register_conditions: tuple[str, ...]
    close_conditions: tuple[str, ...]
    return_reasons: tuple[str, ...]
    decline_reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DutyLimits:
    """What a duty of the engine may take (duties.toml): the seconds after which one of its statements is cut, the seconds
    until the next try after the first, second … failure in a row, and the largest share of the engine's time that it may
    take while it fails. `every_s`: how often, where it is not as often as its file says."""

    timeout_s: float
    retry_s: tuple[float, ...]
    max_share: float
    every_s: float | None = None


@dataclass(frozen=True, slots=True)
class OldCodes:
    """GB/T 30428.2-2013 codes to GB/T 47678.5-2026 (source: comparison of the two lists).

    `shift` maps an old 大类 to a new one, `moved` single old codes, `dropped` those without successor.
    """

    standard_ref: str
    shift: Mapping[tuple[str, str], str]
    moved: Mapping[tuple[str, str], str]
    dropped: frozenset[tuple[str, str]]
    known: frozenset[str] = frozenset()

    def new(self, kind: str, code: str) -> str | None:
        """New category key of an old 4-digit code ("0103" or "01-03"); None when it was dropped or is unknown."""
        digits = code.replace("-", "").strip()
        if len(digits) != 4 or not digits.isdigit() or (kind, digits) in self.dropped:
            return None
        if (kind, digits) in self.moved:
            return self.moved[kind, digits]
        group = self.shift.get((kind, digits[:2]))
        key = f"{kind}:{group}0{digits[2:]}"
        return key if group and key in self.known else None


class Words:
    """Every word a person reads, by group and key. `of` takes enum members as well as their values."""

    __slots__ = ("_groups",)

    def __init__(self, groups: Mapping[str, Mapping[str, str]]):
        self._groups = {group: dict(words) for group, words in groups.items()}

    def of(self, group: str, key: object) -> str:
        """The Chinese word. Raises BadCatalog when it is missing, naming group and key."""
        name = key.key if isinstance(key, Level) else key.value if isinstance(key, Enum) else str(key)
        try:
            return self._groups[group][str(name)]
        except KeyError:
            raise BadCatalog(f'words.toml 缺少词：[{group}] {name}；请在该组补上一行 {name} = "…"') from None

    def group(self, group: str) -> dict[str, str]:
        """A copy of one group, in the order of the file."""
        return dict(self._groups[group])

    def groups(self) -> tuple[str, ...]:
        return tuple(self._groups)

    def clock(self, limit: Limit) -> str:
        """A limit as it is spoken: `4 工作时`, `10 分钟`."""
        if limit.clock == Clock.URGENT_HOUR and limit.amount < 1:
            return f"{limit.amount * 60:g} 分钟"
        return f"{limit.amount:g} {self.of('clock', Clock(limit.clock))}"


@dataclass(frozen=True, slots=True)
class Catalog:
    """Everything a city edits without a developer, checked and frozen."""

    city: City
    kinds: dict[str, SensorKind]
    rules: dict[tuple[str, str], Rule]
    categories: dict[str, Category]
    departments: dict[str, Department]
    themes: dict[str, Theme]
    words: Words
    practice: Practice
    forms: Wording
    stage_limits: dict[str, Limit]
    ladders: dict[str, list[dict[str, Any]]]
    alert_ladders: dict[Level, AlertLadder]
    calendar: WorkDays
    targets: dict[str, Target]
    scorecards: dict[str, tuple[Weight, ...]]
    report: dict[str, float]
    roles: dict[Role, RoleRights]
    plans: dict[str, dict[str, tuple[str, ...]]]
    old_codes: OldCodes
    sheets: Sheets
    any_duty: DutyLimits
    duties: dict[str, DutyLimits]
    bounds: Bounds
    security: Security
    guide: Guide

    @property
    def register_conditions(self) -> tuple[str, ...]:
        return self.practice.register_conditions

    @property
    def close_conditions(self) -> tuple[str, ...]:
        return self.practice.close_conditions

    @property
    def return_reasons(self) -> tuple[str, ...]:
        return self.practice.return_reasons

    @property
    def decline_reasons(self) -> tuple[str, ...]:
        return self.practice.decline_reasons

    def duty(self, name: str) -> DutyLimits:
        """The limits of a duty: its own, else those of any."""
        return self.duties.get(name, self.any_duty)

    def rules_for(self, station: Station, kinds: set[str] | frozenset[str] | tuple[str, ...]) -> list[Rule]:
        """Rules to ask about a station after readings of these kinds came: same theme, at least one input among
        them. Those of an earlier turn come first, because their flags decide which readings the others may trust; rules
        that a duty of the engine asks with something else than readings are left out."""
        asked = [
            r for r in self.rules.values()
            if r.theme in (station.theme, ANY_THEME) and r.asked_by == "readings" and not set(kinds).isdisjoint(r.inputs)
        ]  # fmt: skip
        return sorted(asked, key=lambda r: r.turn)

    def ladder(self, level: Level | None) -> list[dict[str, Any]]:
        """The escalation ladder of an event of this level; `default` where the level has none of its own."""
        return self.ladders.get(level.key if level else "default", self.ladders["default"])

    def theme_label(self, key: str) -> str:
        """What a theme is called; the platform's own alerts have a word too, a theme that the city has given up its key."""
        return self.themes[key].label if key in self.themes else self.words.group("theme").get(key, key)

    @property
    def cameras(self) -> dict[str, str]:
        """Themes whose stations can be looked through, with the kind by which they say that they are there."""
        return {key: theme.online for key, theme in self.themes.items() if theme.source is Source.CAMERA}

    def plan_steps(self, theme: str, level: Level) -> tuple[str, ...]:
        """Steps of the 预案 for a theme and level, milder steps included by the file itself."""
        return self.plans.get(theme, {}).get(level.key, ())
