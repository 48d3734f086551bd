from __future__ import annotations

import re
from html.parser import HTMLParser

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netlift.campaigns.html import document
from netlift.campaigns.messages import HTML, problems


def made(source: str, **utm: str) -> str:
    """The document of a source without problems."""
    found = document(source, utm=utm)
    assert found.problems == ()
    assert list(problems(found.html, html=True)) == []
    return found.html


def told(source: str) -> str:
    """The first problem of a source."""
    found = document(source, utm={})
    assert found.html == ""
    return found.problems[0]


def content(source: str) -> str:
    """What is in the content's cell."""
    return made(source).split('color: #222222;">')[1].removesuffix("</td></tr></tbody></table></td></tr></tbody></table></body></html>\n")


def test_plain_html_stays_as_it_is() -> None:
    """Known tags and attributes come out, quoted; entities are kept."""
    assert content("<p align=center>1 &lt; 2 &amp; <b>bold</b></p>") == '<p align="center">1 &lt; 2 &amp; <b>bold</b></p>'


def test_blocks_become_tables_and_styled_elements() -> None:
    """A button is a link in a table cell, columns are cells, and each carries its style with it."""
    html = made(
        "<heading level=2>Wine</heading><text>Red</text><button href='https://x.example/'>Buy</button>"
        "<columns><column>l</column><column>r</column></columns><image src='https://x.example/a.png' alt='A'><divider><footer>f</footer>"
    )
    assert re.search(r'<h2 class="nl-heading" style="[^"]+">Wine</h2>', html)
    assert re.search(r'<td style="background: #1a4f8b[^"]*"><a class="nl-link" href="https://x.example/" style="[^"]+">Buy</a></td>', html)
    assert html.count('class="nl-column"') == 2
    assert 'style="display: block;max-width: 100%;height: auto' in html
    assert "heading>" not in html
    assert "<columns" not in html


def test_only_rules_for_narrow_screens_stay_in_the_sheet() -> None:
    """An author's styles go to their elements; nothing is fetched from anywhere."""
    html = made("<style>.big { color: red } @media (max-width: 400px) { .big { color: blue } }</style><p class=big>x</p>")
    assert '<p class="big" style="color: red;">x</p>' in html
    sheet = html.split("<style>")[1].split("</style>")[0]
    assert ".nl-text" not in sheet
    assert "@media (max-width: 400px) { .big { color: blue } }" in " ".join(sheet.split())


def test_a_document_around_the_content_is_left_out() -> None:
    """<html>, <head>, <title> and <body> of an exported page do no harm."""
    assert content("<!DOCTYPE html><html><head><title>T</title><meta charset=utf-8></head><body><p>x</p></body></html>") == "<p>x</p>"


def test_fields_and_conditions_keep_their_places() -> None:
    """In text, in attributes and between the rows of a table; names are escaped when they are filled in."""
    source = (
        '<p title="{{ name|default("you") }}">{{ name }}</p><table>{% if vip == "yes" %}<tr><td>gold</td></tr>{% endif %}'
        "<tr><td>{{ city|upper }}</td></tr></table>{# a remark #}"
    )
    template = HTML.from_string(made(source))
    html = template.render(name='<b>"Zoë"', vip="yes", city="Bonn")
    assert '<p title="&lt;b&gt;&#34;Zoë&#34;">&lt;b&gt;&#34;Zoë&#34;</p>' in html
    assert re.search(r"<table>.*<td>gold</td>.*<td>BONN</td>.*</table>", html)
    assert "gold" not in template.render(name="x", vip="no", city="Bonn")
    assert "remark" not in html


def test_braces_that_are_written_as_entities_are_no_template() -> None:
    """What only looks like a field after reading stays text, in text, attributes and styles."""
    source = '<p title="&#123;&#123; x }}">&#123;&#123; name }} &#123;% if %}</p><style>@media print{#a{color:red}}</style>'
    html = HTML.from_string(made(source)).render()
    assert '<p title="{{ x }}">{{ name }} {% if %}</p>' in html
    assert "color:red" in html


