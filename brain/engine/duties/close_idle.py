"""Accounts that nobody has used for long are switched off, where the city has it so (security.toml, `account.close_idle`)."""

from datetime import datetime, timedelta

import psycopg

from brain.catalog import Catalog
from brain.identity import accounts

NAME = "close_idle"
EVERY = timedelta(hours=6)


def run(conn: psycopg.Connection, catalog: Catalog, now: datetime) -> int:
    rules = catalog.security
    return len(accounts.close_idle(conn, rules, now)) if rules.close_idle else 0
