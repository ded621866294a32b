"""Fields that several resources of the API take or give: a coordinate in any system, a text that the database can hold."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints

from brain.rules.strangers import plain_text
from geo import crs

CRS = Literal["wgs84", "cgcs2000", "gcj02", "bd09"]
SYSTEMS = {
    "wgs84": crs.System.WGS84,
    "cgcs2000": crs.System.CGCS2000,
    "gcj02": crs.System.GCJ02,
    "bd09": crs.System.BD09,
}
Lng = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
Lat = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
CLEAN = r"^[^\x00]*$"  # PostgreSQL's text holds every character but this one


def text(most: int, least: int = 0) -> Any:
    """A string type: length in characters, nothing the database could not hold; what XML could not hold is taken out."""
    clean = StringConstraints(max_length=most, min_length=least, pattern=CLEAN, strip_whitespace=True)
    return Annotated[str, clean, AfterValidator(plain_text)]


def stored(lng: float, lat: float, system: CRS) -> tuple[float, float]:
    """Degrees of any system as they are stored (EPSG:4490)."""
    x, y = crs.convert(lng, lat, SYSTEMS[system])
    return float(x), float(y)


def gcj(lng: float, lat: float) -> list[float]:
    """The same place for a map app: GCJ-02 degrees, to a tenth of a metre."""
    x, y = crs.wgs84_to_gcj02(lng, lat)
    return [round(float(x), 6), round(float(y), 6)]
