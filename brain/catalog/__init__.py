"""What a city edits without a developer, as TOML; the loader checks it and names file and key on error.

Everything in `brain` and `ingest` may import it; it knows `model` only. Start reading at `sensors.toml` and
`categories.toml`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from brain.catalog import (
    _bounds,
    _categories,
    _city,
    _forms,
    _guide,
    _people,
    _security,
    _sensors,
    _sheets,
    _themes,
    _words,
    _work,
)
from brain.catalog._toml import FILES, Entry, read_files
from brain.catalog.records import (
    AlertLadder,
    BadCatalog,
    Bounds,
    Catalog,
    Category,
    Department,
    DutyLimits,
    OldCodes,
    Practice,
    RoleRights,
    Rule,
    SensorKind,
    Target,
    Weight,
    Words,
    WorkDays,
)
from brain.catalog.theme_records import Piece, Theme

__all__ = [
    "FILES",
    "AlertLadder",
    "BadCatalog",
    "Bounds",
    "Catalog",
    "Category",
    "Department",
    "DutyLimits",
    "OldCodes",
    "Piece",
    "Practice",
    "RoleRights",
    "Rule",
    "SensorKind",
    "Target",
    "Theme",
    "Weight",
    "Words",
    "WorkDays",
    "bounds",
    "load",
]

SHIPPED = Path(__file__).parent


@cache
def load(folder: str | None = None) -> Catalog:
    """The catalog, with the city's own `folder` (setting BRAIN_CATALOG) laid over the shipped files entry by entry.

    Raises BadCatalog: one Chinese sentence that names file and key and says how to mend it.
    """
    files = read_files(SHIPPED, Path(folder).expanduser() if folder else None)
    top = {name: Entry(name, "", files[name]) for name in FILES}
    words = _words.words(top["words.toml"])
    departments = _people.departments(top["departments.toml"])
    categories, old_codes = _categories.categories(top["categories.toml"], departments, words)
    themes = _themes.themes(top["themes.toml"])
    kinds, rules = _sensors.sensors(top["sensors.toml"], themes, categories, words)
    _themes.check(themes, kinds, words)
    practice, stage_limits, ladders, alert_ladders = _work.workflow(top["workflow.toml"], words)
    targets, scorecards, report = _work.kpi(top["kpi.toml"])
    any_duty, duties = _work.duties(top["duties.toml"])
    return Catalog(
        city=_city.city(top["city.toml"]),
        kinds=kinds,
        rules=rules,
        categories=categories,
        departments=departments,
        themes=themes,
        words=words,
        practice=practice,
        forms=_forms.wording(top["forms.toml"]),
        stage_limits=stage_limits,
        ladders=ladders,
        alert_ladders=alert_ladders,
        calendar=_work.calendar(top["calendar.toml"]),
        targets=targets,
        scorecards=scorecards,
        report=report,
        roles=_people.roles(top["roles.toml"]),
        plans=_work.plans(top["plans.toml"], themes),
        old_codes=old_codes,
        sheets=_sheets.sheets(top["sheets.toml"], departments, kinds, categories),
        any_duty=any_duty,
        duties=duties,
        bounds=_bounds.bounds(top["bounds.toml"]),
        security=_security.security(top["security.toml"]),
        guide=_guide.guide(top["guide.toml"]),
    )


@cache
def bounds(folder: str | None = None) -> Bounds:
    """bounds.toml alone, for what reads strangers' bytes and needs no more. Raises BadCatalog."""
    files = read_files(SHIPPED, Path(folder).expanduser() if folder else None)
    return _bounds.bounds(Entry("bounds.toml", "", files["bounds.toml"]))
