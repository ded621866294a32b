"""Who may write which topic at the broker, from the catalog: one credential a department (`sends` in departments.toml), and one
for each further gateway of it (`gateways`).

The broker takes the user's name for the client id (`use_username_as_clientid`): whoever comes with another's client id is cut off
by nobody and cuts off nobody. So a user has one connection at a time: each intake worker and each gateway is a user of its own.
Why not leave the ids to the clients and keep ours secret: an id is no secret, brokers write it into their logs.

`python -m ingest acl mosquitto` and `… acl emqx` print the permission file of either broker; deploy/ keeps both, and a
house test holds them against the catalog.

Why a branch of the feed and not each station: a department's gateways speak for many stations, and stations come every week; a
file that had to follow them would be out of date, or open. A stolen credential writes below its own department's code only (or
where no code stands: that is a dead letter), and `owners.py` holds that code against the owner of the station.
"""

from __future__ import annotations

from brain.catalog.mqtt_users import EVERYTHING, writers
from brain.catalog.records import Catalog
from ingest import feeds

WORKERS, HEALTH = ("intake-1", "intake-2"), "health"
"""Users of the platform itself: each intake worker reads everything, one is asked whether the broker lives."""


def unknown(catalog: Catalog) -> list[str]:
    """`sends` that name no feed which comes over MQTT, and `carries` that name one which is neither sent nor comes over TCP."""
    there = {key for key, module in feeds.load().items() if module.FEED.topic}
    lines = {key for key, module in feeds.load().items() if hasattr(module, "claims")}
    return [
        f"{org.key}: {feed}"
        for org in catalog.departments.values()
        for feed in (*org.sends, *org.carries)
        if (feed not in there or feed not in org.sends) and (feed not in lines or feed in org.sends)
    ]


def mosquitto(catalog: Catalog) -> str:
    """acl_file of mosquitto 2."""
    lines = [
        "# One user a department; each may write its own feeds only. The platform reads all and writes nothing.",
        "# Made by: python -m ingest acl mosquitto",
    ]
    for worker in WORKERS:
        lines += [f"user {worker}", f"topic read {EVERYTHING}", ""]
    lines += [
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
        "%% To go with it, in emqx.conf: mqtt.use_username_as_clientid = true, authorization.deny_action = disconnect",
        *(
            f'{{allow, {{username, "{worker}"}}, subscribe, ["{EVERYTHING}", "$share/+/{EVERYTHING}"]}}.'
            for worker in WORKERS
        ),
        f'{{allow, {{username, "{HEALTH}"}}, subscribe, ["$SYS/brokers/+/uptime"]}}.',
    ]
    for user, topics in writers(catalog).items():
        named = ", ".join(f'"{topic}"' for topic in topics)
        lines.append(f'{{allow, {{username, "{user}"}}, publish, [{named}]}}.')
    return "\n".join([*lines, "{deny, all}."]) + "\n"


FORMS = {"mosquitto": mosquitto, "emqx": emqx}
