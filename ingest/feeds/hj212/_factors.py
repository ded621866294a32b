"""Factor codes of HJ 212 → our sensor kinds, with the unit on the wire where it is not the catalog's.

`factors.csv` holds the 379 codes of HJ 212-2017 annex B with name, 2005 code and unit (srdgame/lua-HJ212, hj212.csv, MIT; units
written as symbols). A code of 2005 is read as its successor. What the catalog has no kind for becomes `?code@unit`, under the
2017 code: mapped once, it counts for both editions.

Why the air kinds depend on ST: the codes name a substance, not where it is measured. PM10, SO2, NO2, CO and O3 are those of the
street for ST 22 (air quality) and 39 (dust of building sites); in a chimney (ST 31, 51) they are something else, in mg/m³ and a
thousand times more, and come as `?code`.

Why μg/m³ for them: all real frames of such stations send it (CO: mg/m³), though the table prints mg/m³ for the gases and ng/m³
for the particles. For codes where the table's ng/m³ cannot be meant (a34001 …) it gives no unit here.

No code of the table is a river's level: senders use one of their own, and it is mapped like any unknown code.
"""

from __future__ import annotations

import csv
import re
from functools import cache
from pathlib import Path

from ingest.feeds import BadMessage, _wire

AMBIENT = frozenset({"22", "39"})
KINDS = {
    "w00000": "water_flow@L/s",  # by the table; a logger that counts m³/h has to be set to L/s
    "w01001": "ph",
    "w01003": "turbidity",  # HJ 525-2009; not in annex B
    "w01009": "dissolved_oxygen",
    "w01010": "water_temp",
    "w01014": "conductivity",
    "w01019": "codmn",
    "w21001": "total_nitrogen",
    "w21003": "ammonia",
    "w21011": "total_phosphorus",
    "a01001": "air_temp",
    "a01002": "humidity",
    "a01007": "wind_speed",
}
AIR_KINDS = {
    "a34004": "pm25",
    "a34002": "pm10",
    "a21026": "so2",
    "a21004": "no2",
    "a05024": "o3",
    "a21005": "co",
}
ALSO = {"o3": "a05024", "107": "a34002", "925": "a34004"}
"""Codes seen in the field that no table has."""

_CODE = re.compile(r"[A-Za-z0-9_]{1,20}")


@cache
def _table() -> tuple[dict[str, str], dict[str, str]]:
    """(code in small letters → code of 2017, code of 2017 → unit). Codes of devices end in xx there, a number in a frame."""
    codes, units = dict(ALSO), {}
    with open(Path(__file__).with_name("factors.csv"), encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            code = row["code"]
            codes[code.lower()] = code
            if row["old"]:
                codes[row["old"].lower()] = code
            units[code] = row["unit"] if units.get(code, row["unit"]) == row["unit"] else ""  # two meanings: none
    return codes, units


def kind_of(code: str, st: str) -> str:
    """Kind of a factor in a message of system ST: ours, ours with the unit sent, or the sender's word for it."""
    if not _CODE.fullmatch(code):
        raise BadMessage("kind", f"因子编码“{_wire.short(code)}”不像 HJ 212 的编码；请核对数采仪的因子设置")
    codes, units = _table()
    now = codes.get(code.lower(), code)
    kind = KINDS.get(now) or (AIR_KINDS.get(now) if st in AMBIENT else None)
    if kind:
        return kind
    unit = units.get(now) or units.get(f"{now[:-2]}xx") or units.get(f"{now[:-1]}x")
    return f"?{now}@{unit}" if unit else f"?{now}"
