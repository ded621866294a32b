"""Open alerts that nobody will ever clear are withdrawn: their station was switched off, or their rule is gone. Before the
batches, so that a rule that comes back starts anew."""

from datetime import datetime, timedelta

import psycopg

from brain.catalog import Catalog
from brain.engine import upkeep

NAME = "withdraw"
EVERY = timedelta(seconds=30)
FIRST = True


def run(conn: psycopg.Connection, catalog: Catalog, now: datetime) -> int:
    return upkeep.withdraw(conn, catalog, now)
