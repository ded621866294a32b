"""HJ 212 数采仪: what gateways of water, air and dust stations send over TCP, editions 2005, 2017 and 2025 side by side.

A payload is one frame, or the packets of one split message one behind the other (`_frame.py`, `_packets.py`); with the station's
SM4 key (`keys.py`) its data area may be encrypted. What becomes of it:

- The station is MN, in the sender's words; `intake_mapping` says which of ours it is.
- CN 2011 (real time), 2051 (minutes), 2061 (hours) and 2031 (days) are readings. Of 2011 `Rtd` is taken, of the others
  `Avg` (each the other where its own is missing, and `Data` of noise). Left out: Min, Max; the converted `Zs…` but for hour and
  day means of exhaust, whose limits are about it; `Cou`, which is an amount in the period (kg, m³) and not the quantity
  that the kind names; `Info`, which is a state.
- Observed at DataTime, Beijing time. For minutes, hours and days that is the beginning of the period, as the standard
  counts: hour data of 08:00 are the mean from 08:00 to 09:00. They come under the same kind as the real-time values
  (the limited quantities of outlets: under kinds of their own) and are told apart by `seq`, which is their CN; else the mean
  of the day and the value of midnight would be one reading.
  A real-time message without DataTime is dated by QN; a mean without it is refused.
- Quality is the data flag of each factor (`_wire.FLAGS`; those of 2005 alone by `flags.toml`), N where there is none.
- A factor is refused, and its neighbours stay, where its value or flag may be two: a comma within it, or the field twice.
- Kinds and units by `_factors.py`; codes that the catalog has no kind for come as `?code`, so that they can be mapped.
- Talk between systems (ST 91; CN 1xxx, 3xxx, 9xxx) and the states of the gateway (CN 2021, 2041, 2081 …) hold no readings.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from brain.model import Reading
from ingest.feeds import ANY, BadMessage, Claim, Feed, _wire
from ingest.feeds.hj212 import _factors, _flags, _frame, _packets
from ingest.feeds.hj212._frame import Frame, Piece, answer, build, split
from ingest.feeds.hj212._packets import Doubt

__all__ = ["FEED", "answer", "build", "claims", "cut", "parse", "split"]

FEED = Feed("hj212", "HJ 212 数采仪", ANY, "", "sthj", gbk=True)

ONE_BY_ONE = "/each"
"""Ends the topic of packets that were delivered as messages of their own, because their sender waits for an answer to each."""
TAKEN = {
    "2011": ("rtd", "avg", "data"),
    "2051": ("avg", "rtd", "data"),
    "2061": ("avg", "rtd", "data"),
    "2031": ("avg", "rtd", "data"),
}
NO_READINGS = frozenset({"2012", "2021", "2022", "2041", "2081"})
CONVERTED = ("zsavg", "zsrtd")
LEFT_OUT = frozenset({"cou", "zscou", "info", "flag", "sampletime"})
"""A factor with nothing else has no value, and that is no fault."""


def cut(data: bytes) -> list[bytes]:
    """The messages of a recorded stream or file; the packets of a split one together, what is no frame by itself."""
    return [b"\r\n".join(piece.data for piece in message) + b"\r\n" for message in _messages(data)]


def _messages(data: bytes) -> list[list[Piece]]:
    """The pieces of a stream, the packets of one message together. A packet number that comes again with other bytes begins
    another message (without QN two look alike)."""
    found: list[list[Piece]] = []
    together: dict[tuple[str, str, str], dict[int, bytes]] = {}
    of: dict[tuple[str, str, str], list[Piece]] = {}
    for piece in _frame.pieces(data, last=True)[0]:
        frame = _packet(piece)
        if frame is None:
            found.append([piece])
            continue
        numbers = together.get(frame.message)
        if numbers is None or numbers.get(frame.number, piece.data) != piece.data:
            numbers = together[frame.message] = {}
            of[frame.message] = []
            found.append(of[frame.message])
        if frame.number not in numbers:
            numbers[frame.number] = piece.data
            of[frame.message].append(piece)
    return found


def _packet(piece: Piece) -> Frame | None:
    """The frame, where it is one of several."""
    if not piece.whole or b"PNUM=" not in piece.data:
        return None
    try:
        frame = _frame.read(piece.data)
    except BadMessage:
        return None
    return frame if frame.total > 1 else None


def parse(topic: str, payload: bytes, received_at: datetime) -> list[Reading]:
    """Readings of one message, or of several frames one behind the other. Raises BadMessage only."""
    good: list[Reading] = []
    first, bad = None, 0
    messages = _messages(payload)
    for message in messages:
        if first and not message[0].whole:
            bad += 1  # no frame: one reason is enough
            continue
        try:
            good += _read([_frame.read(piece.data) for piece in message], received_at, one_by_one=topic.endswith(ONE_BY_ONE))
        except BadMessage as err:
            good += err.rest
            first, bad = first or err, bad + 1
    if not messages:
        raise BadMessage("decode", "报文是空的；请核对是否有别的设备接在这个端口上")
    if first:
        raise BadMessage(first.rule, first.reason + (f"；另有 {bad - 1} 处" if bad > 1 else ""), good)
    return good


def claims(payload: bytes) -> list[Claim]:
    """MN and PW of each frame that can be read; PW is empty where a frame has none."""
    found = []
    for piece in _frame.pieces(payload, last=True)[0]:
        try:
            frame = _frame.read(piece.data)
        except BadMessage:
            continue
        found.append(Claim(frame.mn, frame.fields.get("PW", "")))
    return found


def _read(frames: list[Frame], received_at: datetime, one_by_one: bool) -> list[Reading]:
    """The readings of a message whose packets these are."""
    frames = sorted(frames, key=lambda one: one.number)
    frame = frames[0]
    if not frame.carries_data or frame.cn[:1] == "3" or frame.cn in NO_READINGS:
        return []
    if frame.cn not in TAKEN:
        raise BadMessage(
            "command", f"CN={frame.cn} 的数据还不收，能收的是 {'、'.join(TAKEN)}；已原样留存，如需要请联系开发扩充"
        )
    errors: list[BadMessage] = []
    absent = "" if one_by_one else _packets.missing(frames)
    if absent:
        errors.append(BadMessage("packets", f"{absent}；已到的照常入库，请核对线路和数采仪的拆包，由测站补发"))
    factors: dict[tuple[datetime | None, str], dict[str, str]] = {}
    dated_by_request = (
        frame.cn == "2011" and frame.number == 1 and not absent
    )  # else the time may be in what is missing
    at = _moment_of_request(frame) if dated_by_request else None
    used = ("flag", *TAKEN[frame.cn], *CONVERTED)
    for run in _packets.runs(frames):
        found, strange = _packets.fields(run)
        errors += [BadMessage("shape", f"{said}；请核对数采仪的组包程序") for said in strange]
        times: list[str] = []  # those that nothing has followed
        for name, value in found:
            code, dash, field = name.partition("-")
            if dash:
                times.clear()
                known, field = factors.setdefault((at, code), {}), field.lower()
                before = known.get(field)
                if before is not None and not _packets.same(before, value):
                    value = Doubt.twice(name, before, value)
                    before = None
                if before is None:
                    known[field] = value
                if type(value) is Doubt and field not in used and field != "info":  # a text may have commas
                    errors.append(BadMessage("shape", value.reason))
            elif name.lower() == "datatime":
                times.append(value)
                try:
                    at = _time(times, frame, received_at)
                except BadMessage as err:
                    errors.append(err)
                    at = None
            elif _factors.is_code(name):
                errors.append(BadMessage("shape", f"“{_wire.short(name)}”后面没有写是哪一项（-Rtd、-Avg……）；请核对数采仪的组包程序"))
            elif type(value) is Doubt:
                errors.append(BadMessage("shape", value.reason))
    try:
        good = _wire.gather(
            factors.items(), lambda item: _reading(frame, *item[0], item[1]),
            f"CN={frame.cn} 的数据区里一个数值也没有；请核对仪器是否在线",
        )  # fmt: skip
    except BadMessage as err:
        good = err.rest
        errors.append(err)
    if len({(one.kind, one.at) for one in good}) < len(good):
        good = _once(good, errors)
    if errors:
        more = f"；另有 {len(errors) - 1} 处" if len(errors) > 1 else ""
        raise BadMessage(errors[0].rule, errors[0].reason + more, good)
    return good


def _time(times: list[str], frame: Frame, received_at: datetime) -> datetime:
    """The DataTime that governs what follows; of two with nothing between them nobody knows which."""
    for value in times:
        if type(value) is Doubt:
            raise BadMessage("time", value.reason)
        if not _packets.same(value, times[0]):
            raise BadMessage("time", Doubt.twice("DataTime", times[0], value).reason)
    return _wire.when(times[0], "DataTime", about=received_at)


def _once(good: list[Reading], errors: list[BadMessage]) -> list[Reading]:
    """The readings without those that are one quantity at one time under two codes (001 and w01001) with two values."""
    first: dict[tuple[str, datetime], Reading] = {}
    bad: set[tuple[str, datetime]] = set()
    for one in good:
        key = one.kind, one.at
        other = first.setdefault(key, one)
        if (other.value, other.quality) != (one.value, one.quality) and key not in bad:
            bad.add(key)
            errors.append(
                BadMessage(
                    "shape", f"同一个量“{_wire.short(one.kind)}”用两个因子编码报了两次，值不同：{other.value:g} 与 {one.value:g}，"
                    "不知道哪个对；请核对数采仪的因子设置",
                )
            )  # fmt: skip
    return [one for one in good if (one.kind, one.at) not in bad]


def _reading(frame: Frame, at: datetime | None, code: str, fields: dict[str, str]) -> Reading | None:
    names = TAKEN[frame.cn]
    if _factors.converted(code, frame.st, frame.cn):
        names = (*CONVERTED, *names)
    present = [name for name in names if name in fields]
    taken = next((name for name in present if fields[name]), present[0] if present else None)
    where = _wire.short(code)
    if taken is None:
        if fields.keys() <= LEFT_OUT:
            return None
        raise BadMessage(
            "shape", f"因子 {where} 没有 Rtd 或 Avg，只有“{_wire.short('、'.join(fields))}”；请核对数采仪的上报项"
        )
    flag = fields.get("flag")
    for said in (fields[taken], flag):
        if type(said) is Doubt:
            raise BadMessage("value", said.reason)
    found = _wire.measured(fields[taken], f"{where}-{taken.title()}")
    if found is None:
        return None
    value, quality = found[0], _wire.worse(_flags.quality(flag, frame.st, f"{where}-Flag"), found[1])
    if at is None:
        raise BadMessage(
            "time", "没有可用的数据时间 DataTime；请在数采仪上为每条数据（拆包时为每包）填好 DataTime 并校时"
        )
    seq = "" if frame.cn == "2011" else frame.cn
    return Reading(frame.mn, _factors.kind_of(code, frame.st, frame.cn), at, value, quality, seq)


def _moment_of_request(frame: Frame) -> datetime | None:
    """The time in QN (yyyyMMddHHmmss and milliseconds); None when it is none."""
    said = frame.fields.get("QN", "")
    if not (said.isascii() and said.isdigit() and len(said) in (14, 17)):
        return None
    try:
        whole = datetime.strptime(said[:14], "%Y%m%d%H%M%S").replace(tzinfo=_wire.BEIJING)
    except ValueError:
        return None
    return (whole + timedelta(milliseconds=int(said[14:] or 0))).astimezone(UTC)
