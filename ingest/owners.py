"""Whose stations a sender may speak for: pure, from the catalog and the topic that its credential let it write.

A broker does not tell its subscribers who has published. So the topic does: each department's credential may write only below
its own code (`acl.py`), and the code is part of the topic that stands in spill and dead letter, too; the push door puts the code of
the key's organisation there, and the file door that of the person who has uploaded a file. A telemetry station on its own TCP line
names itself in its frames; which department it speaks for says its registration (`senders.py`), and one that is not registered,
where the catalog lets it in at all, speaks for whatever station no registered one speaks for. What comes in by our own hand (a file
laid into a folder, a source we ask) has no sender and speaks for whatever station it names.

Why the owner of the station decides and not the feed: the common feeds (`json`, `lorawan`) serve every department, and two
departments send water levels; a key for a feed would be a key for everybody's stations in it. Who carries for others (the
police's video platform has the cameras of schools and roads) is declared: `carries` in departments.toml.
"""

from __future__ import annotations

from brain.catalog.records import Catalog
from ingest import feeds


class Owners:
    """Laid out for speed: one look a reading."""

    def __init__(self, catalog: Catalog):
        self._names = {key: org.short for key, org in catalog.departments.items()}
        self._for = {
            (org.key, feed): frozenset((org.key, *others))
            for org in catalog.departments.values()
            for feed, others in org.carries.items()
        }

    def refusal(self, topic: str, feed: str, station: str, org: str | None, speaks: str | None = None) -> str | None:
        """Why the sender of this topic may not speak for a station of `org`; None when it may. `speaks` is the department of the
        sender where the topic does not say it."""
        sender = speaks or feeds.sender(topic)
        if sender is None or (org == sender and sender):
            return None
        if not sender:
            return (
                f"主题“{topic[:80]}”里没有发送单位，不知道是谁在替测站 {station} 报送；"
                f"请让网关发到 {feeds.topic(feed, station, '单位代码')}（代码见 departments.toml）"
            )
        if org is None:
            return f"测站 {station} 没有登记权属单位，不知道谁可以替它报送；请在测站管理里填上单位，再重放此报文"
        if org in self._for.get((sender, feed), ()):
            return None
        return (
            f"测站 {station} 属于{self._called(org)}，{self._called(sender)}的账号不能替它报送；请由权属单位发送，"
            f"或在 departments.toml 里给 {sender} 登记 carries = {{ {feed} = [\"{org}\"] }}，再重放此报文"
        )

    def _called(self, org: str) -> str:
        return self._names.get(org, f"单位 {org[:40]}")


def speaker(catalog: Catalog, feed: str, org: str | None) -> str:
    """Which department sends for the stations of `org` in a feed: itself, else who carries for it, else the feed's own."""
    sends = catalog.departments
    if org in sends and feed in sends[org].sends:
        return org
    carriers = (key for key, d in sends.items() if feed in d.sends and org in d.carries.get(feed, ()))
    return next(carriers, feeds.load()[feed].FEED.org)
