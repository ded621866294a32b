"""Who may write which topic at the broker, from the catalog: one credential a department (`sends` in departments.toml).

`python -m ingest acl mosquitto` and `… acl emqx` print the permission file of either broker; deploy/ keeps both, and a
house test holds them against the catalog.

Why the whole feed and not each station: a department's gateways speak for many stations, and stations come every week; a
file that had to follow them would be out of date, or open. A stolen credential reaches its own department's topics only.
"""

from __future__ import annotations

from brain.catalog.records import Catalog
from brain.model import DISTRICT
from ingest import feeds

PLATFORM, HEALTH = "brain", "health"
"""Users of the platform itself: one reads everything, one is asked whether the broker lives."""


def writers(catalog: Catalog) -> dict[str, list[str]]:
    """Topic filters that each department may write, by its key; a gateway's status lies below them."""
    return {
        org.key: [f"city/{DISTRICT}/{feed}/#" for feed in org.sends]
        for org in catalog.departments.values()
        if org.sends
    }


def unknown(catalog: Catalog) -> list[str]:
    """`sends` that name no feed which comes over MQTT."""
    there = {key for key, module in feeds.load().items() if module.FEED.topic}
    return [f"{org.key}: {feed}" for org in catalog.departments.values() for feed in org.sends if feed not in there]


def mosquitto(catalog: Catalog) -> str:
    """acl_file of mosquitto 2."""
    lines = [
        "# One user a department; each may write its own feeds only. The platform reads all and writes nothing.",
        "# Made by: python -m ingest acl mosquitto",
        f"user {PLATFORM}",
        f"topic read city/{DISTRICT}/#",
        "",
        f"user {HEALTH}",
        "topic read $SYS/broker/uptime",
    ]
    for user, topics in writers(catalog).items():
        lines += ["", f"user {user}", *(f"topic write {topic}" for topic in topics)]
    return "\n".join(lines) + "\n"


def emqx(catalog: Catalog) -> str:
    """acl.conf of EMQX 5 (file source of its authorization)."""
    lines = [
        "%% One user a department; each may write its own feeds only. The platform reads all and writes nothing.",
        "%% Made by: python -m ingest acl emqx",
        f'{{allow, {{username, "{PLATFORM}"}}, subscribe, ["city/{DISTRICT}/#", "$share/+/city/{DISTRICT}/#"]}}.',
        f'{{allow, {{username, "{HEALTH}"}}, subscribe, ["$SYS/brokers/+/uptime"]}}.',
    ]
    for user, topics in writers(catalog).items():
        named = ", ".join(f'"{topic}"' for topic in topics)
        lines.append(f'{{allow, {{username, "{user}"}}, publish, [{named}]}}.')
    return "\n".join([*lines, "{deny, all}."]) + "\n"


FORMS = {"mosquitto": mosquitto, "emqx": emqx}
