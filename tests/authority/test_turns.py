"""Few passwords are hashed at once; who waits too long is told so, in the same words whoever he is."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from brain.catalog.security import Hashes
from brain.model import Refused
from brain.web.door.turns import BUSY, Turns


async def crowd(turns: Turns, people: int, *, known: bool = False) -> tuple[int, int, int]:
    """(most at once, passed, refused) of so many who come together; each stays until all who can have come in."""
    inside = most = passed = refused = 0

    async def one() -> None:
        nonlocal inside, most, passed, refused
        try:
            async with turns.turn(known=known):
                inside += 1
                most = max(most, inside)
                await asyncio.sleep(0)
                inside -= 1
                passed += 1
        except Refused as err:
            assert (str(err), err.code) == (BUSY, "busy")
            refused += 1

    await asyncio.gather(*(one() for _ in range(people)))
    return most, passed, refused


def test_no_more_than_so_many_at_once_and_everybody_who_may_wait_has_his_turn():
    assert asyncio.run(crowd(Turns(Hashes(2, 1, 100, 5.0)), 60)) == (2, 60, 0)


def test_a_queue_has_an_end():
    most, passed, refused = asyncio.run(crowd(Turns(Hashes(2, 1, 10, 5.0)), 60))
    assert most == 2 and passed + refused == 60 and refused >= 40


def test_nobody_waits_longer_than_he_must_and_his_place_is_free_again():
    async def go() -> None:
        turns = Turns(Hashes(1, 1, 10, 0.01))
        async with turns.turn(known=False):
            with pytest.raises(Refused, match=BUSY):
                async with turns.turn(known=False):
                    pass
            async with turns.turn(known=True):  # strangers do not keep those out who are known
                pass
        async with turns.turn(known=False):
            pass
        assert turns.strange.waiting == turns.known.waiting == 0

    asyncio.run(go())


def test_a_turn_ends_where_the_look_fails():
    async def go() -> None:
        turns = Turns(Hashes(1, 1, 10, 0.01))
        for _ in range(3):
            with pytest.raises(Refused, match="不对"):
                async with turns.turn(known=False):
                    raise Refused("不对", "login")

    asyncio.run(go())


def test_the_answer_to_who_must_wait_is_the_same_for_known_and_unknown_accounts(house, tmp_path_factory):
    """A catalog with room for one and no queue: of twenty who come at once most are told to come later."""
    from concurrent.futures import ThreadPoolExecutor
    from pathlib import Path
    from shutil import copytree

    import brain.catalog
    from tests.authority.conftest import serving

    folder = tmp_path_factory.mktemp("city") / "catalog"
    copytree(Path(brain.catalog.__file__).parent, folder, ignore=lambda _, names: [n for n in names if not n.endswith(".toml")])
    said = (folder / "security.toml").read_text(encoding="utf-8")
    assert said.count("waiting = 40") == 1
    said = said.replace("waiting = 40", "waiting = 1").replace("wait_s = 15", "wait_s = 0.5")
    (folder / "security.toml").write_text(said, encoding="utf-8")
    home = tmp_path_factory.mktemp("busy")
    with serving(house.world.url, home, BRAIN_CATALOG=str(folder)) as url, ThreadPoolExecutor(20) as pool:

        def knock(login: str) -> httpx.Response:
            return httpx.post(url + "/login", json={"login": login, "password": "Falsch-2026!"}, timeout=60)

        answers = list(pool.map(lambda n: knock("chief.all" if n % 2 else "nobody.here"), range(24)))
        busy = {name: [a for n, a in enumerate(answers) if n % 2 == odd and a.status_code == 503] for odd, name in enumerate(("no", "yes"))}
        assert busy["no"] and busy["yes"], [a.status_code for a in answers]
        assert {a.text for a in busy["no"]} == {a.text for a in busy["yes"]} and BUSY in busy["no"][0].text
        assert busy["no"][0].headers["Retry-After"]
