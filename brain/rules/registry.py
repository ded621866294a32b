"""Which rule types there are: every file of `types/`, found by its name. A file is its own registration."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from types import ModuleType
from typing import Any, cast

from brain.model import Judgement, Reading, RuleState, Station
from brain.rules import explaining, types
from brain.rules.contract import Graded, Rule, RuleType, Type
from brain.rules.explaining import Explanation
from brain.rules.params import Param

PARTS = ("TYPE", "PARAMS", "grade", "say")


class BadType(TypeError):
    """A file of `types/` that is no rule type; the sentence names the file and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Registered:
    """A rule type as `thresholds` asks it; calling it judges."""

    type: Type
    params: Mapping[str, Param]
    module: RuleType

    def __call__(
        self, rule: Rule, station: Station, trail: Sequence[Reading], held: RuleState, now: datetime
    ) -> Judgement:
        graded = self.module.grade(rule, station, trail, held, now)
        if graded.action == "hold":
            return Judgement(
                graded.state, "hold", graded.level, graded.value, graded.limit, due=graded.due, flags=graded.flags
            )
        evidence = explaining.of_change(rule, station, held.level, graded.evidence())
        return Judgement(
            graded.state, graded.action, graded.level, graded.value, graded.limit, self.module.say(rule, graded),
            evidence, graded.due, graded.flags,
        )  # fmt: skip

    def explain(
        self, rule: Rule, station: Station, trail: Sequence[Reading], held: RuleState, now: datetime
    ) -> Explanation:
        graded: Graded[Any] = self.module.grade(rule, station, trail, held, now)
        evidence = graded.evidence()
        whole = explaining.of_any(rule, station, held.level, graded, evidence)
        if graded.action != "hold":
            return Explanation(graded.action, graded.level, None, self.module.say(rule, graded), whole, graded.due)
        cause = evidence.standing.cause if evidence.standing else None
        says = explaining.why_not(rule, graded.level, evidence)
        return Explanation("hold", graded.level, cause, says, whole, graded.due)


def find(folders: Iterable[str]) -> dict[str, Registered]:
    """The rule types of some folders by name, those of `brain.rules.types` as long as they stand on its path.

    Raises BadType for a file without one of PARTS, under another name than its TYPE says, or found twice.
    """
    found: dict[str, Registered] = {}
    for name in [info.name for folder in folders for info in pkgutil.iter_modules([folder])]:
        if name in found:
            raise BadType(f"rules/types/{name}.py：有两个同名的规则类型，请改掉其中一个的文件名")
        found[name] = _registered(name, import_module(f"{types.__name__}.{name}"))
    return found


def _registered(name: str, module: ModuleType) -> Registered:
    where = f"rules/types/{name}.py"
    if lost := [part for part in PARTS if not hasattr(module, part)]:
        raise BadType(f"{where}：缺少 {'、'.join(lost)}，规则类型的文件要有 {'、'.join(PARTS)}，请补上")
    kind, params = module.TYPE, cast("object", module.PARAMS)
    if not isinstance(kind, Type):
        raise BadType(f'{where}：TYPE 应写成 Type("{name}", "中文名")，请改正')
    if kind.key != name:
        raise BadType(f"{where}：TYPE 写的是“{kind.key}”，应与文件名相同，请改成“{name}”")
    declared = cast("dict[str, object]", params) if isinstance(params, dict) else {"": None}
    if not all(isinstance(p, Param) for p in declared.values()):
        raise BadType(f"{where}：PARAMS 应是“参数名 → rules.params 里的一种参数”，请改正")
    if lost := [part for part in ("grade", "say") if not callable(getattr(module, part))]:
        raise BadType(f"{where}：{'、'.join(lost)} 应是函数，请改正")
    return Registered(kind, cast("dict[str, Param]", declared), cast(RuleType, module))


TYPES: dict[str, Registered] = find(types.__path__)
"""Every rule type by name."""
