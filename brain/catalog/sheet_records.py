"""How strangers' files are read, as sheets.toml says it: frozen values.

Beside `records` and not in it, because only what reads sheets asks for them.
"""

from __future__ import annotations

from dataclasses import dataclass

from brain.model import State


@dataclass(frozen=True, slots=True)
class Limits:
    """How large a file may be."""

    mib: int
    unzipped_mib: int
    rows: int
    columns: int
    cells: int
    ratio: int


@dataclass(frozen=True, slots=True)
class Taker:
    """A feed that takes files. `form`: readings, orders (12345), message (the file is one message)."""

    key: str
    title: str
    org: str
    form: str


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a form: its label, and the names its column may have."""

    label: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OrderState:
    """A state of the hotline's platform: its word, the state of ours it stands for, whether an order first seen in it
    opens an event, and whether that is accepted at once."""

    key: str
    label: str
    names: tuple[str, ...]
    meant: State
    open: bool
    accept: bool


@dataclass(frozen=True, slots=True)
class Words:
    """What stands in a cell of numbers and is none, as `plain` writes it (see brain/sheets/numbers.py). `below`: half or limit."""

    gaps: frozenset[str]
    undetected: frozenset[str]
    faults: frozenset[str]
    footers: frozenset[str]
    unitless: frozenset[str]
    below: str


@dataclass(frozen=True, slots=True)
class Heads:
    """Words in the names of columns beside what the column is: `zones` and `forms` of times by word, units, and what changes
    nothing; `systems` names properties that say the system of a point, `idle` columns of numbers that nobody misses."""

    plain: frozenset[str]
    units: frozenset[str]
    zones: dict[str, str]
    forms: dict[str, str]
    systems: frozenset[str]
    idle: frozenset[str]


@dataclass(frozen=True, slots=True)
class Sheets:
    """What sheets.toml says. `kinds`: feed → kind → names; `values`: kind → word → number; `categories`: in order of asking."""

    limits: Limits
    takers: dict[str, Taker]
    fields: dict[str, dict[str, Field]]
    kinds: dict[str, dict[str, tuple[str, ...]]]
    values: dict[str, dict[str, float]]
    states: dict[str, OrderState]
    categories: tuple[tuple[str, tuple[str, ...]], ...]
    category: str
    word: Words
    head: Heads
