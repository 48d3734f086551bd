from __future__ import annotations

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netlift.catalogue import visible_text


def test_html_is_read_line_by_line() -> None:
    """Words, links, lists and pictures are there; styles and scripts are not."""
    html = (
        "<title>T</title><style>p { color: red }</style><h1>Wine &amp; cheese</h1>"
        "<p>Two\n lines<br>and <a href='https://x.example/a'>a link</a>."
        "</p><ul><li>red</li><li>white</li></ul><img src='https://x.example/p.png' alt='A bottle'><hr><script>alert(1)</script>"
    )
    assert visible_text(html) == ("Wine & cheese\n\nTwo lines\nand a link (https://x.example/a).\n\n- red\n- white\n\nA bottle\n----\n")


def test_blocks_and_fields_are_read_too() -> None:
    """netlift's own blocks, and templates as they stand."""
    html = "<heading>For {{ name }}</heading><text>Hello</text><button href='https://x.example'>Buy</button><divider>"
    assert visible_text(html) == "For {{ name }}\n\nHello\n\nBuy (https://x.example)\n\n----\n"


@pytest.mark.parametrize("html", ["", "<", "<p", "</p></p>", "<a></a>", "</style>x", "<![CDATA[x", "<!-- x"])
def test_broken_html_is_read_as_far_as_it_goes(html: str) -> None:
    """Nothing that is not closed ends in an error."""
    assert visible_text(html).endswith("\n")


@hypothesis.settings(deadline=None)
@given(st.text(alphabet="<>/ab= \"'&;!-pscripttyle", max_size=200))
def test_anything_is_read(html: str) -> None:
    """Whatever stands there, a text comes out."""
    assert isinstance(visible_text(html), str)
