"""What is due by the rows themselves: ladders, limits that pass, suspensions that end, alerts that nobody acknowledged.

By steps: each of its parts commits by itself, so that one that fails takes nothing back of the others, and rows that people
wait for are not held longer than needed.
"""

from datetime import datetime, timedelta

import psycopg

from brain.catalog import Catalog
from brain.flow.events import escalation

NAME = "sweep"
EVERY = timedelta(0)
BY_STEPS = True


def run(conn: psycopg.Connection, catalog: Catalog, now: datetime) -> int:
    return escalation.sweep(conn, catalog, now)
