"""Text from files is hostile until it has passed through here.

Names, tags and metadata are written by whoever made the item. `visible` makes any text harmless
and honest in every medium: what cannot be seen is spelled out, what is too long is cut with a
count. The terminal, the PDF and the HTML all use it, at their very edge, on every string.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

import arabic_reshaper
from bidi.algorithm import get_display

LIMIT = 600
"""Characters of one text that a report prints, unless a caller knows better."""

MARKS_IN_A_ROW = 3
"""Combining marks that real scripts stack; more only serve to smear ink over the lines around."""

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_BLANK_LETTERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
_SPACES = frozenset(" \u3000")
_RTL = frozenset({"R", "AL", "AN"})

# harakat are part of the name: the library's default would silently drop them
_reshape = arabic_reshaper.ArabicReshaper({"delete_harakat": False, "delete_tatweel": False})


def code_point(char: str) -> str:
    """Spell one character out, as ⟨U+202E⟩."""
    return f"⟨U+{ord(char):04X}⟩"


def visible(text: object, limit: int = LIMIT) -> str:
    """Make text harmless and honest: nothing hidden, nothing reordered, bounded.

    Control characters, bidirectional overrides, zero-width and private characters, unusual
    spaces and line breaks become ⟨U+XXXX⟩. Whether the rest has glyphs is the font's question.

    Args:
        text: Anything; its `str` is taken.
        limit: Characters of the result; the number of original ones cut is said after it.

    Returns:
        Text without control characters. Markup is left as it is: each medium escapes its own.
    """
    raw = str(text)
    kept: list[str] = []
    length = 0
    for done, shown in enumerate(_seen(raw)):
        length += len(shown)
        if length > limit:
            return f"{''.join(kept)}… [{len(raw) - done:,} more characters]"
        kept.append(shown)
    return "".join(kept)


def _seen(raw: str) -> Iterator[str]:
    marks = 0
    for char in raw:
        kind = unicodedata.category(char)
        marks = marks + 1 if kind in ("Mn", "Me") else 0
        hidden = (
            kind in _UNSEEN
            or (kind == "Zs" and char not in _SPACES)
            or char in _BLANK_LETTERS
            or "\ufe00" <= char <= "\ufe0f"  # variation selectors
            or marks > MARKS_IN_A_ROW
        )
        yield code_point(char) if hidden else char


def has_rtl(text: str) -> bool:
    """Return whether any character runs right to left."""
    return any(unicodedata.bidirectional(char) in _RTL for char in text)


def in_visual_order(text: str) -> str:
    """Return text with Arabic joined and right-to-left runs reversed, for left-to-right drawing.

    Args:
        text: One line, already `visible`, in logical order.

    Limits:
        A run that is broken over lines afterwards has its lines in the wrong order; break
        first where that matters, with `break_lines`.
    """
    if not has_rtl(text):
        return text
    ordered = get_display(_reshape.reshape(text), base_dir="L")
    return str(ordered)


def break_lines(text: str, columns: int) -> list[str]:
    """Break text, in logical order, into lines of about so many columns, at spaces if it can.

    Args:
        text: Already `visible`.
        columns: Width of a line; wide (East Asian) characters count double.
    """
    lines: list[str] = []
    line, width = "", 0
    for char in text:
        line += char
        width += 2 if unicodedata.east_asian_width(char) in "WF" else 1
        if width >= columns:
            at = max(line.rfind(mark) for mark in " _-.") + 1
            at = at if at > columns // 2 else len(line)
            lines.append(line[:at])
            line = line[at:]
            width = sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)
    return [*lines, line] if line or not lines else lines


def ascii_form(text: str, limit: int = LIMIT) -> str:
    r"""Write text in printable ASCII, everything else as \xXX or \uXXXX, to type and compare.

    Args:
        text: Any.
        limit: Characters of the result.
    """
    return visible(text.encode("unicode_escape").decode("ascii"), limit)


def is_typeable(text: str) -> bool:
    """Return whether text is what it looks like: printable ASCII only."""
    return text.isascii() and text.isprintable()


def short(digest: str, length: int = 12) -> str:
    """Return the first characters of a digest, for reading aloud."""
    return digest[:length]
