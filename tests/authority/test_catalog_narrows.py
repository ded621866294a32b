"""A city's own roles.toml may narrow what a role sees, and can widen nothing."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.authority.conftest import House, serving
from tests.authority.table import Case, Viewer, his_own, his_units, sees_case
from tests.authority.tally import Tally

NARROWED = {"operator": "own", "leader": "org"}
WIDENED = {"department": "all", "worker": "all", "public": "all", "admin": "all"}
WAYS = ("GET /api/v1/events", "GET /api/v1/events/{id}")


def expected(viewer: Viewer, case: Case) -> bool:
    match NARROWED.get(viewer.role):
        case "own":
            return his_own(viewer, case)
        case "org":
            return his_own(viewer, case) or his_units(viewer, case)
        case _:
            return sees_case(viewer, case)


@pytest.fixture(scope="module")
def another_city(house: House, catalog, tmp_path_factory) -> Iterator[Tally]:
    """The same world behind a web process that has a catalog of its own."""
    folder = tmp_path_factory.mktemp("catalog")
    entries = []
    for role, entry in catalog.roles.items():
        if sees := (NARROWED | WIDENED).get(str(role)):
            pages = ", ".join(f'"{page}"' for page in entry.pages)
            entries.append(f'[{role}]\npages = [{pages}]\nsees = "{sees}"\n')
    (folder / "roles.toml").write_text("\n".join(entries), encoding="utf-8")
    tally = Tally()
    with serving(house.world.url, house.home, BRAIN_CATALOG=str(folder)) as url:
        for viewer in house.world.viewers:
            if viewer.role not in NARROWED | WIDENED:
                continue
            with httpx.Client(
                base_url=url, cookies=house.as_(viewer).cookies, headers={"X-Brain": "1"}, timeout=60
            ) as client:
                marks = house.world.marks(client.get("/api/v1/events", params={"size": 200}).text)
                for case in house.world.cases:
                    may = expected(viewer, case)
                    tally.pair(WAYS[0], viewer, case, may=may, did=case.key in marks)
                    if case.key in marks or may or int(case.id[-1]) % 3 == 0:
                        did = client.get(f"/api/v1/events/{case.id}").status_code == 200
                        tally.pair(WAYS[1], viewer, case, may=may, did=did)
    print("\n" + tally.summary())
    yield tally


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_a_citys_catalog_narrows_a_role_and_widens_none(another_city, way):
    assert another_city.pairs[way] >= 200
    assert not (wrong := another_city.wrong(way)), "\n" + wrong
