"""How `pytest -n` shares the tests out: what shares a server stays together, and everything that is named is there."""

from __future__ import annotations

from pathlib import Path

from tests import shares

TOP = Path(__file__).parents[2]


def test_everything_that_is_shared_out_by_name_is_there():
    assert [named for named in (*shares.TOGETHER, *shares.FIRST) if not (TOP / named).exists()] == []


def test_tests_of_one_folder_with_a_server_stay_together_and_all_others_with_their_file():
    assert shares.share("tests/web/test_wall.py::test_a[b::c]") == "tests/web"
    assert shares.share("tests/web/intake/test_intake_page.py::test_a") == "tests/web"
    assert shares.share("tests/web/phone/test_phone.py::test_a") == "tests/web/phone"
    assert shares.share("tests/rules/test_sla.py::test_a") == "tests/rules/test_sla.py"


def test_the_dear_ones_begin_and_a_rooms_own_place_goes_before_its_folders():
    begun = sorted(["tests/rules/test_sla.py", "tests/record/test_alerts.py", "tests/record/intake/test_beat.py",
                    "tests/faults", "tests/web"], key=shares.place)  # fmt: skip
    assert begun == ["tests/web", "tests/faults", "tests/record/intake/test_beat.py", "tests/record/test_alerts.py",
                     "tests/rules/test_sla.py"]  # fmt: skip
