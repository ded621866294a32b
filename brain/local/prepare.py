"""`python -m brain.local.prepare`: migrate, load the demo city and its past, draw the first passwords.

Why a process of its own: loading geometry takes a few hundred megabytes that the supervisor, which lives for weeks, would
never give back. It says what it does as JSON lines: {"step": n}, {"say": text}, and last {"accounts": [[…]]}.
"""

from __future__ import annotations

import json
import sys

from brain import catalog as catalogs
from brain.cities import meijiang
from brain.identity import chain
from brain.local import first_start
from brain.settings import read
from brain.store import db


def report_progress(**said: object) -> None:
    print(json.dumps(said, ensure_ascii=False), flush=True)


def main() -> int:
    settings = read()
    chain.use(settings.secret)
    catalog = catalogs.load(settings.catalog or None)
    report_progress(step=0)
    db.migrate(settings.database_url, body=settings.storage, say=lambda name: report_progress(say=name))
    with db.connect(settings.database_url, name="brain prepare") as conn:
        report_progress(step=1)
        meijiang.load(conn, catalog, lambda text: report_progress(say=text))
        report_progress(step=2)
        first_start.load_history(conn, catalog, lambda text: report_progress(say=text))
        report_progress(accounts=first_start.first_passwords(conn))
    return 0


if __name__ == "__main__":
    sys.exit(main())
