"""What CONTRIBUTING.md, docs/architecture.md, the glossary and the decisions say of the tree is so."""

from __future__ import annotations

import re
import subprocess
import tomllib
from functools import cache
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
GUIDE = (TOP / "CONTRIBUTING.md").read_text(encoding="utf-8")
PAGES = sorted(
    p.relative_to(TOP).as_posix() for p in [TOP / "CONTRIBUTING.md", TOP / "docs/architecture.md", *(TOP / "docs/adr").glob("*.md")]
)
KINDS = (
    "sensor type", "rule type", "theme", "layer on a new source", "page", "feed", "verb", "migration", "setting", "KPI", "door",
    "report section", "channel",
)  # fmt: skip
LONGEST = 25  # lines of a walk without its snippets and empty lines: it is read while one works


@cache
def tracked() -> frozenset[str]:
    """Files and folders that git knows, or would know."""
    told = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    files = subprocess.run(told, cwd=TOP, capture_output=True, text=True, check=True).stdout.splitlines()
    return frozenset(files) | {p.as_posix() for f in files for p in Path(f).parents}


def ticked(text: str) -> list[str]:
    """What stands between backticks outside of snippets."""
    return re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S))


def paths(text: str) -> list[str]:
    """Backticked paths of ours: their first part is a folder or file of the tree. `<…>` and `*` stand for anything."""
    tops = {f.split("/")[0] for f in tracked()} - {"."}
    found = [t.split("::")[0].rstrip("/") for t in ticked(text) if re.fullmatch(r"[\w./<>*…-]+(::\w+)?", t)]
    return [f for f in found if f.split("/")[0] in tops]


def exists(path: str) -> bool:
    pattern = "[^/]+".join(re.escape(part) for part in re.split(r"<[^>]+>|\*", path))
    return any(re.fullmatch(pattern, name) for name in tracked())


def rows() -> list[tuple[str, str, str]]:
    table = GUIDE.split("## One place for each thing")[1].split("\n# ")[0]
    found = [tuple(c.strip() for c in line.strip("|").split(" | ")) for line in table.splitlines() if line.startswith("| ")]
    assert found[0] == ("to add", "touch", "proved by")
    return found[1:]


def walks() -> dict[str, str]:
    parts = re.split(r"^### (.+)$", GUIDE.split("\n# Walks")[1].split("\n# Style")[0], flags=re.M)
    return {re.sub(r"^An? ", "", name): text for name, text in zip(parts[1::2], parts[2::2], strict=True)}


def snippets() -> list[tuple[str, str, str]]:
    """(language, path, text) of the snippets: the first line of each is a comment that names its file."""
    found = re.findall(r"^```(\w+)\n(?:#|--) (\S+)\n(.*?)^```$", GUIDE, re.M | re.S)
    assert len(found) == len(re.findall(r"^```\w", GUIDE, re.M)), "a snippet whose first line does not name its file"
    return found


@pytest.mark.parametrize("page", PAGES)
def test_every_path_that_a_page_names_is_there(page):
    lost = [p for p in paths((TOP / page).read_text(encoding="utf-8")) if not exists(p)]
    assert not lost, f"{page} names {lost}"


@pytest.mark.parametrize("page", [*PAGES, "docs/glossary.md"])
def test_every_link_of_a_page_leads_somewhere(page):
    text = (TOP / page).read_text(encoding="utf-8")
    targets = [t for t in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in t]
    assert not [t for t in targets if not ((TOP / page).parent / t).exists()]


def test_every_page_of_the_docs_is_linked_from_the_readmes():
    for name in ("README.md", "README.en.md"):
        text = (TOP / name).read_text(encoding="utf-8")
        for page in ("CONTRIBUTING.md", "docs/architecture.md", "docs/glossary.md", "docs/adr/README.md"):
            assert f"]({page})" in text, f"{name} does not link {page}"


def test_every_decision_stands_in_the_list_of_decisions():
    listed = re.findall(r"\]\((\d{4}[^)]+)\)", (TOP / "docs/adr/README.md").read_text(encoding="utf-8"))
    assert listed == sorted(p.name for p in (TOP / "docs/adr").glob("[0-9]*.md"))


@pytest.mark.parametrize("row", rows(), ids=lambda r: r[0])
def test_a_row_of_the_table_names_what_is_there_and_the_tests_that_prove_it(row):
    _, touch, proof = row
    proofs = paths(proof)
    assert proofs and all(p.startswith("tests/") for p in proofs)
    assert not [p for p in paths(touch) + proofs if not exists(p)]


def test_each_kind_of_change_has_a_row_and_a_walk():
    named = [re.sub(r"^an? ", "", row[0]) for row in rows()]
    assert set(KINDS) <= set(named) and tuple(walks()) == KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_a_walk_has_steps_a_proof_and_what_goes_wrong(kind):
    text = walks()[kind]
    assert re.search(r"^1\. ", text, re.M) and "Goes wrong: " in text
    assert re.search(r"Proved by `tests/[\w/]+\.py", text)
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)
    assert len([line for line in prose.splitlines() if line.strip()]) <= LONGEST


def test_every_test_that_is_named_is_there():
    lost = []
    for file, name in re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", GUIDE):
        if f"def {name}(" not in (TOP / file).read_text(encoding="utf-8"):
            lost.append(f"{file}::{name}")
    assert not lost, lost


@pytest.mark.parametrize("snippet", snippets(), ids=lambda s: s[1])
def test_a_snippet_stands_word_for_word_in_its_file(snippet):
    language, path, text = snippet
    assert text in (TOP / path).read_text(encoding="utf-8"), f"{path} has changed; take the snippet anew"
    if language == "toml":
        assert tomllib.loads(text)


def test_a_sentence_that_is_quoted_is_one_that_the_code_says():
    code = "\n".join((TOP / f).read_text(encoding="utf-8") for f in tracked() if re.match(r"(brain|layers|ingest|geo)/.*\.py$", f))
    quoted = [t for text in walks().values() for t in ticked(text.split("Goes wrong:")[1]) if re.search("[\u4e00-\u9fff]", t)]
    assert len(quoted) > 10
    assert not [t for t in quoted if t not in code]


def test_what_the_short_table_of_the_readme_names_the_guide_names_too():
    table = (TOP / "README.md").read_text(encoding="utf-8").split("| 要加 |")[1].split("\n\n")[0]
    cells = [[c.strip() for c in line.strip("|").split(" | ")] for line in table.splitlines() if line.startswith("| ")]
    lost = [p for row in cells for p in paths(" ".join(row)) if not exists(p)]
    assert len(cells) > 5 and not lost, f"README.md names {lost}"

    def bare(text: str) -> list[str]:
        return [re.sub(r"<[^>]+>", "<>", p) for p in paths(text)]

    guide = [p for row in rows() for p in bare(row[1])]
    assert not [p for row in cells for p in bare(row[1]) if not any(g == p or g.startswith(f"{p}/") for g in guide)]


def test_every_word_of_the_glossary_that_is_code_is_in_the_code():
    table = (TOP / "docs/glossary.md").read_text(encoding="utf-8")
    code = "\n".join((TOP / f).read_text(encoding="utf-8") for f in tracked() if re.match(r"(brain|ingest)/.*\.(py|sql)$", f))
    cells = [line.split(" | ")[1] for line in table.splitlines() if line.startswith("| ") and "in code" not in line]
    lost = [w for cell in cells for w in ticked(cell) if not re.search(rf"\b{re.escape(w)}\b", code)]
    assert not lost, f"docs/glossary.md: no code says {lost}"
