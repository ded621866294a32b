"""The small form that a verb needs before it can be done; its fields come from the guards of the lifecycle's table.

Plain form elements: the browser's script hands their values over (assets/wall.js), so that typing costs no round trip.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import html

from brain.catalog import Catalog
from brain.model import State, Verb
from brain.rules import lifecycle
from brain.web.parts.bits import attrs

SUSPEND_DAYS = (7, 30, 90, 180, 365)


def fields(verb: Verb, event: dict[str, Any]) -> tuple[str, ...]:
    """Names of the fields a verb asks for on this event."""
    needs = lifecycle.MOVES[State(event["state"]), verb].needs
    asked: list[str] = []
    for need in needs:
        asked += {
            "reason": ["reason"],
            "return_reason": ["return_reason"],
            "org": ["org"] if verb is Verb.JOIN else ["org", "handler_id"],
            "register_condition": ["register_condition", "case"],
            "close_condition": ["close_condition"],
            "until": ["until_days"],
            "result": ["passed"],
            "ratings": ["ratings"],
            "note": [],
            "sensor_quiet": ["override"],
        }.get(need, [])
    return (*asked, "note")


def is_immediate(verb: Verb, event: dict[str, Any]) -> bool:
    """Nothing must be handed in: one press does it."""
    return fields(verb, event) == ("note",) and "note" not in lifecycle.MOVES[State(event["state"]), verb].needs


def form(
    verb: Verb,
    event: dict[str, Any],
    catalog: Catalog,
    orgs: Sequence[dict[str, Any]],
    hands: Sequence[dict[str, Any]],
    org: str | None,
) -> html.Form:
    """The form of a verb. `org` is chosen beforehand: who has the event, or whom its category names."""
    made: list = []
    for name in fields(verb, event):
        made += _field(name, verb, event, catalog, orgs, hands, org)
    word = catalog.words.of("verb", verb)
    return html.Form(
        [
            html.Div(made, className="fields"),
            html.Div(
                [
                    html.Button(f"确认{word}", className="act primary", type="submit"),
                    html.Button("取消", className="act", type="button", **attrs({"data-do": "cancel"})),
                ],
                className="acts",
            ),
        ],
        className="verb",
        **attrs({"data-verb": str(verb), "data-event": event["id"], "data-version": str(event["version"])}),
    )


def _field(
    name: str, verb: Verb, event: dict, catalog: Catalog, orgs: Sequence[dict], hands: Sequence[dict], org: str | None
) -> list:
    words = catalog.words
    category = catalog.categories.get(event["category"])
    match name:
        case "org":
            options = [(o["code"], o["short"]) for o in orgs]
            return [
                _select(
                    "org",
                    "承办单位" if verb is not Verb.JOIN else "联动单位",
                    options,
                    org,
                    refetch=verb is not Verb.JOIN,
                )
            ]
        case "handler_id":
            options = [("", "由单位安排"), *((str(h["id"]), _hand(h, event, words)) for h in hands)]
            return [_select("handler_id", "承办人", options, "")]
        case "register_condition":
            return [
                _select(
                    "condition",
                    "立案条件",
                    [(c, c) for c in catalog.register_conditions],
                    catalog.register_conditions[0],
                )
            ]
        case "case":
            if not category or not category.conditions:
                return []
            options = [("", f"一般情形（{words.clock(category.limit)}）")]
            options += [(text, f"{text}（{words.clock(limit)}）") for text, limit in category.conditions]
            return [_select("case", "情形与处置时限", options, "")]
        case "close_condition":
            return [
                _select(
                    "condition", "结案条件", [(c, c) for c in catalog.close_conditions], catalog.close_conditions[0]
                )
            ]
        case "return_reason":
            return [_select("reason", "退回原因", [(r, r) for r in catalog.return_reasons], catalog.return_reasons[0])]
        case "reason" if verb is Verb.DECLINE:
            return [
                _select(
                    "reason", "不予受理的原因", [(r, r) for r in catalog.decline_reasons], catalog.decline_reasons[0]
                )
            ]
        case "reason":
            return [_text("reason", "原因")]
        case "override":
            return [_text("reason", "感知告警未解除时，值班长须说明原因（可不填）")]
        case "until_days":
            return [_select("until_days", "挂账期限", [(str(d), f"{d} 天") for d in SUSPEND_DAYS], "30")]
        case "passed":
            return [_select("passed", "结果", [("yes", "通过"), ("no", "不通过")], "yes")]
        case "ratings":
            yes = [("1", "是"), ("0", "否")]
            return [
                _select("response", "是否及时联系", yes, "1"),
                _select("solved", "是否解决", yes, "1"),
                _select(
                    "satisfied", "满意程度", [(str(n), w) for n, w in zip(range(5, 0, -1), SATISFIED, strict=True)], "5"
                ),
            ]
        case _:
            must = "note" in lifecycle.MOVES[State(event["state"]), verb].needs
            return [_text("note", "说明" if must else "备注（可不填）")]


SATISFIED = ("非常满意", "满意", "一般", "不满意", "非常不满意")


def _hand(hand: dict, event: dict, words: Any) -> str:
    own = "（本网格）" if hand["grid"] and hand["grid"] == event["grid"] else ""
    return f"{hand['name']} {words.of('role', hand['role'])}{own}"


def _select(
    name: str, label: str, options: Sequence[tuple[str, str]], chosen: str | None, *, refetch: bool = False
) -> html.Label:
    more = attrs({"data-refetch": "hands"} if refetch else {"id": "wall-hands"} if name == "handler_id" else {})
    made = [html.Option(text, value=value, selected=value == chosen or None) for value, text in options]
    return html.Label([html.Span(label), html.Select(made, name=name, **more)], className=f"field {name}")


def _text(name: str, label: str) -> html.Label:
    return html.Label([html.Span(label), html.Textarea(name=name, rows="2", maxLength="500")], className="field wide")


def hand_options(hands: Sequence[dict[str, Any]], event: dict[str, Any], words: Any) -> list[html.Option]:
    """The people of another organisation, after it was chosen."""
    return [
        html.Option("由单位安排", value=""),
        *(html.Option(_hand(h, event, words), value=str(h["id"])) for h in hands),
    ]
