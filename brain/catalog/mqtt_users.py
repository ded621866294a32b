"""Which topics each sender's account at the message broker may write, from `sends` and `gateways` of departments.toml: for the broker
of compose (`python -m ingest acl`) and the embedded one alike."""

from __future__ import annotations

from brain.catalog.records import Catalog
from brain.model import DISTRICT

EVERYTHING = f"city/{DISTRICT}/#"
"""What the intake reads."""


def writers(catalog: Catalog) -> dict[str, list[str]]:
    """Topic filters by user: a department's own user is its key, those of its further gateways `<key>.<gateway>`.

    Below its code a department may write at any depth, and with the level of its code left out: a message there is no reading of
    anybody's, and the intake says so in a dead letter. Why not refuse it at the broker: MQTT 3.1.1 has no word for that, so a gateway
    with a wrong topic would be told that all is well, and nobody would ever hear of it."""
    return {
        user: [topic for feed in org.sends for topic in (f"city/{DISTRICT}/{feed}/{org.key}/#", f"city/{DISTRICT}/{feed}/+")]
        for org in catalog.departments.values()
        if org.sends
        for user in (org.key, *(f"{org.key}.{gateway}" for gateway in org.gateways))
    }
