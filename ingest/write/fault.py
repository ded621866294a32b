"""Whose fault an error of the database is: the data's, the database's own, or ours."""

from __future__ import annotations

import psycopg

REFUSED = ("22", "23", "54", "P0")  # SQLSTATE classes that blame the data: data, integrity, size, raised by a trigger
AWAY = ("08", "25", "28", "3D", "40", "53", "55", "57", "58", "F0", "XX")
"""SQLSTATE classes that blame the database and may be gone the next time: connection, read-only, log-in, no such database, rolled
back, out of resources, in use, cancelled or shut down, disk, configuration, internal."""


def is_data_fault(err: Exception) -> bool:
    """True when the same data would be refused again; a value that cannot even be written down for the database, too."""
    if not isinstance(err, psycopg.Error):
        return isinstance(err, ValueError)
    if err.sqlstate:
        return err.sqlstate.startswith(REFUSED)
    return isinstance(err, (psycopg.DataError, psycopg.IntegrityError))


def is_away(err: psycopg.Error) -> bool:
    """True when waiting may help. What is neither this nor the data's fault is ours (no such table, no right to it, a wrong
    statement): it comes again each time it is tried, and whoever waits for it waits for ever."""
    if err.sqlstate:
        return err.sqlstate.startswith(AWAY)
    return isinstance(err, (psycopg.OperationalError, psycopg.InterfaceError, psycopg.InternalError))


def told(err: psycopg.Error) -> str:
    """For people: what kind of error that is not the database's own it was, without the database's words."""
    if isinstance(err, psycopg.errors.InsufficientPrivilege):
        return "接入的数据库账号缺少权限"
    if (err.sqlstate or "").startswith("42"):
        return "数据库的结构与程序不符"
    return "数据库不收其中的内容" if is_data_fault(err) else "接入程序出错"


def first_line(err: BaseException) -> str:
    """The sentence of an error, without its context lines."""
    return (str(err).strip().splitlines() or [type(err).__name__])[0]
