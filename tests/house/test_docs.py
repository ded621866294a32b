"""Pages made from the code are what the code says."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
spec = importlib.util.spec_from_file_location("docs_script", TOP / "scripts/docs.py")
docs = importlib.util.module_from_spec(spec)
spec.loader.exec_module(docs)


@pytest.mark.parametrize("name", sorted(docs.PAGES))
def test_the_page_is_what_the_code_says(name):
    written = (TOP / "docs" / name).read_text(encoding="utf-8")
    assert written == docs.PAGES[name](), f"docs/{name} is old: run `python scripts/docs.py`"
