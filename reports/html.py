"""The HTML report: one file, the content of the PDF, to be looked through by hand.

It loads nothing: pictures and figures are in it, its only script is named by digest in the
content security policy, and every text of the record is escaped before it is placed.
"""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files
from pathlib import Path

from markupsafe import Markup

from reports.case import Case, record_digest
from reports.content import Part, Section
from reports.fonts import register
from reports.html_blocks import Sheet, text
from reports.html_viewer import block_html
from reports.pictures import Album
from reports.sections import compose
from reports.text import visible

_PAGE = Markup(
    '<!doctype html>\n<html lang="{lang}">\n<head>\n<meta charset="utf-8">\n'
    '<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
    '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    '<meta name="referrer" content="no-referrer">\n'
    '<meta name="record-sha256" content="{digest}">\n'
    "<title>{title}</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
    '<a class="skip" href="#report">{skip}</a>\n'
    '<header><h1>{heading}</h1><p class="note">{subtitle}</p>{contents}</header>\n'
    '<main id="report">\n{body}</main>\n'
    '<footer><p>{about}</p><p class="mono">{footer}</p></footer>\n'
    "<script>{script}</script>\n</body>\n</html>\n"
)


def html_bytes(case: Case, exhibits: Path) -> bytes:
    """Write the report as one HTML file.

    Args:
        case: What to report.
        exhibits: Folder of the pictures that the record names; each is checked by digest.
    """
    register()  # figures measure their labels with the PDF's fonts
    template, record = case.template, case.record
    words, digest = template.words, record_digest(record)
    sheet = Sheet(words, Album(exhibits, words, case.show_faces))
    parts = compose(case)
    script, style = (_shipped(name) for name in ("report.js", "report.css"))
    about = words.footer.format(
        title=template.title, item=record.item.sha256[:12],
        tool=f"{record.tool.name} {record.tool.version}",
    )  # fmt: skip
    page = _PAGE.format(
        lang=template.lang, policy=policy(script), digest=digest,
        title=visible(f"{template.title}: {record.item.name}", 200), style=Markup(style),  # noqa: S704 - shipped with us, no record text
        skip=words.skip, heading=template.title, subtitle=template.subtitle,
        contents=_contents(parts, words.contents),
        body=Markup("").join(_part(part, sheet) for part in parts),
        about=text(about), footer=words.footer_record.format(digest=digest),
        script=Markup(script),  # noqa: S704 - the same
    )  # fmt: skip
    return page.encode("utf-8")


def policy(script: str) -> str:
    """Return the content security policy that allows this script and nothing else."""
    digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
    return (
        f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )


def _shipped(name: str) -> str:
    return (files("reports") / "web" / name).read_text("utf-8")


def _contents(parts: tuple[Part, ...], label: str) -> Markup:
    links = [
        Markup('<li><a href="#{}">{}</a></li>').format(section.key, section.title)
        for part in parts
        for section in part.sections
        if section.title
    ]
    return Markup('<nav aria-label="{}"><ul>{}</ul></nav>').format(label, Markup("").join(links))


def _part(part: Part, sheet: Sheet) -> Markup:
    level = 3 if part.title else 2
    head = Markup("<h2>{}</h2>").format(part.title) if part.title else Markup("")
    body = Markup("").join(_section(section, level, sheet) for section in part.sections)
    return Markup('<div class="part" data-part="{}">{}{}</div>\n').format(part.key, head, body)


def _section(section: Section, level: int, sheet: Sheet) -> Markup:
    below = sheet.at(level)
    body = Markup("").join(block_html(block, below) for block in section.blocks)
    if not section.title:
        return Markup('<section id="{}">{}</section>\n').format(section.key, body)
    return Markup(
        '<section id="{key}" aria-labelledby="{key}-title">'
        '<h{level} id="{key}-title">{title}</h{level}>{body}</section>\n'
    ).format(key=section.key, level=level, title=text(section.title), body=body)
