"""Reading TOML so that every mistake names file and key and says how to mend it."""

from __future__ import annotations

import difflib
import re
import tomllib
from pathlib import Path
from typing import Any

from brain.catalog.records import BadCatalog
from brain.model import Clock, Level, Limit

FILES = (
    "city.toml",
    "themes.toml",
    "sensors.toml",
    "categories.toml",
    "departments.toml",
    "calendar.toml",
    "roles.toml",
    "words.toml",
    "plans.toml",
    "workflow.toml",
    "forms.toml",
    "kpi.toml",
    "sheets.toml",
    "duties.toml",
    "bounds.toml",
    "security.toml",
    "guide.toml",
)
GUESTS = ("intake.toml", "units.toml", "poll.toml", "families.toml", "lorawan.toml", "milesight.toml", "provenance.toml")
"""Files of the same folder that intake reads."""
_MISSING = object()
_KIND_WORDS = {
    str: "文字",
    int: "整数",
    float: "数字",
    bool: "true 或 false",
    list: "列表 [ … ]",
    dict: "表 { … }",
}
_CLOCKS = {"u": Clock.URGENT_HOUR, "h": Clock.WORK_HOUR, "d": Clock.WORK_DAY, "ud": Clock.NATURAL_DAY}


def parse(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BadCatalog(f"缺少目录文件 {path}，请恢复该文件") from None
    except UnicodeDecodeError:
        raise BadCatalog(f"{path} 不是 UTF-8 编码，请另存为 UTF-8") from None
    except tomllib.TOMLDecodeError as err:
        raise BadCatalog(f"{path} 不是合法的 TOML：{err}；请按提示的行列改正") from None
    except OSError as err:
        raise BadCatalog(f"{path} 读不了：{err.strerror}；请检查权限") from None


def merge(below: Any, above: Any) -> Any:
    """Tables merge key by key, anything else is replaced; `drop = true` takes an entry out."""
    if not (isinstance(below, dict) and isinstance(above, dict)):
        return above
    merged = dict(below)
    for key, value in above.items():
        if isinstance(value, dict) and value.get("drop") is True:
            merged.pop(key, None)
        else:
            merged[key] = merge(merged[key], value) if key in merged else value
    return merged


def read_files(shipped: Path, folder: Path | None) -> dict[str, dict[str, Any]]:
    """All catalog files, the city's own folder laid over the shipped ones entry by entry."""
    files = {name: parse(shipped / name) for name in FILES}
    if folder is None:
        return files
    if not folder.is_dir():
        raise BadCatalog(f"BRAIN_CATALOG 指向的目录 {folder} 不存在，请改正或留空")
    for path in sorted(folder.glob("*.toml")):
        if path.name in GUESTS:
            continue
        if path.name not in files:
            known = (*FILES, *GUESTS)
            raise BadCatalog(f"{path}：不认识的文件名；可用的是 {'、'.join(known)}{near(path.name, known)}")
        files[path.name] = merge(files[path.name], parse(path))
    return files


def near(word: str, known: Any) -> str:
    close = difflib.get_close_matches(word, list(known), n=1)
    return f"，是不是“{close[0]}”？" if close else ""


class Entry:
    """One table of a file. `take` removes a key and checks its type; `done` refuses what is left over."""

    def __init__(self, file: str, key: str, data: Any):
        if not isinstance(data, dict):
            raise BadCatalog(f"{file} 的 {key or '顶层'} 应是一张表，现在是 {data!r}")
        self.file, self.key, self._data, self._known = file, key, dict(data), set()

    def where(self, name: str = "") -> str:
        path = ".".join(part for part in (self.key, name) if part)
        return f"{self.file} 的 {path or '顶层'}"

    def wrong(self, name: str, why: str) -> BadCatalog:
        return BadCatalog(f"{self.where(name)}：{why}")

    def has(self, name: str) -> bool:
        return name in self._data

    def names(self) -> list[str]:
        """What is still to be taken."""
        return list(self._data)

    def is_text(self, name: str) -> bool:
        return isinstance(self._data.get(name), str)

    def allow(self, names: Any) -> None:
        """Names that may be given, for the message about one that may not."""
        self._known |= set(names)

    def take(self, name: str, kind: type, default: Any = _MISSING) -> Any:
        """Value of a key, removed. Integers pass for numbers; True never passes for one."""
        self._known.add(name)
        if name not in self._data:
            if default is _MISSING:
                raise self.wrong(name, f"缺少这一项，请补上 {name} = （{_KIND_WORDS[kind]}）")
            return default
        value = self._data.pop(name)
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        if not isinstance(value, kind) or (kind in (int, float) and isinstance(value, bool)):
            raise self.wrong(name, f"应是{_KIND_WORDS[kind]}，现在是 {value!r}")
        return value

    def one_of(self, name: str, known: Any, default: Any = _MISSING) -> str:
        value = self.take(name, str, default)
        if value not in known and value is not default:
            raise self.wrong(name, f"“{value}”不在 {'、'.join(map(str, known))} 之中{near(value, known)}")
        return value

    def texts(self, name: str, default: Any = _MISSING) -> tuple[str, ...]:
        values = self.take(name, list, default)
        if any(not isinstance(v, str) or not v.strip() for v in values):
            raise self.wrong(name, "列表里每一项都应是非空文字")
        return tuple(values)

    def table(self, name: str, default: Any = _MISSING) -> Entry:
        return Entry(self.file, ".".join(p for p in (self.key, name) if p), self.take(name, dict, default))

    def entries(self, name: str, default: Any = _MISSING) -> dict[str, Entry]:
        """A table of tables."""
        table = self.table(name, default)
        return {key: Entry(self.file, f"{table.key}.{key}", value) for key, value in table._data.items()}

    def items(self) -> dict[str, Any]:
        """All keys left, taken at once: for tables whose keys are free."""
        data, self._data = self._data, {}
        return data

    def limit(self, name: str, default: Any = _MISSING) -> Limit:
        text = self.take(name, str, default)
        return text if text is default else parse_limit(text, self.where(name))

    def levels(self, name: str, default: Any = _MISSING) -> dict[Level, float]:
        """A table of numbers by level, mildest first."""
        table = self.table(name, default)
        found: dict[Level, float] = {}
        for key in list(table._data):
            if key not in {level.key for level in Level}:
                raise table.wrong(key, f"级别只能是 blue、yellow、orange、red{near(key, [v.key for v in Level])}")
            found[Level.of(key)] = table.take(key, float)
        return {level: found[level] for level in sorted(found, reverse=True)}

    def done(self) -> None:
        if self._data:
            key = sorted(self._data)[0]
            raise self.wrong(
                key, f"不认识的项{near(key, self._known)}；可用的是 {'、'.join(sorted(self._known))}，请改名或删去"
            )


def parse_limit(text: str, where: str) -> Limit:
    """`10min`, `2u` 紧急工作时, `4h` 工作时, `5d` 工作日, `2ud` 自然日 (also 紧急工作日)."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(min|ud|u|h|d)", text.strip())
    if not match or float(match[1]) <= 0:
        raise BadCatalog(
            f"{where}：时限“{text}”看不懂；"
            "写法是 10min（分钟）、2u（紧急工作时）、4h（工作时）、5d（工作日）、2ud（自然日）"
        )
    if match[2] == "min":
        return Limit(Clock.URGENT_HOUR, float(match[1]) / 60)
    return Limit(_CLOCKS[match[2]], float(match[1]))
