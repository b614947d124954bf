from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports import fonts
from reports.text import (
    LIMIT,
    ascii_form,
    break_lines,
    code_point,
    in_visual_order,
    is_typeable,
    visible,
)


@pytest.mark.parametrize(
    "char",
    ["\x00", "\x07", "\n", "\x1b", "\x7f", "\x9b", "\u200b", "\u202e", "\u2066", "\ufeff",
     "\u2028", "\ud800", "\ue000", "\u00a0", "\u3164", "\ufe0f", "\U000e0041"],
)  # fmt: skip
def test_what_cannot_be_seen_is_spelled_out(char: str) -> None:
    assert visible(f"a{char}b") == f"a{code_point(char)}b"


@pytest.mark.parametrize("text", ["plain.mp4", "a b", "Ünïcode ñ", "מסמך", "مقابلة", "長い 이름"])
def test_honest_text_is_left_alone(text: str) -> None:
    assert visible(text) == text


@given(st.text(max_size=300))
def test_nothing_hidden_and_nothing_reordered_survives(text: str) -> None:
    shown = visible(text)
    assert not any(unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") for char in shown)
    assert len(shown) <= LIMIT + 40


def test_a_megabyte_is_cut_with_a_count() -> None:
    shown = visible("x" * 1_000_000, 100)
    assert shown == "x" * 100 + "… [999,900 more characters]"


def test_expansion_is_bounded_too() -> None:
    assert len(visible("\u202e" * 1_000_000, 100)) < 150


def test_marks_do_not_pile_up() -> None:
    assert visible("e\u0301") == "e\u0301"
    assert "⟨U+0301⟩" in visible("e" + "\u0301" * 40)


def test_right_to_left_is_joined_and_reversed() -> None:
    shown = in_visual_order("سلام.mp4")
    assert shown.endswith(".mp4")
    assert any("\ufe70" <= char <= "\ufeff" for char in shown), "letters are not joined"
    assert in_visual_order("אבג") == "גבא"


def test_vowel_signs_stay() -> None:
    assert "\u064e" in in_visual_order("كَتب")


def test_lines_are_whole() -> None:
    name = "長" * 100 + " and some words " + "x" * 100
    lines = break_lines(name, 40)
    assert "".join(lines) == name
    assert len(lines) > 5


def test_ascii_form_is_ascii_and_tells_names_apart() -> None:
    assert ascii_form("a\u202eb\x1b") == r"a\u202eb\x1b"
    assert ascii_form("а.mp4") != ascii_form("a.mp4")
    assert is_typeable("interview 2.mp4")
    assert not is_typeable("а.mp4")
    assert not is_typeable("a\x1b.mp4")


def test_markup_says_exactly_the_text() -> None:
    assert fonts.markup("<b>&x</b>", fonts.BODY) == "&lt;b&gt;&amp;x&lt;/b&gt;"


def test_every_script_finds_a_font_or_is_spelled_out() -> None:
    named = dict(fonts.runs("a長", fonts.BODY))
    assert named == {fonts.BODY: "a", fonts.WIDE: "長"}
    assert fonts.runs("ก", fonts.BODY) == [(fonts.BODY, "⟨U+0E01⟩")]
    assert fonts.line("長", fonts.BODY) == "⟨U+9577⟩"
