"""Parameters of rule types, declared: what may be written in `[rule.….params]`, and what is said when it is wrong.

A type lists its parameters as `PARAMS = {"floor": number("低于这个数值不判断", least=0.0)}`; the catalog reads a rule's params with
`read` and names file and key before the sentence.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, cast

from brain.model import Level

LEVELS = tuple(level.key for level in Level)
Reader = Callable[[object, tuple[str, ...]], Any]
"""(what stands in the file, inputs of the rule) → what rules get; raises BadParam."""


class BadParam(ValueError):
    """A parameter nobody can use: `key` below the params table, `why` one Chinese sentence that says how to mend it."""

    def __init__(self, key: str, why: str):
        super().__init__(f"{key}：{why}")
        self.key, self.why = key, why


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter. `says` is what it is for and `example` how it is written, both shown when it is missing or wrong; one
    that is not `required` and not written takes its `default` (None: it stays away)."""

    says: str
    kind: str
    example: str
    reader: Reader
    required: bool = True
    default: Any = None


def read(
    params: Mapping[str, Param], given: Mapping[str, object], inputs: tuple[str, ...], type_key: str
) -> dict[str, Any]:
    """The parameters as rules get them. Raises BadParam for the first one that is unknown, missing or wrong."""
    found: dict[str, Any] = {}
    for name, param in params.items():
        if name in given:
            try:
                found[name] = param.reader(given[name], inputs)
            except BadParam as bad:
                key = f"{name}.{bad.key}" if bad.key else name
                raise BadParam(key, f"{bad.why}（{name}：{param.says}；写法如 {name} = {param.example}）") from None
        elif param.required:
            raise BadParam(
                name, f"{type_key} 类规则需要这一项（{param.kind}，{param.says}），请补上，如 {name} = {param.example}"
            )
        elif param.default is not None:
            found[name] = param.default
    for name in given:
        if name not in params:
            known = (
                f"可用的是 {'、'.join(sorted(params))}，请改名或删去"
                if params
                else f"{type_key} 类规则没有参数，请删去"
            )
            raise BadParam(name, f"不认识的项{near(name, params)}；{known}")
    return found


def near(word: str, known: Iterable[str]) -> str:
    """“，是不是“…”？”, or nothing."""
    close = difflib.get_close_matches(word, list(known), n=1)
    return f"，是不是“{close[0]}”？" if close else ""


# Numbers and words --------------------------------------------------------------------------------------------------
def _whole(value: object, least: int, most: int | None = None) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise BadParam("", f"应是整数，现在是 {value!r}")
    if value < least:
        raise BadParam("", f"不能小于 {least}，现在是 {value}")
    if most is not None and value > most:
        raise BadParam("", f"不能大于 {most}，现在是 {value}")
    return value


def _number(value: object, least: float | None = None, most: float | None = None) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadParam("", f"应是数字，现在是 {value!r}")
    if least is not None and value < least:
        raise BadParam("", f"不能小于 {least:g}，现在是 {value:g}")
    if most is not None and value > most:
        raise BadParam("", f"不能大于 {most:g}，现在是 {value:g}")
    return float(value)


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise BadParam("", f"应是非空文字，现在是 {value!r}")
    return value


def _chosen(value: object, of: Iterable[str]) -> str:
    names = tuple(of)
    if not isinstance(value, str) or value not in names:
        raise BadParam("", f"只能是 {'、'.join(names)}{near(str(value), names)}，现在是 {value!r}")
    return value


