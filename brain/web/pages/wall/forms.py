"""The small form that a verb needs before it can be done, drawn from its one description (`rules.forms`).

Plain form elements: the browser's script hands their values over (assets/wall.js), so that typing costs no round trip.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dash import html

from brain.catalog import Catalog
from brain.model import Verb
from brain.rules import forms
from brain.rules.forms import Choice, Field, Form
from brain.web.parts.bits import attrs

NOT_HERE = frozenset({"photos", "place"})
"""Kinds of fields that a desk cannot fill in: a verb that must have one belongs to the phone."""
FREE = "（可不填）"


def here(verb: Verb, catalog: Catalog) -> bool:
    """Whether a verb can be done from a desk, as far as its form goes."""
    return str(verb) in catalog.forms.wall and not any(
        f.required and f.kind in NOT_HERE for f in forms.form_of(verb, catalog).fields
    )


def is_immediate(verb: Verb, catalog: Catalog) -> bool:
    """Nothing must be handed in: one press does it."""
    return forms.form_of(verb, catalog).immediate


def form(
    verb: Verb,
    event: dict[str, Any],
    catalog: Catalog,
    orgs: Sequence[dict[str, Any]],
    hands: Sequence[dict[str, Any]],
    org: str | None,
) -> html.Form:
    """The form of a verb. `org` is chosen beforehand: who has the event, or whom its category names."""
    asked = forms.form_of(verb, catalog, catalog.categories.get(event["category"]))
    made = [part for field in asked.fields for part in _field(field, asked, event, catalog, orgs, hands, org)]
    return html.Form(
        [
            html.Div(made, className="fields"),
            html.Div(
                [
                    html.Button(asked.confirm, className="act primary", type="submit"),
                    html.Button("取消", className="act", type="button", **attrs({"data-do": "cancel"})),
                ],
                className="acts",
            ),
        ],
        className="verb",
        **attrs({"data-verb": str(verb), "data-event": event["id"], "data-version": str(event["version"])}),
    )


def _field(
    field: Field,
    asked: Form,
    event: dict[str, Any],
    catalog: Catalog,
    orgs: Sequence[dict[str, Any]],
    hands: Sequence[dict[str, Any]],
    org: str | None,
) -> list:
    match field.kind:
        case kind if kind in NOT_HERE:
            return []
        case "org":
            people = any(f.key == "handler_id" for f in asked.fields)
            return [_select("org", field.label, [(o["code"], o["short"]) for o in orgs], org, refetch=people)]
        case "person":
            return [_select("handler_id", field.label, _hands(hands, event, catalog), "")]
        case "rating":
            return [_select(name, label, _pairs(all_), all_[0].value) for name, (label, all_) in _ratings(catalog)]
        case "text":
            return [_text(field)]
    return [_select(field.name, field.label, _pairs(field.choices), field.default or field.choices[0].value)]


def _ratings(catalog: Catalog) -> list[tuple[str, tuple[str, tuple[Choice, ...]]]]:
    return list(forms.ratings_of(catalog.forms).items())


def _pairs(choices: Sequence[Choice]) -> list[tuple[str, str]]:
    return [(c.value, f"{c.label}（{c.hint}）" if c.hint else c.label) for c in choices]


def _hand(hand: dict, event: dict, words: Any) -> str:
    own = "（本网格）" if hand["grid"] and hand["grid"] == event["grid"] else ""
    return f"{hand['name']} {words.of('role', hand['role'])}{own}"


def _hands(hands: Sequence[dict[str, Any]], event: dict[str, Any], catalog: Catalog) -> list[tuple[str, str]]:
    return [("", catalog.forms.labels["nobody"]), *((str(h["id"]), _hand(h, event, catalog.words)) for h in hands)]


def _select(
    name: str, label: str, options: Sequence[tuple[str, str]], chosen: str | None, *, refetch: bool = False
) -> html.Label:
    more = attrs({"data-refetch": "hands"} if refetch else {"id": "wall-hands"} if name == "handler_id" else {})
    made = [html.Option(text, value=value, selected=value == chosen or None) for value, text in options]
    return html.Label([html.Span(label), html.Select(made, name=name, **more)], className=f"field {name}")


def _text(field: Field) -> html.Label:
    label = field.label if field.required or field.wanted else field.label + FREE
    area = html.Textarea(name=field.name, rows="2", maxLength=str(field.most), placeholder=field.hint)
    return html.Label([html.Span(label), area], className="field wide")


def hand_options(hands: Sequence[dict[str, Any]], event: dict[str, Any], catalog: Catalog) -> list[html.Option]:
    """The people of another organisation, after it was chosen."""
    return [html.Option(text, value=value) for value, text in _hands(hands, event, catalog)]
