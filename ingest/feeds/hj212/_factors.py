"""Factor codes of HJ 212 → our sensor kinds, with the unit on the wire where it is not the catalog's.

`factors.csv` holds the 379 codes of HJ 212-2017 annex B with name, 2005 code and unit (srdgame/lua-HJ212, hj212.csv, MIT; units
written as symbols). A code of 2005 is read as its successor. What the catalog has no kind for becomes `?code@unit`, under the
2017 code: mapped once, it counts for both editions.

Why the kinds depend on ST: the codes name a substance, not where it is measured. w01018, w21003 and pH are a river's for ST 21
alone; what a plant lets out (ST 32, 52) has kinds and limits of its own and no class, and ground water and the sea (24, 26) have
standards of their own, which nothing here judges: they come as `?code`. PM10, SO2, NO2, CO and O3 are those of the street for ST 22
(air quality) and 39 (dust of building sites); in a chimney (ST 31, 51) they are something else, in mg/m³ and a thousand times more.
A system that the tables lack is taken for none of them.

Why hour and day means of outlets are kinds (`outlet_cod_1h`, `outlet_cod_1d`): limits are about means, and a rule asks by kind.
Where the kind is a mean that is held against a limit for exhaust, the converted concentration (`Zs…`, at the oxygen content of the
standard) goes before the measured one (`CONVERTED`): the limit is about that.

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

SURFACE, AMBIENT, SITES = frozenset({"21"}), frozenset({"22", "39"}), frozenset({"39"})
OUTFALLS, CHIMNEYS, SOUND = frozenset({"32", "52"}), frozenset({"31", "51"}), frozenset({"23", "36"})
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
}
WEATHER_KINDS = {"a01001": "air_temp", "a01002": "humidity", "a01007": "wind_speed"}
AIR_KINDS = {
    "a34004": "pm25",
    "a34002": "pm10",
    "a21026": "so2",
    "a21004": "no2",
    "a05024": "o3",
    "a21005": "co",
}
OUTFALL_KINDS = {
    "w00000": "outlet_flow@L/s",
    "w01010": "outlet_temp",
    "w01018": "outlet_cod",
    "w01001": "outlet_ph",
    "w01012": "outlet_ss",
    "w21001": "outlet_tn",
    "w21003": "outlet_ammonia",
    "w21011": "outlet_tp",
    "w03001": "outlet_alpha",
    "w03002": "outlet_beta",
}
CHIMNEY_KINDS = {
    "a00000": "exhaust_flow@m³/s",
    "a01011": "exhaust_speed",
    "a01012": "exhaust_temp",
    "a01013": "exhaust_pressure",
    "a01014": "exhaust_humidity",
    "a19001": "exhaust_o2",
    "a21002": "exhaust_nox",
    "a21026": "exhaust_so2",
    "a34013": "exhaust_dust",
    "a01901": "furnace_temp",
}
SOUND_KINDS = {"LA": "sound_la", "Leq": "sound_leq", "Ld": "sound_day", "Ln": "sound_night"}
BY_SYSTEM: tuple[tuple[frozenset[str], dict[str, str]], ...] = (
    (SURFACE, KINDS), (SURFACE | AMBIENT | SOUND, WEATHER_KINDS), (AMBIENT, AIR_KINDS), (OUTFALLS, OUTFALL_KINDS),
    (CHIMNEYS, CHIMNEY_KINDS), (SOUND | SITES, SOUND_KINDS),
)  # fmt: skip
MEANS = {"2061": "_1h", "2031": "_1d"}
LIMITED = frozenset({
    "outlet_cod", "outlet_ph", "outlet_ss", "outlet_tn", "outlet_ammonia", "outlet_tp", "exhaust_nox", "exhaust_so2", "exhaust_dust",
})  # fmt: skip
"""Kinds whose hour and day means are kinds of their own."""
HOURLY = frozenset({"sound_leq"})
CONVERTED = frozenset({"exhaust_nox", "exhaust_so2", "exhaust_dust"})
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


def kind_of(code: str, st: str, cn: str = "2011") -> str:
    """Kind of a factor in a message of system ST and command CN: ours, ours with the unit sent, or the sender's word for it."""
    if not _CODE.fullmatch(code):
        raise BadMessage("kind", f"因子编码“{_wire.short(code)}”不像 HJ 212 的编码；请核对数采仪的因子设置")
    codes, units = _table()
    now = codes.get(code.lower(), code)
    kind = next((kinds[now] for systems, kinds in BY_SYSTEM if st in systems and now in kinds), None)
    if kind:
        mean = kind in LIMITED or (kind in HOURLY and cn == "2061")
        return f"{kind}{MEANS.get(cn, '')}" if mean else kind
    unit = units.get(now) or units.get(f"{now[:-2]}xx") or units.get(f"{now[:-1]}x")
    return f"?{now}@{unit}" if unit else f"?{now}"


def is_code(name: str) -> bool:
    """Whether a name is a code of the table."""
    return name.lower() in _table()[0]


def converted(code: str, st: str, cn: str) -> bool:
    """Whether the converted concentration of a factor is the one that its limit is about."""
    return cn in MEANS and st in CHIMNEYS and CHIMNEY_KINDS.get(_table()[0].get(code.lower(), code)) in CONVERTED
