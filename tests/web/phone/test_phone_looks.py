"""How the phone page looks and reads: small, large enough to touch, readable, in the same words as the server."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from playwright.sync_api import expect

from brain.city import ZONE
from brain.flow.events import acting
from brain.identity import people
from brain.model import Level
from brain.store import db
from brain.web.api import _words

pytestmark = pytest.mark.browser
HERE = {"lng": 116.12, "lat": 24.29}

CONTRAST = """() => {
  const parse = (c) => c.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255).map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (el) => {
    for (; el; el = el.parentElement) {
      const style = getComputedStyle(el), colour = parse(style.backgroundColor);
      if (style.backgroundImage.includes('gradient')) return [255, 255, 255];
      if (colour.length < 4 || colour[3] > 0.7) return colour;
    }
    return [238, 242, 247];
  };
  const poor = [];
  for (const el of document.querySelectorAll('body *')) {
    if (!el.offsetParent || ![...el.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim())) continue;
    const a = light(parse(getComputedStyle(el).color)), b = light(behind(el));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) poor.push([el.textContent.trim().slice(0, 20), ratio.toFixed(2)]);
  }
  return poor;
}"""


def test_the_first_load_is_small(world):
    sizes, wanted = {}, ["/m/"]
    with httpx.Client(base_url=world.url, headers={"Accept-Encoding": "identity"}) as phone:
        while wanted:
            path = wanted.pop()
            answer = phone.get(path)
            assert answer.status_code == 200, path
            sizes[path] = len(answer.content)
            found = re.findall(r'(?:src="|href="|from "\.)(/[^"]+\.(?:js|css))"', answer.text)
            wanted += [p for p in (p if p.startswith("/m/") else f"/m{p}" for p in found) if p not in sizes]
    assert len(sizes) > 15 and sum(sizes.values()) <= 120_000, sizes


def test_big_letters_are_a_quarter_larger_and_stay(world, phone):
    page = phone("wg001")
    size = "parseFloat(getComputedStyle(document.body).fontSize)"
    assert page.evaluate(size) == 17
    page.tap("#tabs >> text=我的")
    page.get_by_role("switch", name="长辈大字").tap()
    page.reload()
    assert page.evaluate(size) == 21.5
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_everything_to_touch_is_large_enough(world, phone):
    event = world.dispatched()
    page, small = phone("wg001"), []
    for address in ("#/tasks", f"#/e/{event}", "#/report", "#/messages", "#/me", f"#/do/{event}/note"):
        page.goto(f"/m/{address}")
        page.wait_for_function("document.querySelector('#view').children.length > 0")
        small += page.evaluate(
            """() => [...document.querySelectorAll('button, a, label.shoot, input.text, textarea')]
               .filter((el) => el.offsetParent && !el.closest('.thumb'))
               .map((el) => [el.textContent || el.ariaLabel, Math.round(el.getBoundingClientRect().height)])
               .filter(([, height]) => height < 44)"""
        )
    assert not small


def test_every_text_stands_out_from_what_is_behind_it(world, phone):
    event = world.dispatched()
    page, poor = phone("wg001"), []
    for address in ("#/tasks", f"#/e/{event}", "#/report", "#/messages", "#/me", f"#/do/{event}/note"):
        page.goto(f"/m/{address}")
        page.wait_for_function("document.querySelector('#view').children.length > 0")
        poor += page.evaluate(CONTRAST)
    assert not poor


def test_a_level_is_told_by_colour_shape_and_word(world, phone, catalog, hands):
    with db.connect(world.database, name="tests") as conn:
        chief = people.actor_of(people.get(conn, world.id_of("chief1")))
        event = acting.report(
            conn, catalog, category="matter:10901", title="道路积水", source="public", actor=chief, now=datetime.now(UTC),
            level=Level.RED, **HERE,
        )  # fmt: skip
    world.act("acceptor1", event.id, "accept")
    world.act("chief1", event.id, "register", condition=catalog.register_conditions[0])
    world.act("dispatcher1", event.id, "dispatch", org="swj")
    page = phone("swj1")
    mine = hands.card(page, event.id)
    expect(mine).to_have_class(re.compile("red"))
    expect(mine.locator(".mark")).to_have_text("红色")
    expect(mine.locator(".shape rect")).to_have_count(1)


def test_phone_and_server_say_the_same_about_time(world, phone):
    now = datetime(2026, 9, 3, 10, 0, tzinfo=ZONE)
    steps = [0, 30, 59, 60, 3599, 3600, 5400, 14_399, 14_400, 30_000, 50_400, 86_400, 172_800, 10_000_000, 40_000_000]
    steps += [-s for s in (1, 59, 60, 3600, 5400, 86_400, 90_000, 400_000)]
    due = [now + timedelta(seconds=s) for s in steps]
    page = phone("wg001")
    said = page.evaluate(
        "([due, now]) => import('/m/words.js').then((w) => due.map((d) => w.left(d, now).words))",
        [[d.isoformat() for d in due], now.timestamp() * 1000],
    )
    assert said == [_words.left(d, now) for d in due]


def test_the_pages_own_digest_is_sha256(world, phone):
    page = phone("wg001")
    same = page.evaluate(
        """async () => {
             const { digest } = await import('/m/photo.js');
             const hex = (b) => [...new Uint8Array(b)].map((x) => x.toString(16).padStart(2, '0')).join('');
             for (const size of [0, 1, 55, 56, 63, 64, 65, 1000, 70001]) {
               const data = crypto.getRandomValues(new Uint8Array(Math.min(size, 65536)));
               if (hex(digest(data)) !== hex(await crypto.subtle.digest('SHA-256', data))) return size;
             }
             return 'same';
           }"""
    )
    assert same == "same"
