"""The form of a verb, described once: wall, desk, phone and API all read this.

`form_of` derives the fields from the guards of `lifecycle.MOVES`; how they are called and in which order buttons stand is the
city's (`Wording`, from forms.toml). `given` makes the one frozen `Given` of what came in at a door. `lead` says what a
verb leads to, for a screen that must go on without a line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol, cast

from brain.model import Limit, Refused, Role, State, Verb
from brain.rules.given import NOTHING, Given
from brain.rules.guards import STANDING
from brain.rules.lifecycle import MARKS, MOVES

__all__ = ["NOTHING", "PART", "Choice", "Field", "Form", "Given", "Lead", "Wording", "form_of", "given", "lead", "offered", "phase_of"]

V = Verb
PART = "part"
"""联动: no verb of the lifecycle, but what a joined organisation does; its form stands beside the verbs'."""
VERBS = (*(str(v) for v in Verb), PART)
LONGEST = 2000  # signs of a text, whatever the screen lets one type
RATINGS = ("response", "solved", "satisfied")

# What each guard asks to be handed in; a guard that is not here asks nothing. "override" is a reason that only a firing sensor asks.
ASKS: dict[str, tuple[str, ...]] = {
    "reason": ("reason",),
    "return_reason": ("reason",),
    "note": ("note",),
    "photo": ("photos",),
    "org": ("org", "handler_id"),
    "near": ("place",),
    "register_condition": ("condition", "case"),
    "close_condition": ("condition",),
    "result": ("passed",),
    "ratings": ("ratings",),
    "until": ("until",),
    "sensor_quiet": ("override",),
}
OPTIONAL = frozenset({"handler_id", "case", "override"})
KINDS = {
    "reason": "text", "note": "text", "override": "text", "org": "org", "handler_id": "person", "condition": "condition",
    "case": "case", "photos": "photos", "place": "place", "passed": "result", "ratings": "rating", "until": "until",
    "category": "choice", "title": "text", "description": "text", "address": "text",
}  # fmt: skip
ROWS = {"org": "orgs", "handler_id": "people", "category": "categories"}
"""Fields whose choices are rows of the record, and which: the screen asks for them."""
ON_PHONE = frozenset({"text", "choice", "condition", "result", "until", "photos", "place"})
"""Kinds of fields that the phone draws; the others need lists of the record."""
REPORTED = ("photos", "place", "category", "title", "address", "description")
"""What a report may say, in the order it is asked; the title only where the city asks for one (else it is the category's name)."""
REPORT_MUST = frozenset({"category", "place"})
BESIDE: dict[str, tuple[str, ...]] = {V.SELF_HANDLE: ("condition",)}
"""What a screen asks beside the guards: who mended it himself hands in how it was closed, for it is closed with his report."""
PHASES: dict[str, str] = {
    V.REPORT: "report", V.VERIFIED: "verify", V.ANSWER: "answer", V.SELF_HANDLE: "answer", V.CHECK: "check", PART: "answer",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Choice:
    value: str
    label: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """One question. `kind` says how it is asked: text choice photos place person org until rating condition case result.

    `required`: the rules refuse without it; `wanted`: the screens do. `choices` are listed, or `source` names the rows they
    are. `phase` is what its photos show; `least` and `most` are signs of a text.
    """

    key: str
    kind: str
    label: str
    required: bool = False
    wanted: bool = False
    choices: tuple[Choice, ...] = ()
    source: str | None = None
    hint: str = ""
    default: str | None = None
    phase: str | None = None
    least: int = 0
    most: int = 0

    @property
    def name(self) -> str:
        """Under which name its value is handed in: a stated reason is a reason, whoever asks."""
        return "reason" if self.key == "override" else self.key


@dataclass(frozen=True, slots=True)
class Form:
    """What a verb asks. `confirm` stands on its button. `immediate`: nothing must be handed in, one press does it; `on_site`:
    nothing but that he stands there."""

    verb: str
    label: str
    confirm: str
    fields: tuple[Field, ...]
    immediate: bool
    on_site: bool


@dataclass(frozen=True, slots=True)
class Lead:
    """What a verb leads to for who did it: its state (None: stays), whether it leaves his list, the stamp it sets, and what he
    may do next where it stays on his list and moved."""

    state: State | None
    done: bool
    stamp: str | None
    verbs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wording:
    """How a city asks (forms.toml): labels, hints of single verbs, orders of buttons."""

    labels: Mapping[str, str]
    verbs: Mapping[str, Mapping[str, Mapping[str, Any]]]
    least: int
    most: int
    suspend_days: tuple[int, ...]
    suspend_usual: int
    yes: str
    no: str
    satisfied: tuple[str, ...]
    wall: tuple[str, ...]
    wall_lead: frozenset[str]
    phone: tuple[str, ...]
    phone_next: tuple[str, ...]
    phone_beside: Mapping[str, str] = field(default_factory=dict[str, str])


class Lists(Protocol):
    """The lists of local practice that a form offers (`catalog.practice`)."""

    @property
    def register_conditions(self) -> tuple[str, ...]: ...
    @property
    def close_conditions(self) -> tuple[str, ...]: ...
    @property
    def return_reasons(self) -> tuple[str, ...]: ...
    @property
    def decline_reasons(self) -> tuple[str, ...]: ...
    @property
    def max_suspend_days(self) -> int: ...


class Category(Protocol):
    """The entry of the catalog that an event has; its conditions decide the handling limit."""

    @property
    def limit(self) -> Limit: ...
    @property
    def conditions(self) -> Sequence[tuple[str, Limit]]: ...


class Words(Protocol):
    def of(self, group: str, key: Any) -> str: ...
    def clock(self, limit: Limit) -> str: ...


class City(Protocol):
    """What of the catalog a form needs."""

    @property
    def forms(self) -> Wording: ...
    @property
    def practice(self) -> Lists: ...
    @property
    def words(self) -> Words: ...


# What is asked --------------------------------------------------------------------------------------------------------
def needs_of(verb: Verb | str) -> tuple[str, ...]:
    """The guards of a verb, of all states it may leave. They ask the same everywhere (a test holds that), so that a form
    needs no state."""
    if verb == PART:
        return ("note",)
    found = dict.fromkeys(need for (_, v), move in MOVES.items() if v == verb for need in move.needs)
    return tuple(found)


def kinds_needed(verb: Verb | str) -> frozenset[str]:
    """Kinds of the fields without which a verb is refused."""
    return frozenset(KINDS[key] for need in needs_of(verb) for key in ASKS.get(need, ()) if key not in OPTIONAL)


def asked_of(verb: Verb | str) -> tuple[str, ...]:
    """Fields that a verb may ask, before the city adds its own."""
    if verb == V.REPORT:
        return REPORTED
    return (*(key for need in needs_of(verb) for key in ASKS.get(need, ())), *BESIDE.get(str(verb), ()))


def keys_of(verb: Verb | str, wording: Wording) -> tuple[str, ...]:
    """Fields of a verb in the order they are asked."""
    if verb == V.REPORT:
        own = wording.verbs.get(str(verb), {})
        return tuple(key for key in REPORTED if key != "title" or own.get(key, {}).get("optional"))
    asked = dict.fromkeys(asked_of(verb))
    if verb == V.JOIN:
        asked.pop("handler_id", None)  # whom a joined organisation sends is its own roster's
    if "place" in asked or "reason" in asked:
        asked.pop("override", None)  # the same reason is asked there
    asked |= dict.fromkeys(key for key, more in wording.verbs.get(str(verb), {}).items() if more.get("optional"))
    beside = BESIDE.get(str(verb), ())
    return (*sorted((asked.keys() | {"note"}) - set(beside), key=ORDER.index), *beside)


ORDER = ("passed", "org", "handler_id", "condition", "case", "reason", "override", "until", "ratings", "photos", "note", "place")


def form_of(verb: Verb | str, city: City, category: Category | None = None) -> Form:
    """The form of a verb; with the `category` of an event also the cases it knows."""
    wording = city.forms
    word = wording.labels["part"] if verb == PART else city.words.of("verb", verb)
    must = frozenset(k for need in needs_of(verb) for k in ASKS.get(need, ())) - OPTIONAL
    if verb == V.REPORT:
        must = REPORT_MUST
    made = [_field(verb, key, key in must, city, category) for key in keys_of(verb, wording)]
    fields = tuple(one for one in made if one is not None)
    pressing = {f.key for f in fields if f.required or f.wanted or wording.verbs.get(str(verb), {}).get(f.key, {}).get("ask")}
    return Form(str(verb), word, f"确认{word}", fields, immediate=not pressing, on_site=pressing == {"place"})


def _field(verb: Verb | str, key: str, must: bool, city: City, category: Category | None) -> Field | None:
    wording = city.forms
    own = wording.verbs.get(str(verb), {}).get(key, {})
    wanted = bool(own.get("wanted"))
    label = own.get("label") or wording.labels.get(key, "")
    if key == "note" and not (must or wanted):
        label = own.get("label") or wording.labels["remark"]
    choices = _choices(verb, key, city, category, own)
    if key == "case" and not choices:
        return None
    kind = "choice" if choices and key == "reason" else KINDS[key]
    text = kind == "text"
    return Field(
        key, kind, label, must, wanted, choices, ROWS.get(key), own.get("hint", ""),
        default=str(wording.suspend_usual) if key == "until" else None,
        phase=phase_of(verb) if key == "photos" else None,
        least=wording.least if text and (must or wanted) else 0, most=own.get("most", wording.most) if text else 0,
    )  # fmt: skip


def _choices(
    verb: Verb | str, key: str, city: City, category: Category | None, own: Mapping[str, Any]
) -> tuple[Choice, ...]:
    lists, wording = city.practice, city.forms
    match key, verb:
        case "reason", V.RETURN:
            return _same(lists.return_reasons)
        case "reason", V.DECLINE:
            return _same(lists.decline_reasons)
        case "condition", V.REGISTER:
            return _same(lists.register_conditions)
        case "condition", _:
            return _same(lists.close_conditions)
        case "passed", _:
            yes, no = own.get("yes", "通过"), own.get("no", "不通过")
            return Choice("yes", yes, own.get("yes_hint", "")), Choice("no", no, own.get("no_hint", ""))
        case "until", _:
            return tuple(Choice(str(d), f"{d} 天") for d in wording.suspend_days if d <= lists.max_suspend_days)
        case "case", _ if category is not None and category.conditions:
            usual = Choice("", wording.labels["usual_case"], city.words.clock(category.limit))
            return (usual, *(Choice(text, text, city.words.clock(limit)) for text, limit in category.conditions))
        case _:
            return ()


def _same(words: Sequence[str]) -> tuple[Choice, ...]:
    return tuple(Choice(word, word) for word in words)


def ratings_of(wording: Wording) -> dict[str, tuple[str, tuple[Choice, ...]]]:
    """The three questions of a rating: name → (label, choices), the best answer first."""
    yes_no = (Choice("1", wording.yes), Choice("0", wording.no))
    grades = tuple(Choice(str(5 - n), word) for n, word in enumerate(wording.satisfied))
    return {name: (wording.labels[name], grades if name == "satisfied" else yes_no) for name in RATINGS}


def reporting(role: Role, city: City) -> dict[str, Form]:
    """The forms with which a role reports, by verb: the report, and for who may mend it in the same visit what he did."""
    found: dict[str, Form] = {}
    if role in MOVES[None, V.REPORT].by:
        found[str(V.REPORT)] = form_of(V.REPORT, city)
        if any(role in move.by for (_, verb), move in MOVES.items() if verb == V.SELF_HANDLE):
            found[str(V.SELF_HANDLE)] = form_of(V.SELF_HANDLE, city)
    return found


def phase_of(verb: Verb | str) -> str:
    """What the photos of a verb show: a word of [phase]."""
    return PHASES.get(str(verb), "other")


# What comes in --------------------------------------------------------------------------------------------------------
Read = Callable[[Any, datetime], Any]


def given(verb: Verb | str, raw: Mapping[str, Any], now: datetime, city: City) -> Given:
    """What came in at a door as one value. `raw` are names of `Given`'s fields with values as a screen's form has them
    (texts) or as JSON has them; nothing, "" and [] count as not handed in. The three ratings may stand by themselves, and
    `until` may be a number of days.

    Raises Refused('form'): something that this verb does not ask, or that cannot be read. Whether what is needed is there is
    asked by the rules, which know the event.
    """
    names = {"reason", *(name for key in keys_of(verb, city.forms) for name in _names(key))}  # why may be said with any verb
    found: dict[str, Any] = {}
    for name, value in raw.items():
        if value is None or (isinstance(value, str) and not value.strip()) or (isinstance(value, list | tuple) and not value):
            continue
        label = _called(name, city.forms)
        if name not in names:
            word = city.forms.labels["part"] if verb == PART else city.words.of("verb", verb)
            raise Refused(f"“{word}”不用填{label}，请去掉后再提交", "form")
        try:
            found[name] = _READ[name](value, now)
        except (TypeError, ValueError, OverflowError):
            raise Refused(f"{label}的值读不懂，请重新填写", "form") from None
    if parts := {name: found.pop(name) for name in RATINGS if name in found}:
        found["ratings"] = parts
    return Given(**found)


def _names(key: str) -> tuple[str, ...]:
    """Names under which the value of a field comes in."""
    return {"place": ("lng", "lat", "reason"), "override": ("reason",), "ratings": ("ratings", *RATINGS)}.get(key, (key,))


def _called(name: str, wording: Wording) -> str:
    return wording.labels.get({"lng": "place", "lat": "place"}.get(name, name), "评价" if name == "ratings" else name)


def _text(value: Any, now: datetime) -> str:
    if not isinstance(value, str) or "\0" in value or any("\ud800" <= sign <= "\udfff" for sign in value) or len(value) > LONGEST:
        raise ValueError
    return value.strip()


def _number(value: Any, now: datetime) -> int:
    if isinstance(value, bool) or not (isinstance(value, int) or str(value).isdecimal()) or not 0 <= int(value) < 2**63:
        raise ValueError
    return int(value)


def _passed(value: Any, now: datetime) -> bool:
    if isinstance(value, bool):
        return value
    return {"yes": True, "no": False}[value] if value in ("yes", "no") else _wrong()


def _until(value: Any, now: datetime) -> datetime:
    if isinstance(value, datetime):
        return value if value.tzinfo else _wrong()
    return now + timedelta(days=_number(value, now))


def _ratings(value: Any, now: datetime) -> dict[str, int]:
    if not isinstance(value, Mapping):
        return _wrong()
    return {str(k): _number(v, now) for k, v in cast("Mapping[Any, Any]", value).items()}


def _degrees(value: Any, now: datetime) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else _wrong()


def _photos(value: Any, now: datetime) -> tuple[Any, ...]:
    return tuple(value)


def _wrong() -> Any:
    raise ValueError


_READ: Mapping[str, Read] = dict.fromkeys(("reason", "note", "org", "condition", "case"), _text) | {
    "handler_id": _number, "passed": _passed, "until": _until, "ratings": _ratings, "lng": _degrees, "lat": _degrees,
    "photos": _photos, **dict.fromkeys(RATINGS, _number),
}  # fmt: skip


# What comes of it -----------------------------------------------------------------------------------------------------
def offered(role: Role, order: Sequence[str]) -> tuple[str, ...]:
    """Of the verbs in `order` those that the role has in some state."""
    may = {str(verb) for (state, verb), move in MOVES.items() if state is not None and role in move.by}
    return tuple(verb for verb in order if verb in may or verb == PART)


def lead(verb: Verb | str, role: Role, order: Sequence[str]) -> Lead:
    """What a verb leads to for one of this role: read off the table, as far as a screen may guess before the server answers.

    It leaves his list when he answers what was asked of him (核实, 联动), or when nothing in the state it leads to is his work
    ("owner"). `order` are the verbs that the screen offers.
    """
    if verb == PART:
        return Lead(None, True, None)
    move = next(move for (state, v), move in MOVES.items() if v == verb and state is not None)
    stamp = move.stamps.removesuffix("_at") if move.stamps else None
    if "verify_asked" in move.needs:
        return Lead(None, True, stamp)
    if move.to is None or verb in MARKS:
        return Lead(None, False, stamp)
    here = {v: m for (state, v), m in MOVES.items() if state is move.to and role in m.by}
    if not any("owner" in m.needs for m in here.values()):
        return Lead(move.to, True, stamp)
    met = {"owner", "not_arbitrated", "extend_left"}  # what who owns the work usually meets
    open_to = {str(v) for v, m in here.items() if all(n in met for n in m.needs if n in STANDING)}
    return Lead(move.to, False, stamp, tuple(v for v in order if v in open_to))