def test_links_get_the_parameters() -> None:
    """Web links of <a>, <button> and <image> do; mail, telephone and the unsubscribe link do not."""
    html = made(
        "<a href='https://x.example/a?b=1#c'>x</a><button href='https://y.example'>y</button><a href='mailto:a@x.example'>m</a>"
        "<a href='{{ unsubscribe_url }}'>u</a><image href='https://z.example/' src='https://z.example/i.png' alt=''>",
        utm_source="news",
    )
    assert re.findall(r'href="([^"]+)"', html) == [
        "https://x.example/a?b=1&amp;utm_source=news#c",
        "https://y.example?utm_source=news",
        "mailto:a@x.example",
        "{{ unsubscribe_url }}",
        "https://z.example/?utm_source=news",
    ]
    assert 'src="https://z.example/i.png"' in html


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("<p>\n<script>alert(1)</script></p>", "line 2: <script> is not allowed in mail"),
        ("<form action='https://x.example'></form>", "line 1: <form> is not allowed in mail"),
        ("<input name=x>", "line 1: <input> is not allowed in mail"),
        ("<iframe src='https://x.example'></iframe>", "line 1: <iframe> is not allowed in mail"),
        ("<object></object>", "line 1: <object> is not allowed in mail"),
        ("<link rel=stylesheet href='https://x.example/s.css'>", "line 1: <link> is not allowed in mail"),
        ("<base href='https://evil.example'>", "line 1: <base> is not allowed in mail"),
        ("<svg onload=alert(1)></svg>", "line 1: <svg> is not allowed in mail"),
        ("<p onclick='x()'>x</p>", 'line 1: the attribute "onclick" of <p> is not allowed in mail'),
        ("<a href='javascript:alert(1)'>x</a>", "line 1: the href of <a> is no https, mailto or tel link"),
        ("<a href='java&#x09;script:alert(1)'>x</a>", "line 1: the href of <a> is no https"),
        ("<a href=' JaVaScRiPt:alert(1)'>x</a>", "line 1: the href of <a> is no https"),
        ("<a href='data:text/html,x'>x</a>", "line 1: the href of <a> is no https"),
        ("<a href='//x.example'>x</a>", "line 1: the href of <a> is no https"),
        ("<a href='{{ link }}'>x</a>", "line 1: the href of <a> is no https"),
        ("<a href='https://x.example/?m={{ email }}'>x</a>", "line 1: the href of <a> is no https"),
        ("<img src='https://x.example/{{ name }}.png' alt=''>", "line 1: the src of <img> is no https"),
        ("<img src='{{ unsubscribe_url }}' alt=''>", "line 1: the src of <img> is no https"),
        ("<img src='https://x.example/a.png'>", "line 1: <img> needs src and alt"),
        ("<image alt='x'>", "line 1: <image> needs src and alt"),
        ("<button>x</button>", "line 1: <button> needs href"),
        ("<heading level=7>x</heading>", "line 1: the level of <heading> is 1, 2 or 3"),
        ("<p style='background:url(https://x.example/a.png)'>x</p>", "line 1: the style of <p> holds a field, or something that loads"),
        ("<p style='color: {{ color }}'>x</p>", "line 1: the style of <p> holds a field, or something that loads"),
        ("<style>@import 'https://x.example/s.css';</style>", "line 1: a style sheet may hold no fields, and nothing that loads"),
        ("<style>.{{ name }} { color: red }</style>", "line 1: a style sheet may hold no fields, and nothing that loads"),
        ("<style>.a { background: u\\72l(x) }</style>", "line 1: a style sheet may hold no fields, and nothing that loads"),
        ("{{ name }}\n\n<b><i>x</b></i>", "line 3: </b> closes nothing, and <i> of line 3 is still open"),
        ("<p>x", "line 1: <p> is never closed"),
        ("x</div>", "line 1: </div> closes nothing"),
        ("<{{ name }}>x", None),
        ("<p {{ name }}>x</p>", "line 1: the attribute"),
        ("x\ue0001\ue001", "it holds the private characters U+E000 or U+E001"),
        ("<![endif]>", "line 1: <![…]> is not allowed in mail"),
    ],
)
def test_what_mail_may_not_hold_is_named_with_its_line(source: str, problem: str | None) -> None:
    """Tags that do something, links that do something, what is not closed: nothing of it gets into the document."""
    if problem is None:  # no tag to a reader of HTML, so it is written as text
        assert "<{{ name }}>" not in made(source)
        assert "&lt;{{ name }}&gt;x" in made(source)
    else:
        assert told(source).startswith(problem)


class Seen(HTMLParser):
    """The tags, attributes and links of a document."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember it."""
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name in {"href", "src"}]


PIECES: tuple[str, ...] = (
    "<p>",
    "</p>",
    "<a href='",
    "https://x.example",
    "javascript:",
    "'>",
    "</a>",
    "<script>",
    "</script>",
    "<img ",
    "onerror=",
)
PIECES += ("alt=''>", "{{ name }}", "{% if a %}", "{% endif %}", '"', "'", "<", ">", "&lt;", "&#123;", "{", "<style>", "</style>")
PIECES += ("<!--", "-->", "x", "\n")


@hypothesis.settings(deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=30).map("".join))
def test_no_mixture_gets_a_script_through(source: str) -> None:
    """Whatever is put together, the document either is refused, or has no script, no handler and no other kind of link."""
    found = document(source, utm={})
    if found.problems or list(problems(found.html, html=True)):
        return
    for name in ("<script>alert(1)</script>", "' onload='x", '" onerror="x', "javascript:x"):
        seen = Seen()
        seen.feed(HTML.from_string(found.html).render(name=name, a="1"))
        assert "script" not in seen.tags
        assert not {name for name in seen.attributes if name.startswith("on")}
        assert all(link.startswith("https://x.example") for link in seen.links)
