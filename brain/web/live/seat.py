"""One open page: who looks, how far he sees, at what, and what his page has been sent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Protocol

from brain.identity.people import Person, actor_of
from brain.identity.scope import Sight
from brain.model import Actor
from brain.web.live.moment import Moment
from layers._layer import View

Changes = dict[tuple[str, str], Any]
"""(component id, property) → value."""
Parts = Callable[["Seat", Moment], Changes]
"""What a page should show now."""
Send = Callable[[Changes], None]
"""Brings changes to the page."""


class Viewer(Protocol):
    """Somebody who looks and acts: his sight says what he may read, his actor what he may do."""

    @property
    def sight(self) -> Sight: ...

    @property
    def actor(self) -> Actor: ...


@dataclass
class Seat:
    """One open page. `sight` is the person's as he is now: a page that somebody comes back to with another role or other
    places gets a new seat."""

    id: str
    person: Person
    sight: Sight
    parts: Parts
    view: View = field(default_factory=View)
    selected: tuple[str, str] | None = None
    busy: bool = False  # a form stands in the card: its buttons must not be redrawn under the hand
    sent: dict[tuple[str, str], str] = field(default_factory=dict)
    in_hand: frozenset[tuple[str, str]] = frozenset()  # not to be redrawn while `busy`, also not by a push under way
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    generation: int = 0
    seen: float = field(default_factory=monotonic)

    @property
    def actor(self) -> Actor:
        return actor_of(self.person)
