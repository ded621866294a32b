"""Whose fault an error of the database is: the data's, or the database's own."""

from __future__ import annotations

import psycopg

REFUSED = ("22", "23", "54", "P0")  # SQLSTATE classes that blame the data: data, integrity, size, raised by a trigger


def is_data_fault(err: Exception) -> bool:
    """True when the same data would be refused again; a value that cannot even be written down for the database, too."""
    if not isinstance(err, psycopg.Error):
        return isinstance(err, ValueError)
    if err.sqlstate:
        return err.sqlstate.startswith(REFUSED)
    return isinstance(err, (psycopg.DataError, psycopg.IntegrityError))


def first_line(err: BaseException) -> str:
    """The sentence of an error, without its context lines."""
    return (str(err).strip().splitlines() or [type(err).__name__])[0]
