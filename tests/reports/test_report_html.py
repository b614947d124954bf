"""The HTML as text: the content of the PDF, nothing that loads, nothing hidden, same bytes."""

from __future__ import annotations

import base64
import hashlib
import html.parser
import json
import re
import subprocess
import sys
from dataclasses import fields, is_dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from report_records import ARABIC, CJK, HOSTILE, make, make_viewed, poisoned, run

from forensics.record import CaseRecord, Conclusion, Exhibit
from reports import content
from reports.html import html_bytes
from reports.sections import compose
from reports.subject import subject
from reports.template import names
from reports.text import visible

EVERYONE = tuple(Conclusion)
UNSEEN = re.compile("[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u200b\\u202a-\\u202e\\u2066-\\u2069]")
VOID = {"meta", "img", "input", "br", "line", "rect", "polygon", "polyline"}


class Page(html.parser.HTMLParser):
    """Collects text, elements and attributes, and checks that elements close in order."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(source)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] not in ("script", "style"):
            self.said.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", "", "".join(self.said))


def render(record: CaseRecord, folder: Path, template: str = "examiner", **more: Any) -> str:
    return html_bytes(subject(record, template, **more), folder).decode("utf-8")


def texts(value: object) -> list[str]:
    """List every text that a block holds for the reader."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, tuple):
        return [text for one in value for text in texts(one)]
    if isinstance(value, content.Bar | content.Strip | content.FrameTypes | content.Course):
        return []  # figures; their labels are in the drawing
    if isinstance(value, content.Viewer):
        return [value.title, value.note]
    if isinstance(value, Exhibit):
        return [value.title, value.caption, value.file]
    if isinstance(value, content.Person):  # its thumbnail's title is not printed
        value = replace(value, thumbnail=None)
    if isinstance(value, content.Plate):
        beside = [value.no_control] if value.control is None else [value.control_label]
        return [*texts(value.exhibit), *(texts(value.control) if value.control else []), *beside]
    if is_dataclass(value) and not isinstance(value, type):
        skip = {"conclusion", "style", "shares", "mono"}
        return [
            t for f in fields(value) if f.name not in skip for t in texts(getattr(value, f.name))
        ]
    return []


@pytest.mark.parametrize("template", names())
@pytest.mark.parametrize("conclusions", [EVERYONE, (Conclusion.SUPPORTS_NO_FACE_SWAP,), ()])
def test_the_html_says_what_the_pdf_says(
    tmp_path: Path, template: str, conclusions: tuple[Conclusion, ...]
) -> None:
    record = make_viewed(tmp_path, conclusions)
    case = subject(record, template)
    page = Page(html_bytes(case, tmp_path).decode("utf-8"))
    for part in compose(case):
        for section in part.sections:
            assert re.sub(r"\s+", "", section.title) in page.text
            for block in section.blocks:
                for text in texts(block):
                    assert re.sub(r"\s+", "", visible(text, 1200)) in page.text, text


def test_it_may_load_nothing_and_run_one_script(tmp_path: Path) -> None:
    source = render(make_viewed(tmp_path, EVERYONE), tmp_path)
    page = Page(source)
    policies = [a["content"] for t, a in page.elements if "http-equiv" in a and t == "meta"]
    script = re.search(r"<script>(.*?)</script>", source, re.DOTALL)
    assert script
    digest = base64.b64encode(hashlib.sha256(script.group(1).encode()).digest()).decode()
    assert policies == [
        f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    ]
    assert sum(tag == "script" for tag, _ in page.elements) == 1
    for tag, attributes in page.elements:
        assert tag not in ("link", "iframe", "object", "embed", "form", "base", "audio", "video")
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("src", "href", "srcset", "xlink:href", "action", "style"):
            value = attributes.get(name) or ""
            assert value.startswith(("data:image/png;base64,", "#")) or not value, (tag, value)
    for word in ("http://", "https://", "url(", "@import", "fetch(", "XMLHttpRequest"):
        assert word not in source


