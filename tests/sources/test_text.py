"""Bytes become lines strictly, wherever the chunks end."""

from __future__ import annotations

import io
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netlift.errors import SettingsError, SourceError
from netlift.sources.text import Lines, encoding_of


def lines(data: bytes, encoding: str = "utf-8") -> list[str]:
    return [line for block in Lines(io.BytesIO(data), encoding=encoding, file="x.csv") for line in block.lines]


@settings(deadline=None)
@given(
    st.text(alphabet="aé€😀\r\n\u2028\x0b\x85", max_size=40), st.integers(1, 9), st.sampled_from(["utf-8", "utf-16-le", "utf-32", "cp1252"])
)
def test_lines_do_not_depend_on_chunks(text: str, chunk: int, encoding: str) -> None:
    """The lines are those of the whole text, split at \\n, \\r and \\r\\n only; nothing is lost."""
    text = text if encoding != "cp1252" else text.encode("cp1252", "ignore").decode("cp1252")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("netlift.sources.text.CHUNK", chunk)
        found = lines(text.encode(encoding), encoding)
    assert "".join(found) == text
    assert found == re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$", text)


@settings(deadline=None)
@given(st.lists(st.sampled_from(["a", "é", "\n", "\r\n", "😀"]), max_size=30), st.integers(1, 9))
def test_place_of_a_bad_byte(parts: list[str], chunk: int) -> None:
    """Line and position of an undecodable byte are right, wherever the chunks end."""
    before = "".join(parts).encode()
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SourceError) as caught:
        patch.setattr("netlift.sources.text.CHUNK", chunk)
        lines(before + b"\xff" + b"abc\n")
    line = parts.count("\n") + parts.count("\r\n") + 1
    assert f"line {line}: byte 0xFF (position {len(before)} of the file)" in str(caught.value)


@pytest.mark.parametrize(
    ("start", "declared", "expected"),
    [
        (b"id,n", "utf-8", "utf-8"),
        (b"id,n", "Latin1", "iso8859-1"),
        ("\ufeffid".encode("utf-8"), "utf-8", "utf-8-sig"),
        ("\ufeffid".encode("utf-16-le"), "utf-8", "utf-16"),
        ("\ufeffid".encode("utf-16-be"), "utf-16", "utf-16"),
        ("\ufeffid".encode("utf-32-le"), "utf-8", "utf-32"),
        (b"", "utf-8", "utf-8"),
    ],
)
def test_encoding(start: bytes, declared: str, expected: str) -> None:
    """The declared encoding is used unless a mark names another."""
    assert encoding_of(start, declared=declared, file="x.csv") == expected


@pytest.mark.parametrize("declared", ["utf-9", "rot13", "hex"])
def test_unknown_encoding(declared: str) -> None:
    """An encoding that Python does not know as one of text is refused by name."""
    with pytest.raises(SettingsError, match=f"encoding = '{declared}' is no text encoding"):
        encoding_of(b"id", declared=declared, file="x.csv")


def test_cut_is_noticed() -> None:
    """A stream that does not end with a line end is known to."""
    whole, cut = (Lines(io.BytesIO(data), encoding="utf-8", file="x.csv") for data in (b"a\nb\n", b"a\nb"))
    assert (list(whole), list(cut)) != ([], [])
    assert (whole.cut, cut.cut) == (False, True)
