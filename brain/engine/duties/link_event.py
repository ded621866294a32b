"""Committed lines of events' histories are linked into their keyed chain; neither chain waits for the other."""

from datetime import datetime, timedelta

import psycopg

from brain.catalog import Catalog
from brain.identity import sealing

NAME = "link_event"
EVERY = timedelta(seconds=2)
BY_STEPS = True
LAST = True


def run(conn: psycopg.Connection, catalog: Catalog, now: datetime) -> int:
    return sealing.catch_up(conn, "event", catalog.security.chains)
