"""One word a thing: every value that a person can meet has its Chinese word, and no two look alike."""

from __future__ import annotations

import re

import pytest

from brain.catalog import BadCatalog, load
from brain.catalog._words import REQUIRED
from brain.model import Clock, Level, Limit, Quality, Role, Source, State, Verb
from brain.rules import kpi, thresholds
from brain.rules.lifecycle import Effect

WORDS = load().words
ENUMS = {
    "level": Level,
    "state": State,
    "verb": Verb,
    "role": Role,
    "source": Source,
    "quality": Quality,
    "clock": Clock,
}


@pytest.mark.parametrize("group", sorted(ENUMS))
def test_every_value_of_an_enum_has_its_word(group):
    assert all(WORDS.of(group, member) for member in ENUMS[group])


@pytest.mark.parametrize("group", sorted(ENUMS))
def test_no_two_values_of_an_enum_have_the_same_word(group):
    words = [WORDS.of(group, member) for member in ENUMS[group]]
    assert len(set(words)) == len(words)


@pytest.mark.parametrize("group", sorted(ENUMS))
def test_a_group_of_an_enum_holds_no_word_of_a_value_that_is_gone(group):
    known = {member.key if isinstance(member, Level) else member.value for member in ENUMS[group]}
    assert set(WORDS.group(group)) == known


@pytest.mark.parametrize("group", sorted(REQUIRED))
def test_every_word_is_chinese_or_a_figure(group):
    odd = {key: word for key, word in WORDS.group(group).items() if not re.search(r"[\u4e00-\u9fffⅠ-Ⅴ]", word)}
    assert not odd


def test_effects_on_the_clock_and_rule_types_have_words():
    assert all(WORDS.of("clock_effect", effect) for effect in Effect)
    assert set(WORDS.group("rule_type")) == set(thresholds.TYPES)


def test_a_missing_word_is_named_with_its_group():
    with pytest.raises(BadCatalog, match=r"\[state\] nowhere"):
        WORDS.of("state", "nowhere")


def test_a_catalog_without_a_word_does_not_start(tmp_path):
    (tmp_path / "words.toml").write_text("[state]\nclosed = { drop = true }\n", encoding="utf-8")
    with pytest.raises(BadCatalog, match=r"words\.toml.*\[state\] closed"):
        load(str(tmp_path))


def test_a_city_may_say_it_in_its_own_words(tmp_path):
    (tmp_path / "words.toml").write_text('[state]\nclosed = "办结"\n[page]\nwall = "指挥大屏"\n', encoding="utf-8")
    words = load(str(tmp_path)).words
    assert (words.of("state", State.CLOSED), words.of("state", State.VOID)) == ("办结", "作废")
    assert words.of("page", "wall") == "指挥大屏"


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        (Limit(Clock.WORK_HOUR, 4), "4 工作时"),
        (Limit(Clock.URGENT_HOUR, 10 / 60), "10 分钟"),
        (Limit(Clock.WORK_DAY, 1.5), "1.5 工作日"),
        (Limit(Clock.NATURAL_DAY, 2), "2 自然日"),
    ],
)
def test_a_limit_is_spoken_as_people_say_it(limit, said):
    assert WORDS.clock(limit) == said


def test_formulae_have_distinct_labels():
    labels = [formula.label for formula in kpi.FORMULAE.values()]
    assert len(set(labels)) == len(labels)
