"""What `brain report` does: write one month's report to a file."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from brain.catalog import Catalog
from brain.identity.doing import act_audited, at_the_console
from brain.model import Refused
from brain.report import docx, places, snapshot
from brain.store import db


def write_file(url: str, catalog: Catalog, period: str, path: str | Path, now: datetime | None = None) -> Path:
    """Write the frozen report of a month (a draft where there is none) as .docx; returns the path.

    Raises Refused, with a Chinese sentence, for a month that is not one or has not begun, and for a path that is not a .docx.
    """
    target = Path(path)
    if target.suffix.lower() != ".docx":
        raise Refused(f"输出文件 {target} 应以 .docx 结尾", "path")
    now = now or datetime.now(UTC)
    with db.connect(url, name="brain report") as conn:
        try:
            made = snapshot.current(conn, catalog, period, now)
        except ValueError as err:
            raise Refused(str(err), "period") from None
        outlines = places.outlines(conn)
        target.parent.mkdir(parents=True, exist_ok=True)
        act_audited(
            conn, at_the_console(), "report.download", period, now, lambda: docx.write(made, target, outlines), version=made["version"]
        )
    return target
