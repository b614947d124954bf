"""The PDF report: a pure function of the record and the exhibits it names."""

from __future__ import annotations

import io
from pathlib import Path

from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, Flowable, Frame, PageBreak, PageTemplate, Spacer

from forensics.record import CaseRecord
from reports import figures
from reports.case import Case, record_digest
from reports.content import Part
from reports.flow import Page
from reports.fonts import BODY, MONO, fitted, line, register
from reports.layout import Heading, section
from reports.pictures import Album
from reports.sections import compose
from reports.styles import WIDE, para
from reports.subject import DEFAULT_TEMPLATE, subject, write
from reports.text import short, visible

DIGEST_MARK = "record sha-256 without run: "
"""Before the record's digest in the document's subject, where `verify` reads it."""

MARGIN = (A4[0] - WIDE) / 2
FOOT = 40.0


def render_pdf(
    record: CaseRecord,
    exhibits: Path,
    out: Path,
    *,
    template: str = DEFAULT_TEMPLATE,
    show_faces: bool = False,
    reproducible: bool = False,
) -> None:
    """Write a record as a PDF.

    Args:
        record: The single input besides the pictures.
        exhibits: Folder of the pictures that the record names; each is checked by digest.
        out: Written under a temporary name, then renamed.
        template: Name of a file in `reports/templates`.
        show_faces: Do not blur faces; the report says so.
        reproducible: Leave `record.run` out, so that two examinations give the same bytes.

    Raises:
        OutputError: The file cannot be written.
        TemplateError: There is no such template.
    """
    case = subject(record, template, reproducible=reproducible, show_faces=show_faces)
    write(out, pdf_bytes(case, exhibits))


def pdf_bytes(case: Case, exhibits: Path) -> bytes:
    """Lay the report out twice: the first time only to learn how many pages there are.

    A form that is filled in at the end would save a pass, but then readers that extract or
    speak the text would not find the number.

    Args:
        case: What to report.
        exhibits: Folder of the pictures.
    """
    register()
    parts = compose(case)
    page = Page(case.template.words, Album(exhibits, case.template.words, case.show_faces))
    digest = record_digest(case.record)
    counted = _document(case, io.BytesIO(), digest, 0)
    counted.build(_story(parts, case, page))
    out = io.BytesIO()
    _document(case, out, digest, counted.page).build(_story(parts, case, page))
    return out.getvalue()


def _document(case: Case, out: io.BytesIO, digest: str, total: int) -> BaseDocTemplate:
    def foot(canvas: Canvas, _document: BaseDocTemplate) -> None:
        _foot(canvas, case, digest, total)

    record, template = case.record, case.template
    frame = Frame(MARGIN, FOOT, WIDE, A4[1] - FOOT - 34, 0, 0, 0, 0)
    return BaseDocTemplate(
        out, pagesize=A4, invariant=1, pageCompression=1,
        lang=template.lang, title=visible(f"{template.title}: {record.item.name}", 200),
        author=visible(f"{record.tool.name} {record.tool.version}"),
        subject=f"{DIGEST_MARK}{digest}",
        pageTemplates=[PageTemplate("page", [frame], onPage=foot)],
    )  # fmt: skip


def _story(parts: tuple[Part, ...], case: Case, page: Page) -> list[Flowable]:
    template = case.template
    story: list[Flowable] = [
        Heading(template.title, "title", 0),
        para(template.subtitle, "note"),
        Spacer(1, 3),
    ]
    for number, part in enumerate(parts):
        story += [PageBreak()] if number else []
        story += [Heading(part.title, "part", 0)] if part.title else []
        for found in part.sections:
            story += section(found, page, 1)
    return story


def _foot(canvas: Canvas, case: Case, digest: str, total: int) -> None:
    """Print what ties this page to the record and the item."""
    words, record = case.template.words, case.record
    canvas.saveState()
    canvas.setStrokeColor(figures.GRID)
    canvas.line(MARGIN, 33, A4[0] - MARGIN, 33)
    canvas.setFillColor(figures.FAINT)
    about = words.footer.format(
        title=case.template.title, item=short(record.item.sha256),
        tool=f"{record.tool.name} {record.tool.version}",
    )  # fmt: skip
    canvas.setFont(BODY, 6.2)
    canvas.drawString(MARGIN, 24, fitted(about, BODY, 6.2, WIDE - 90))
    canvas.setFont(MONO, 6.2)
    canvas.drawString(MARGIN, 15.5, line(words.footer_record.format(digest=digest), MONO, 200))
    canvas.setFont(BODY, 7)
    place = words.page.format(page=canvas.getPageNumber(), total=total)
    canvas.drawRightString(A4[0] - MARGIN, 24, line(place, BODY))
    canvas.restoreState()
