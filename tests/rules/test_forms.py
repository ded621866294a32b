"""One description of each verb's form: it asks what the guards ask, and makes the one `Given` of what comes in."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brain.catalog import BadCatalog, load
from brain.model import Actor, Event, Refused, Role, Source, State, Verb
from brain.rules import forms, guards, lifecycle
from brain.rules.forms import Given
from brain.rules.lifecycle import MOVES, Facts

CATALOG = load()
NOW = datetime(2026, 9, 3, 2, tzinfo=UTC)
SENT = {  # a value as a screen sends it → as `Given` has it
    "reason": "原因", "note": "说明", "org": "cgj", "handler_id": 7, "condition": "条件", "case": "情形", "photos": ("p",), "lng": 116.1,
    "lat": 24.3, "passed": True, "ratings": {"response": 1, "solved": 1, "satisfied": 4}, "until": NOW + timedelta(days=30),
}  # fmt: skip


def form(verb: Verb | str) -> forms.Form:
    return forms.form_of(verb, CATALOG)


# What is asked --------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("verb", forms.VERBS)
def test_every_verb_has_a_form_whose_words_are_all_there(verb):
    found = form(verb)
    assert found.label and found.confirm == f"确认{found.label}"
    for field in found.fields:
        assert field.label or field.kind == "rating"
        assert field.kind in set(forms.KINDS.values())
        assert not field.required or field.kind not in ("choice", "condition", "result", "until") or field.choices or field.source


def test_every_guard_either_asks_a_field_or_only_looks_at_what_stands():
    """`sensor_quiet` does both: it looks at the alert, and a chief may state a reason."""
    asking = set(guards.GUARDS) - guards.STANDING
    assert asking == set(forms.ASKS)


@pytest.mark.parametrize("verb", list(Verb))
def test_a_verb_asks_the_same_in_every_state_it_may_leave(verb):
    asked = {
        frozenset(key for need in move.needs for key in forms.ASKS.get(need, ())) for (_, v), move in MOVES.items() if v == verb
    }
    assert len(asked) == 1


@pytest.mark.parametrize("verb", [v for v in Verb if v is not Verb.REPORT])
def test_what_a_form_requires_is_what_the_rules_refuse_without_and_nothing_else(verb):
    """The form handed in with all that it requires moves; with any one of that left out it is refused."""
    state = next(state for (state, v), _ in MOVES.items() if v == verb and state is not None)
    move = MOVES[state, verb]
    actor = Actor(6, "某人", sorted(move.by)[0], "cgj", ("441402",))
    returns = 2 if "returned_too_often" in move.needs else 0
    case = Event(
        id="4414022026090300001", category="matter:06010", title="暴露垃圾", state=state, source=Source.GRID, level=None,
        reported_at=NOW, lng=116.12, lat=24.3, town="441402006", org="cgj", reporter_id=6, returns=returns,
        verify_asked_at=NOW if "verify_asked" in move.needs else None, check_passed=True, self_handled=True,
        suspended_from="handling" if verb == Verb.RESUME else None,
    )  # fmt: skip
    facts = Facts(now=NOW, practice=CATALOG.practice, is_reporter=True)
    values = SENT | {"org": "cgj", "photos": ("p",)}
    if listed := [f.choices[0].value for f in form(verb).fields if f.key in ("reason", "condition") and f.choices]:
        values |= {"reason": listed[0], "condition": listed[0]}

    def attempt(fields: list[forms.Field]) -> None:
        names = {name for field in fields for name in forms._names(field.key) if field.key != "place"}
        handed = Given(**{name: values[name] for name in names if name in values})
        here = 5.0 if any(f.key == "place" for f in fields) else None
        lifecycle.check(case, verb, actor, handed, replace(facts, distance_m=here))

    needed = [f for f in form(verb).fields if f.required]
    attempt(needed)
    for left_out in needed:
        with pytest.raises(Refused):
            attempt([f for f in needed if f is not left_out])


def test_a_verb_without_anything_required_is_done_by_one_press_unless_words_are_asked_for():
    assert {v for v in forms.VERBS if form(v).immediate} == {"accept", "ask_verify", "take", "resume", "escalate"}
    assert {v for v in forms.VERBS if form(v).on_site} == {"arrive"}


def test_the_cases_of_a_category_are_choices_with_their_limits():
    category = next(c for c in CATALOG.categories.values() if c.conditions)
    fields = {f.key: f for f in forms.form_of(Verb.REGISTER, CATALOG, category).fields}
    assert [c.value for c in fields["case"].choices] == ["", *(text for text, _ in category.conditions)]
    assert "case" not in {f.key for f in form(Verb.REGISTER).fields}


# Reporting ------------------------------------------------------------------------------------------------------------
def test_a_report_asks_photos_first_and_no_title_unless_the_city_does(tmp_path):
    assert [f.key for f in form(Verb.REPORT).fields] == ["photos", "place", "category", "address", "description"]
    assert {f.key for f in form(Verb.REPORT).fields if f.required} == {"place", "category"}
    (tmp_path / "forms.toml").write_text("[verb.report]\ntitle = { optional = true, most = 40 }", encoding="utf-8")
    fields = {f.key: f for f in forms.form_of(Verb.REPORT, load(str(tmp_path))).fields}
    assert (fields["title"].label, fields["title"].most) == ("标题", 40)


def test_who_may_mend_it_himself_is_asked_what_he_did_and_how_it_was_closed():
    assert set(forms.reporting(Role.WORKER, CATALOG)) == {"report", "self_handle"}
    assert set(forms.reporting(Role.ACCEPTOR, CATALOG)) == {"report"}
    assert forms.reporting(Role.ADMIN, CATALOG) == {}
    fields = {f.key: f for f in form(Verb.SELF_HANDLE).fields}
    assert fields["photos"].required and fields["photos"].phase == "answer"
    assert fields["condition"].wanted and [c.value for c in fields["condition"].choices] == list(CATALOG.close_conditions)


def test_every_kind_that_a_report_asks_is_one_that_the_phone_draws():
    assert {f.kind for one in forms.reporting(Role.WORKER, CATALOG).values() for f in one.fields} <= forms.ON_PHONE


# What comes in --------------------------------------------------------------------------------------------------------
def test_texts_of_a_screen_and_values_of_the_api_make_the_same_given():
    by_hand = {"reason": " 缺配件 ", "until": "30", "note": "", "org": None}
    by_program = {"reason": "缺配件", "until": NOW + timedelta(days=30)}
    assert forms.given(Verb.SUSPEND, by_hand, NOW, CATALOG) == forms.given(Verb.SUSPEND, by_program, NOW, CATALOG)
    rated = {"response": "1", "solved": "0", "satisfied": "4"}
    assert forms.given(Verb.RATE, rated, NOW, CATALOG).ratings == {"response": 1, "solved": 0, "satisfied": 4}
    assert forms.given(Verb.CHECK, {"passed": "no"}, NOW, CATALOG).passed is False


@pytest.mark.parametrize("verb", forms.VERBS)
@pytest.mark.parametrize("name", sorted(SENT))
def test_what_a_verb_does_not_ask_is_refused_and_what_it_asks_is_taken(verb, name):
    names = {n for key in forms.keys_of(verb, CATALOG.forms) for n in forms._names(key)}
    if name in names | {"reason"}:  # why may be said with any verb
        assert getattr(forms.given(verb, {name: SENT[name]}, NOW, CATALOG), name) == SENT[name]
    else:
        with pytest.raises(Refused, match="不用填") as refused:
            forms.given(verb, {name: SENT[name]}, NOW, CATALOG)
        assert refused.value.code == "form"


@given(
    verb=st.sampled_from(forms.VERBS),
    raw=st.dictionaries(
        st.sampled_from([*sorted(SENT), *forms.RATINGS, "colour"]),
        st.none() | st.text() | st.integers() | st.floats() | st.booleans() | st.lists(st.text()) | st.dictionaries(st.text(), st.text()),
    ),
)
@settings(max_examples=300)
def test_whatever_is_sent_is_taken_or_refused_in_a_sentence(verb, raw):
    try:
        assert isinstance(forms.given(verb, raw, NOW, CATALOG), Given)
    except Refused as refused:
        assert refused.code == "form" and any("\u4e00" <= letter <= "\u9fff" for letter in str(refused))


# What comes of it -----------------------------------------------------------------------------------------------------
def test_taking_leads_to_what_the_table_lets_its_owner_do_next():
    worker = forms.lead(Verb.TAKE, Role.WORKER, CATALOG.forms.phone)
    unit = forms.lead(Verb.TAKE, Role.DEPARTMENT, CATALOG.forms.phone)
    assert (worker.state, worker.done, worker.verbs) == (State.HANDLING, False, ("arrive", "answer", "note"))
    assert unit.verbs == ("arrive", "answer", "return", "note", "extend")


def test_what_ends_a_persons_part_leaves_his_list():
    over = {v for v in CATALOG.forms.phone if v != "part" and forms.lead(v, Role.WORKER, CATALOG.forms.phone).done}
    assert {"answer", "check", "verified", "return"} <= over and not over & {"take", "arrive", "note"}
    assert forms.lead(forms.PART, Role.WORKER, CATALOG.forms.phone).done


def test_a_role_is_offered_its_own_verbs_in_the_citys_order():
    offered = forms.offered(Role.WORKER, CATALOG.forms.phone)
    assert list(offered) == [v for v in CATALOG.forms.phone if v in offered]
    assert "return" not in offered and "take" in offered


# forms.toml -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("said", "why"),
    [
        ('[order]\nphone = ["dispatch"]\nphone_next = []', "手机上填不了"),
        ('[order]\nwall = ["aprove"]\nwall_lead = []', "没有动作“aprove”"),
        ('[order]\nphone_next = ["arbitrate"]', "不在 phone 里"),
        ('[verb.take]\norg = { label = "单位" }', "不问这一项"),
        ('[verb.take]\norg = { optional = true }', "不能另加"),
        ("[verb.report]\nreason = { label = \"为什么\" }", "不问这一项"),
        ("[verb.note]\ntitle = { optional = true }", "不能另加"),
        ("[verb.report]\naddress = { most = 0 }", "1 到 2000"),
        ("[suspend]\nusual = 31", "不在 days 里"),
        ('[label]\nreasons = "x"', "reasons"),
    ],
    ids=["phone", "unknown", "part", "not asked", "added", "report", "title", "most", "usual", "odd label"],
)
def test_a_mistake_in_the_citys_file_is_named(tmp_path, said, why):
    (tmp_path / "forms.toml").write_text(said, encoding="utf-8")
    with pytest.raises(BadCatalog, match=why) as bad:
        load(str(tmp_path))
    assert "forms.toml" in str(bad.value)


def test_a_city_renames_a_field_and_every_screen_does(tmp_path):
    (tmp_path / "forms.toml").write_text('[verb.return]\nreason = { label = "退件理由" }', encoding="utf-8")
    city = load(str(tmp_path))
    fields = {f["key"]: f for f in asdict(forms.form_of(Verb.RETURN, city))["fields"]}
    assert fields["reason"]["label"] == "退件理由"