def test_everything_has_a_name(tmp_path: Path) -> None:
    page = Page(render(make_viewed(tmp_path, EVERYONE), tmp_path))
    ids = [a["id"] for _, a in page.elements if "id" in a]
    assert len(ids) == len(set(ids))
    labelled = {a["for"] for t, a in page.elements if t == "label" and "for" in a}
    levels = [int(t[1]) for t, _ in page.elements if re.fullmatch(r"h[1-6]", t)]
    assert levels[0] == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))
    for tag, attributes in page.elements:
        if tag == "img":
            assert attributes["alt"]
        if tag == "svg":
            assert attributes["role"] == "img"
            assert attributes["aria-label"]
        if tag in ("input", "textarea") and attributes.get("type") != "checkbox":
            assert attributes["id"] in labelled
        for name in ("aria-labelledby", "aria-describedby", "for"):
            assert attributes.get(name) is None or attributes[name] in ids


def test_reproducible_html_is_the_same_bytes_in_another_process(tmp_path: Path) -> None:
    record = make_viewed(tmp_path, (Conclusion.INCONCLUSIVE,), name=CJK)
    later = record.model_copy(update={"run": run("2027-01-01T00:00:00Z", "/elsewhere/x.mp4")})
    (tmp_path / "record.json").write_text(later.to_json(), encoding="utf-8")
    here = render(record, tmp_path, reproducible=True)
    code = (
        "import sys; from pathlib import Path; from forensics.cli_report import report\n"
        "at = Path(sys.argv[1]); report(at / 'record.json', out=at / 'b.html',"
        " template='examiner', format_=None, lang='en', show_faces=False, reproducible=True,"
        " received='', sign=False, key=None, cert=None, verify=None, quiet=True)"
    )
    (tmp_path / "exhibits").symlink_to(tmp_path)
    subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], check=True, env={"PYTHONHASHSEED": "7"},
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert (tmp_path / "b.html").read_text("utf-8") == here
    assert render(later, tmp_path) != here


def test_every_text_of_a_record_may_be_hostile(tmp_path: Path) -> None:
    plain = poisoned(make_viewed(tmp_path, EVERYONE).to_plain())
    for template in names():
        source = render(CaseRecord.model_validate_json(json.dumps(plain)), tmp_path, template)
        page = Page(source)
        assert "⟨U+202E⟩" in source
        assert not UNSEEN.search(source)
        assert {"b", "para", "bad"} & {tag for tag, _ in page.elements} <= {"b"}
        assert HOSTILE not in source


def test_a_megabyte_of_markup_is_cut_and_inert(tmp_path: Path) -> None:
    tag = "<img src=x onerror=alert(1)><script>alert(2)</script>\u202e" * 20_000
    record = make(tmp_path, EVERYONE, name="<script>alert(3)</script>.mp4", tag=tag)
    source = render(record, tmp_path)
    page = Page(source)
    assert len(source) < 3_000_000
    assert "morecharacters]" in page.text
    assert sum(t == "script" for t, _ in page.elements) == 1
    assert all("onerror" not in a for _, a in page.elements)


def test_right_to_left_names_are_isolated(tmp_path: Path) -> None:
    source = render(make(tmp_path, EVERYONE, name=ARABIC), tmp_path)
    assert f"<bdi>{ARABIC}</bdi>" in source
    outside = re.sub(r"<title>.*?</title>|<bdi>.*?</bdi>", "", source)
    assert ARABIC not in outside


def test_faces_are_blurred_in_the_bytes_not_by_the_browser(tmp_path: Path) -> None:
    record = make_viewed(tmp_path)
    hidden, shown = (render(record, tmp_path, show_faces=on) for on in (False, True))
    assert "blur(" not in hidden + shown
    for exhibit in record.exhibits:
        whole = base64.b64encode((tmp_path / exhibit.file).read_bytes()[100:400]).decode()[8:200]
        assert whole not in hidden or not exhibit.shows_face
    assert len(shown) > 2 * len(hidden)
    assert "unblurred" in shown


def test_an_altered_exhibit_is_not_shown(tmp_path: Path) -> None:
    record = make_viewed(tmp_path)
    (tmp_path / "map-1.png").write_bytes(b"not what was sealed")
    (tmp_path / "pair-1.png").unlink()
    text = Page(render(record, tmp_path)).text
    assert "Exhibitaltered:map-1.png" in text
    assert "Exhibitmissing:pair-1.png" in text
