"""The HTML in a real browser: headless Chromium, driven by keyboard, from a file."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from report_records import ARABIC, make_viewed, poisoned

from forensics.record import CaseRecord, Conclusion
from reports.html import html_bytes
from reports.subject import subject

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no chromium here; apt-get install chromium"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


class Opened:
    """A report in the browser, with what it asked for and complained of."""

    def __init__(self, browser: Any, path: Path, **options: Any) -> None:
        self.asked: list[str] = []
        self.complaints: list[str] = []
        self.dialogs: list[str] = []
        self.page = browser.new_page(**options)
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", self._dialog)
        self.page.goto(path.as_uri())

    def _dialog(self, dialog: Any) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()


@pytest.fixture
def opened(browser: Any, tmp_path: Path) -> Iterator[Opened]:
    record = make_viewed(tmp_path, (Conclusion.SUPPORTS_FACE_SWAP, Conclusion.INCONCLUSIVE))
    path = tmp_path / "report.html"
    path.write_bytes(html_bytes(subject(record, "examiner", show_faces=True), tmp_path))
    found = Opened(browser, path)
    yield found
    assert [url for url in found.asked if not url.startswith(("file:", "data:"))] == []
    assert [url for url in found.asked if url.startswith("file:")] == [path.as_uri()]
    assert found.complaints == []
    found.page.close()


def test_the_slider_moves_frame_and_courses_by_keyboard(opened: Opened) -> None:
    page = opened.page
    viewer = page.locator(".viewer").first
    slider = viewer.get_by_role("slider", name="Time")
    shown = viewer.locator(".frame:visible img")
    line, value = viewer.locator(".cursor").first, viewer.locator(".at").first
    assert shown.count() == 1
    before = (shown.get_attribute("src"), line.get_attribute("x1"), value.inner_text())
    slider.focus()
    for _ in range(9):
        page.keyboard.press("ArrowRight")
    after = (shown.get_attribute("src"), line.get_attribute("x1"), value.inner_text())
    assert all(one != other for one, other in zip(before, after, strict=True))
    assert " s" in slider.get_attribute("aria-valuetext")
    page.keyboard.press("End")
    left, right, end = (
        float(viewer.locator(".course").first.get_attribute(f"data-{name}"))
        for name in ("left", "right", "end")
    )
    times = json.loads(viewer.get_attribute("data-times"))
    assert times[-1] == pytest.approx(end)
    assert float(line.get_attribute("x1")) == pytest.approx(right, abs=0.5) != left
    page.keyboard.press("Home")
    assert float(line.get_attribute("x1")) == pytest.approx(left, abs=0.5)


def test_one_viewer_leaves_the_other_alone(opened: Opened) -> None:
    first, second = opened.page.locator(".viewer").all()[:2]
    before = second.locator(".scrub output").inner_text()
    first.locator("input.time").focus()
    opened.page.keyboard.press("End")
    assert second.locator(".scrub output").inner_text() == before


def test_overlays_are_laid_over_the_frame(opened: Opened) -> None:
    viewer = opened.page.locator(".viewer").first
    overlay = viewer.locator(".overlay").first
    box = viewer.locator(".overlays input[type=checkbox]").first
    assert not overlay.is_visible()
    box.focus()
    opened.page.keyboard.press("Space")
    assert overlay.is_visible()
    frame = viewer.locator(".frame:visible img").bounding_box()
    laid = overlay.locator("img").bounding_box()
    for side in ("x", "y", "width", "height"):
        assert laid[side] == pytest.approx(frame[side], abs=1)
    strength = viewer.locator("input.strength")
    strength.focus()
    opened.page.keyboard.press("Home")
    assert overlay.evaluate("one => one.style.opacity") == "0.1"
    box.uncheck()
    assert not overlay.is_visible()


def test_two_pictures_are_compared_with_a_slider(opened: Opened) -> None:
    figure = opened.page.locator(".compare").first
    slider, over = figure.locator("input.slide"), figure.locator(".over")
    reach = "one => getComputedStyle(one).clipPath"
    half = over.evaluate(reach)
    assert "questioned" in slider.get_attribute("aria-valuetext")
    slider.focus()
    opened.page.keyboard.press("End")
    whole = over.evaluate(reach)
    opened.page.keyboard.press("Home")
    assert len({half, whole, over.evaluate(reach)}) == 3
    pixel = """async figure => {
      const box = figure.querySelector('.pair').getBoundingClientRect();
      return [box.width, ...[...figure.querySelectorAll('.pair img')].map(one => one.width)];
    }"""
    widths = figure.evaluate(pixel)
    assert len(set(map(round, widths))) == 1


def test_everything_can_be_reached_by_tab(opened: Opened) -> None:
    page = opened.page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    reached = set()
    for _ in range(150):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.className"))
    assert {"time", "strength", "slide"} <= reached


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out(browser: Any, tmp_path: Path, scheme: str) -> None:
    record = make_viewed(tmp_path, tuple(Conclusion))
    path = tmp_path / "report.html"
    path.write_bytes(html_bytes(subject(record, "moderator"), tmp_path))
    found = Opened(browser, path, color_scheme=scheme)
    weakest = found.page.evaluate(CONTRAST)
    assert weakest[0] >= 4.5, weakest
    found.page.close()


CONTRAST = """() => {
  const parse = color => color.match(/[\\d.]+/g).map(Number);
  const lum = rgb => {
    const [r, g, b] = rgb.slice(0, 3).map(v => {
      v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = one => {
    for (let at = one; at; at = at.parentElement) {
      const color = parse(getComputedStyle(at).backgroundColor);
      if (color.length < 4 || color[3] > 0) return color;
    }
    return [255, 255, 255];
  };
  let weakest = [99, ''];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const one = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || one.closest('script,style,svg')) continue;
    const a = lum(parse(getComputedStyle(one).color)), b = lum(ground(one));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < weakest[0]) weakest = [ratio, one.className + ': ' + walk.currentNode.data];
  }
  return weakest;
}"""


def test_hostile_text_is_inert(browser: Any, tmp_path: Path) -> None:
    attack = "'\"><img src=x onerror=alert(1)><svg onload=alert(2)><script>alert(3)</script>"
    text = f"{attack}\u202e{ARABIC}\x00\x1b]0;x\x07"
    plain = poisoned(make_viewed(tmp_path, tuple(Conclusion)).to_plain(), text)
    record = CaseRecord.model_validate_json(json.dumps(plain))
    path = tmp_path / "hostile.html"
    path.write_bytes(html_bytes(subject(record, "examiner"), tmp_path))
    found = Opened(browser, path)
    found.page.wait_for_timeout(300)
    assert found.dialogs == []
    assert found.complaints == []
    assert found.page.locator("img[src='x']").count() == 0
    assert found.page.locator("script").count() == 1
    assert [url for url in found.asked if not url.startswith(("file:", "data:"))] == []
    assert attack.split("\u202e")[0][:30] in found.page.locator("body").inner_text()
    found.page.close()


def test_without_a_script_everything_is_still_there(browser: Any, tmp_path: Path) -> None:
    record = make_viewed(tmp_path)
    path = tmp_path / "report.html"
    path.write_bytes(html_bytes(subject(record, "examiner"), tmp_path))
    found = Opened(browser, path, java_script_enabled=False)
    frames = found.page.locator(".viewer .frame")
    assert frames.count() == len(record.exhibits[-2].times_s)
    assert all(frame.is_visible() for frame in frames.all())
    found.page.close()