def _table(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise BadParam("", f"应是表 {{ … }}，现在是 {value!r}")
    return cast("dict[str, object]", value)


def _list(value: object) -> list[object]:
    if not isinstance(value, list):
        raise BadParam("", f"应是列表 [ … ]，现在是 {value!r}")
    return cast("list[object]", value)


def at(key: object, reader: Callable[[], Any]) -> Any:
    """What a reader finds one step deeper; its complaint then names that step, too."""
    try:
        return reader()
    except BadParam as bad:
        raise BadParam(f"{key}.{bad.key}" if bad.key else str(key), bad.why) from None


def whole(
    says: str, *, least: int = 1, most: int | None = None, example: str = "2", default: int | None = None
) -> Param:
    return Param(says, "整数", example, lambda value, _: _whole(value, least, most), default is None, default)


def number(
    says: str, *, least: float | None = None, most: float | None = None, example: str = "1.0", required: bool = True
) -> Param:
    return Param(says, "数字", example, lambda value, _: _number(value, least, most), required)


def text(says: str, *, example: str, required: bool = True) -> Param:
    return Param(says, "文字", example, lambda value, _: _text(value), required)


def flag(says: str) -> Param:
    """true or false, false where it is not written."""

    def reader(value: object, inputs: tuple[str, ...]) -> bool:
        if not isinstance(value, bool):
            raise BadParam("", f"应是 true 或 false，现在是 {value!r}")
        return value

    return Param(says, "true 或 false", "true", reader, False, False)


def choice(says: str, *of: str, default: str | None = None) -> Param:
    return Param(says, " 或 ".join(of), f'"{of[0]}"', lambda value, _: _chosen(value, of), default is None, default)


# Levels -------------------------------------------------------------------------------------------------------------
def _level(value: object) -> Level:
    if not isinstance(value, str) or value not in LEVELS:
        raise BadParam("", f"级别只能是 {'、'.join(LEVELS)}{near(str(value), LEVELS)}，现在是 {value!r}")
    return Level.of(value)


def _by_level(value: object, least: float | None = None) -> dict[Level, float]:
    table = _table(value)
    found = {at(key, lambda k=key: _level(k)): at(key, lambda k=key: _number(table[k], least)) for key in table}
    return {level: found[level] for level in sorted(found, reverse=True)}


def level(says: str) -> Param:
    return Param(says, "级别", '"blue"', lambda value, _: _level(value))


def by_level(says: str, *, least: float | None = 0.0, example: str = "{ blue = 600 }") -> Param:
    """A number for each level that has one, mildest first; never required."""
    return Param(says, "按级别的数字表", example, lambda value, _: _by_level(value, least), False)


def number_by_name(says: str, *, example: str) -> Param:
    """A number by name; never required."""

    def reader(value: object, inputs: tuple[str, ...]) -> dict[str, float]:
        table = _table(value)
        return {name: at(name, lambda n=name: _number(table[n], 0.0)) for name in table}

    return Param(says, "按名字的数字表", example, reader, False)


def limits_by_name(says: str, *, example: str) -> Param:
    """Tables of limits by name; never required."""

    def reader(value: object, inputs: tuple[str, ...]) -> dict[str, dict[Level, float]]:
        table = _table(value)
        return {name: at(name, lambda n=name: _by_level(table[n])) for name in table}

    return Param(says, "几张按级别的数字表", example, reader, False)


def levels_of_values(says: str) -> Param:
    """Which level an enumerated value means: {value: level}."""

    def reader(value: object, inputs: tuple[str, ...]) -> dict[int, Level]:
        table = _table(value)
        for key in table:
            if not key.isdigit():
                raise BadParam(key, "左边应是状态值（不带符号的整数）")
        if not table:
            raise BadParam("", "至少要有一个状态值")
        return {int(key): at(key, lambda k=key: _level(table[k])) for key in table}

    return Param(says, "状态值到级别的表", '{ 1 = "yellow" }', reader)


def limits_wrong(limits: Mapping[Level, float], *, down: bool) -> str:
    """What is wrong with limits that do not grow with the level (fall, where low values are bad); "" when nothing is."""
    values = [limits[level] for level in sorted(limits, reverse=True)]
    if any(a <= b if down else a >= b for a, b in pairwise(values)):
        return f"限值矛盾：从蓝到红应逐级{'减小' if down else '增大'}，现在是 {values}"
    return ""


# Inputs and lists ---------------------------------------------------------------------------------------------------
def _input(value: object, inputs: tuple[str, ...]) -> str:
    if not isinstance(value, str) or value not in inputs:
        raise BadParam("", f"“{value}”不在本规则的 inputs 里{near(str(value), inputs)}")
    return value


def some_inputs(says: str, *, example: str) -> Param:
    """Some of the rule's inputs."""

    def reader(value: object, inputs: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_input(name, inputs) for name in _list(value))

    return Param(says, "若干个 inputs", example, reader)


def number_of_inputs(says: str, *, example: str) -> Param:
    """A positive number for each of some inputs."""

    def reader(value: object, inputs: tuple[str, ...]) -> dict[str, float]:
        found: dict[str, float] = {}
        for name, entry in _table(value).items():
            found[at(name, lambda n=name: _input(n, inputs))] = at(name, lambda e=entry: _number(e))
            if found[name] <= 0:
                raise BadParam(name, f"应是正数，现在是 {entry!r}")
        return found

    return Param(says, "按 inputs 的数字表", example, reader)


def pair_of_inputs(says: str, *, example: str) -> Param:
    """Two numbers for each of some inputs: [absolute, relative]."""

    def reader(value: object, inputs: tuple[str, ...]) -> dict[str, tuple[float, float]]:
        found: dict[str, tuple[float, float]] = {}
        for name, entry in _table(value).items():
            key = at(name, lambda n=name: _input(n, inputs))
            pair = at(name, lambda e=entry: _numbers(e, 2))
            found[key] = (float(pair[0]), float(pair[1]))
        return found

    return Param(says, "按 inputs 的 [绝对, 相对] 表", example, reader)


def _as_written(value: object) -> float:
    """A number, whole where it is written whole: tables of points are printed in evidence."""
    _number(value)
    return cast("float", value)


def _numbers(value: object, size: int) -> list[float]:
    found = [at(f"第 {n} 个", lambda e=entry: _as_written(e)) for n, entry in enumerate(_list(value), 1)]
    if len(found) != size:
        raise BadParam("", f"应有 {size} 个数字，现在是 {len(found)} 个")
    return found


def numbers(says: str, size: int, *, example: str) -> Param:
    return Param(says, f"{size} 个数字的列表", example, lambda value, _: _numbers(value, size))


def rows(says: str, width: int, *, example: str) -> Param:
    """A table of points: rows of `width` numbers whose first ones rise (but for the last row's, which takes the rest)."""

    def reader(value: object, inputs: tuple[str, ...]) -> list[list[float]]:
        found = [at(f"第 {n} 行", lambda e=entry: _numbers(e, width)) for n, entry in enumerate(_list(value), 1)]
        if not found:
            raise BadParam("", "至少要有一行")
        if any(low[0] >= high[0] for low, high in pairwise(found[:-1])):
            raise BadParam("", "各行的上限应逐行增大")
        return found

    return Param(says, f"每行 {width} 个数字的表", example, reader)


def fields(says: str, inner: Mapping[str, Param], *, example: str) -> Param:
    """A table with parameters of its own; never required itself."""

    def reader(value: object, inputs: tuple[str, ...]) -> dict[str, Any]:
        return read(inner, _table(value), inputs, "这张表所在的")

    return Param(says, "表", example, reader, False)


def one_input(says: str, *, example: str) -> Param:
    return Param(says, "一个 inputs", example, lambda value, inputs: _input(value, inputs))
