"""What a verb must bring and what must be true: the guards named in `lifecycle.MOVES`.

Each guard looks at the event, the actor, what he handed in and the facts around, and gives a Refused (one Chinese
sentence that says how to mend it, and a code) or None.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from brain.model import Actor, Event, Refused, Role
from brain.rules.given import Given

R = Role
HANDLERS = frozenset({R.DEPARTMENT, R.WORKER})
SUPERVISORS = frozenset({R.CHIEF, R.LEADER})


@dataclass(frozen=True, slots=True)
class Facts:
    """What is true around the event at this moment, looked up by the caller.

    `practice` is `catalog.practice`. `sensor_firing`: the alert behind the event is still open. `is_last_handler`: the
    actor handled it last (the row's `handler_id` is looked at anyway). `is_reporter`: the actor reported it, or speaks
    for the reporter. `extension_asked_at`: when the department asked for the extension now being granted.
    `suspensions`: how often it was suspended already. `distance_m`: how far from the event the actor stands (None: unknown).
    """

    now: datetime
    practice: Any
    sensor_firing: bool = False
    is_last_handler: bool = False
    is_reporter: bool = False
    extension_asked_at: datetime | None = None
    suspensions: int | None = None
    known_orgs: frozenset[str] = frozenset()
    distance_m: float | None = None


# Guards -------------------------------------------------------------------------------------------------------------
Guard = Callable[[Event, Actor, Given, Facts], Refused | None]


def _no(code: str, message: str) -> Refused:
    return Refused(message, code)


def _reason(event: Event, actor: Actor, given: Given, facts: Facts) -> Refused | None:
    return None if (given.reason or "").strip() else _no("reason_missing", "请填写原因")


def _note(event: Event, actor: Actor, given: Given, facts: Facts) -> Refused | None:
    said = (given.note or given.reason or "").strip()
    return None if said else _no("note_missing", "内容是空的，请填写说明（关联重复件时填写另一案卷编号）")


def _photo(event: Event, actor: Actor, given: Given, facts: Facts) -> Refused | None:
    return None if given.photos else _no("photo_missing", "请至少附一张现场照片")


def _org(event: Event, actor: Actor, given: Given, facts: Facts) -> Refused | None:
    if not given.org:
        return _no("org_missing", "请选择承办单位")
    if facts.known_orgs and given.org not in facts.known_orgs:
        return _no("org_unknown", f"没有单位“{given.org}”，请从单位表中选择")
    return None


def _near(event: Event, actor: Actor, given: Given, facts: Facts) -> Refused | None:
    """Within reach of the event's place, or with a stated reason; an unknown place needs the reason too."""
    if (given.reason or "").strip():
        return None
    limit = facts.practice.near_m
    if facts.distance_m is None:
        return _no("place_missing", f"没有取得现场定位：请开启定位，或说明不能在 {limit:g} 米内提交的原因")
    if facts.distance_m <= limit:
        return None
    return _no("too_far", f"您距事发点 {facts.distance_m:.0f} 米，超过 {limit:g} 米：请到现场再提交，或说明原因")


def _condition(listed: tuple[str, ...], given: str | None, name: str, code: str) -> Refused | None:
    if not (given or "").strip():
        return _no(code, f"请选择{name}条件")
    if given not in listed:
        return _no(code, f"“{given}”不在{name}条件清单里，请从清单中选择")
    return None


def _register_condition(event: Event, actor: Actor, given: Given, facts: Facts) -> Refused | None:
    return _condition(facts.practice.register_conditions, given.condition, "立案", "register_condition")


def _close_condition(event: Event, actor: Actor, given: Given, facts: Facts) -> Refused | None:
    return _condition(facts.practice.close_conditions, given.condition, "结案", "close_condition")


def _return_reason(event: Event, actor: Actor, given: Given, facts: Facts) -> Refused | None:
    if missing := _reason(event, actor, given, facts):
        return missing
    if given.reason not in facts.practice.return_reasons:
        return _no("return_reason", f"退回原因“{given.reason}”不在清单里，请从清单中选择，补充内容写在备注")
    return None


def _returns_left(event: Event, actor: Actor, given: Given, facts: Facts) -> Refused | None:
    if event.returns > facts.practice.max_returns:
        return _no("arbiter_needed", f"该案卷已退回 {event.returns} 次，须由值班长裁定承办单位")
    return None


def _returned_too_often(event: Event, actor: Actor, given: Given, facts: Facts) -> Refused | None:
    if event.returns <= facts.practice.max_returns:
        return _no("no_dispute", "该案卷没有需要裁定的退回，请直接派遣")
    return None


def _not_arbitrated(event: Event, actor: Actor, given: Given, facts: Facts) -> Refused | None:
    if event.returns > facts.practice.max_returns:
        return _no("arbitrated", "承办单位已由值班长裁定，不能再退回；确有困难请联系值班长")
    return None


def owns(event: Event, actor: Actor) -> bool:
    """Whether the event is the actor's to handle: his own, or his organisation's and not yet another worker's."""
    if actor.role not in HANDLERS:
        return True
    if actor.id is not None and event.handler_id == actor.id:
        return True
    if actor.org is None or event.org != actor.org:
        return False
    return actor.role == R.DEPARTMENT or event.handler_id is None


def _owner(event: Event, actor: Actor, given: Given, facts: Facts) -> Refused | None:
    return None if owns(event, actor) else _no("not_yours", "该案卷不由您或您的单位承办")


def _handled(event: Event, actor: Actor, facts: Facts) -> bool:
    return facts.is_last_handler or (actor.id is not None and event.handler_id == actor.id)


def _not_handler(event: Event, actor: Actor, given: Given, facts: Facts) -> Refused | None:
    if _handled(event, actor, facts):
        return _no("own_work", "处置人不能核查或结案自己处置的案卷，请由其他人员办理")
    return None


def _checker(event: Event, actor: Actor, given: Given, facts: Facts) -> Refused | None:
    if actor.role == R.WORKER and event.checker_id is not None and event.checker_id != actor.id:
        return _no("not_your_check", "该案卷的核查已交给另一位网格员")
    return None


def _result(event: Event, actor: Actor, given: Given, facts: Facts) -> Refused | None:
    return _no("result_missing", "请选择结果：通过或不通过") if given.passed is None else None


def _verify_asked(event: Event, actor: Actor, given: Given, facts: Facts) -> Refused | None:
    return None if _verify_waits(event) else _no("verify_not_asked", "该案卷没有待核实的请求")


def _verify_waits(event: Event) -> bool:
    asked = event.verify_asked_at
    return asked is not None and (event.verified_at is None or event.verified_at < asked)


def _verify_done(event: Event, actor: Actor, given: Given, facts: Facts) -> Refused | None:
    return _no("verify_pending", "核实结果还没有回来，请等网格员核实后再立案") if _verify_waits(event) else None


def _check_passed(event: Event, actor: Actor, given: Given, facts: Facts) -> Refused | None:
    return None if event.check_passed else _no("check_missing", "核查没有通过，不能结案；请返工或重新核查")


def _sensor_quiet(event: Event, actor: Actor, given: Given, facts: Facts) -> Refused | None:
    """A firing sensor blocks a passed check and closing; a supervisor may go on with a reason."""
    if not facts.sensor_firing or given.passed is False:
        return None
    if actor.role == R.CHIEF and (given.reason or "").strip():
        return None
    return _no("sensor_firing", "关联的感知告警还没有解除，不能通过核查或结案；确需办理请由值班长说明原因")


def _self_handled(event: Event, actor: Actor, given: Given, facts: Facts) -> Refused | None:
    if not event.self_handled:
        return _no("not_self_handled", "只有网格员自行处置的案卷可以不立案直接结案")
    if actor.role == R.WORKER and not _reported(event, actor, facts):
        return _no("not_reporter", "只有上报人本人可以结束自行处置的案卷")
    return None


def _reported(event: Event, actor: Actor, facts: Facts) -> bool:
    return facts.is_reporter or (actor.id is not None and event.reporter_id == actor.id)


def _reporter(event: Event, actor: Actor, given: Given, facts: Facts) -> Refused | None:
    return None if _reported(event, actor, facts) else _no("not_reporter", "只有上报人本人可以这样做")


def _reporter_or_call_back(event: Event, actor: Actor, given: Given, facts: Facts) -> Refused | None:
    if actor.role in (R.OPERATOR, R.ACCEPTOR):
        return None
    return (
        None if _reported(event, actor, facts) else _no("not_reporter", "评价由上报人作出，或由值班席、受理员回访登记")
    )


def _reporter_or_supervisor(event: Event, actor: Actor, given: Given, facts: Facts) -> Refused | None:
    if actor.role in SUPERVISORS or _reported(event, actor, facts):
        return None
    return _no("not_reporter", "只有上报人或值班长、领导可以要求重开")


def _reopen_in_time(event: Event, actor: Actor, given: Given, facts: Facts) -> Refused | None:
    if actor.role in SUPERVISORS or event.closed_at is None:
        return None
    days = facts.practice.reopen_days
    if facts.now <= event.closed_at + timedelta(days=days):
        return None
    return _no("too_late", f"结案已超过 {days} 天，不能再由上报人重开；请联系值班长")


def _ratings(event: Event, actor: Actor, given: Given, facts: Facts) -> Refused | None:
    """Three answers: response and solved 0 or 1, satisfied 1–5 (5 非常满意 … 1 非常不满意)."""
    answers = given.ratings or {}
    for name, low, high in (("response", 0, 1), ("solved", 0, 1), ("satisfied", 1, 5)):
        value = answers.get(name)
        if not isinstance(value, int) or not low <= value <= high:
            return _no("ratings", "请回答三项：是否及时联系（0/1）、是否解决（0/1）、满意程度（1–5）")
    return None


def _not_rated(event: Event, actor: Actor, given: Given, facts: Facts) -> Refused | None:
    return None if event.rated_at is None else _no("rated", "该案卷已评价过，一件一评")


def _until(event: Event, actor: Actor, given: Given, facts: Facts) -> Refused | None:
    days = facts.practice.max_suspend_days
    if given.until is None or given.until <= facts.now:
        return _no("until_missing", "请填写挂账到期日，且要晚于现在")
    if given.until > facts.now + timedelta(days=days):
        return _no("until_far", f"挂账最长 {days} 天，请把到期日提前")
    return None


def _suspend_left(event: Event, actor: Actor, given: Given, facts: Facts) -> Refused | None:
    times = facts.suspensions if facts.suspensions is not None else int(event.suspended_at is not None)
    if times >= facts.practice.max_suspensions:
        return _no("suspended_before", f"每件案卷最多挂账 {facts.practice.max_suspensions} 次，本件已用完")
    return None


def _extend_left(event: Event, actor: Actor, given: Given, facts: Facts) -> Refused | None:
    if event.extensions >= facts.practice.max_extensions:
        return _no("extensions_used", f"每件案卷最多延期 {facts.practice.max_extensions} 次，本件已用完")
    asked = facts.extension_asked_at if actor.role != R.DEPARTMENT and facts.extension_asked_at else facts.now
    if event.due_at is not None and asked >= event.due_at:
        return _no("overdue", "处置时限已到，延期须在到期前申请")
    return None


GUARDS: dict[str, Guard] = {
    "reason": _reason,
    "note": _note,
    "photo": _photo,
    "org": _org,
    "near": _near,
    "register_condition": _register_condition,
    "close_condition": _close_condition,
    "return_reason": _return_reason,
    "returns_left": _returns_left,
    "returned_too_often": _returned_too_often,
    "not_arbitrated": _not_arbitrated,
    "owner": _owner,
    "not_handler": _not_handler,
    "checker": _checker,
    "result": _result,
    "verify_asked": _verify_asked,
    "verify_done": _verify_done,
    "check_passed": _check_passed,
    "sensor_quiet": _sensor_quiet,
    "self_handled": _self_handled,
    "reporter": _reporter,
    "reporter_or_call_back": _reporter_or_call_back,
    "reporter_or_supervisor": _reporter_or_supervisor,
    "reopen_in_time": _reopen_in_time,
    "ratings": _ratings,
    "not_rated": _not_rated,
    "until": _until,
    "suspend_left": _suspend_left,
    "extend_left": _extend_left,
}

STANDING = frozenset(
    {
        "returns_left",
        "returned_too_often",
        "not_arbitrated",
        "owner",
        "not_handler",
        "checker",
        "verify_asked",
        "verify_done",
        "check_passed",
        "self_handled",
        "reporter",
        "reporter_or_call_back",
        "reporter_or_supervisor",
        "reopen_in_time",
        "not_rated",
        "suspend_left",
        "extend_left",
    }
)
"""Guards that ask nothing of what is handed in: they decide which buttons a person sees."""
ASK_PRACTICE = frozenset(
    {"returns_left", "returned_too_often", "not_arbitrated", "reopen_in_time", "suspend_left", "extend_left"}
)
"""Standing guards that need the catalog's numbers or the time, hence facts."""

SAYS: dict[str, str] = {
    "reason": "填写原因",
    "note": "填写说明",
    "photo": "附照片",
    "org": "选择承办单位",
    "near": "在规定距离内或说明原因",
    "register_condition": "选择立案条件",
    "close_condition": "选择结案条件",
    "return_reason": "从清单选择退回原因",
    "returns_left": "退回次数未超限",
    "returned_too_often": "退回次数超限",
    "not_arbitrated": "未经裁定",
    "owner": "本人或本单位承办",
    "not_handler": "不是处置人",
    "checker": "未交给他人核查",
    "result": "选择结果",
    "verify_asked": "有核实请求",
    "verify_done": "没有未回的核实",
    "check_passed": "核查已通过",
    "sensor_quiet": "感知告警已解除（值班长可说明原因）",
    "self_handled": "已标记自行处置",
    "reporter": "上报人本人",
    "reporter_or_call_back": "上报人或回访人员",
    "reporter_or_supervisor": "上报人或值班长、领导",
    "reopen_in_time": "上报人在规定天数内",
    "ratings": "三项评价",
    "not_rated": "未评价过",
    "until": "填写到期日且不超过上限",
    "suspend_left": "挂账次数未用完",
    "extend_left": "到期前且次数未用完",
}
"""What each guard asks, for the docs and for the hint beside a button."""
