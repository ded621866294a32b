"""Committed lines of the audit trail are linked into their keyed chain."""

from datetime import datetime, timedelta

import psycopg

from brain.catalog import Catalog
from brain.identity import sealing

NAME = "link_audit"
EVERY = timedelta(seconds=2)
BY_STEPS = True  # a batch is a transaction: a backlog of any length is worked off without one long statement
LAST = True  # when the engine ends nothing is left waiting


def run(conn: psycopg.Connection, catalog: Catalog, now: datetime) -> int:
    return sealing.catch_up(conn, "audit", catalog.security.chains)
