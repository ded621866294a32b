"""city.toml: which district this is. The same keys that `brain.city` reads, here with every mistake named."""

from __future__ import annotations

from brain.catalog._toml import Entry
from brain.city import City, city_of


def city(top: Entry) -> City:
    given = {key: top.take(key, str) for key in ("district", "name")}
    top.done()
    try:
        return city_of(given)
    except ValueError as err:
        raise top.wrong(*err.args) from None
