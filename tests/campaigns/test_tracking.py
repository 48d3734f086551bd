"""Links become names, and nothing else of a template changes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netlift.campaigns import tracking
from netlift.campaigns.messages import problems, write
from netlift.records import Message


def message(text: str = "", html: str = "") -> Message:
    """With these templates."""
    return Message("Wine", "email", "Shop <news@shop.example>", "Hello", text, html)


def in_text(text: str) -> str:
    """The text with its links replaced."""
    mine = message(text)
    names = {address: f"link_{i}" for i, address in enumerate(tracking.addresses(mine))}
    return tracking.tracked(mine, names, opens=False).text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("See https://shop.example/wine.", "See {{ link_0 }}."),
        ("(http://shop.example/a?b=1&c=2) and HTTPS://shop.example/x", "({{ link_0 }}) and {{ link_1 }}"),
        ("https://shop.example/a https://shop.example/a", "{{ link_0 }} {{ link_0 }}"),
        ("Hello {{ name }} https://shop.example/", "Hello {{ name }} {{ link_0 }}"),
        ("https://shop.example/?id={{ id }} more", "https://shop.example/?id={{ id }} more"),
        ("https://shop.example/.{{ id }}", "https://shop.example/.{{ id }}"),
        ("https://shop.example/a {{ id }}", "{{ link_0 }} {{ id }}"),
        ('{{ site|default("https://shop.example/") }}', '{{ site|default("https://shop.example/") }}'),
        ("{% if vip %}\nhttps://shop.example/vip\n{% endif %}", "{% if vip %}\n{{ link_0 }}\n{% endif %}"),
        ("mailto:a@shop.example ftp://shop.example nothing", "mailto:a@shop.example ftp://shop.example nothing"),
    ],
)
def test_links_in_text(text: str, told: str) -> None:
    """Plain links are replaced; those that hold a person's field, or stand in one, are not."""
    assert in_text(text) == told


def test_links_in_html() -> None:
    """Only where a link leads; entities are read; the picture and the hidden link stand before the end of the body."""
    page = (
        '<body><a class="x" href="https://shop.example/a?b=1&amp;c=2">https://shop.example/shown</a>'
        "<A HREF='https://shop.example/b'>b</A><a href=\"https://shop.example/{{ id }}\">c</a>"
        '<img src="https://shop.example/i.png"></body>'
    )
    mine = message(html=page)
    assert tracking.addresses(mine) == ("https://shop.example/a?b=1&c=2", "https://shop.example/b")
    names = dict(zip(tracking.addresses(mine), ("one", "two"), strict=True))
    told = tracking.tracked(mine, names, opens=True).html
    assert told == (
        '<body><a class="x" href="{{ one }}">https://shop.example/shown</a>'
        "<A HREF='{{ two }}'>b</A><a href=\"https://shop.example/{{ id }}\">c</a>"
        f'<img src="https://shop.example/i.png">{tracking.HIDDEN}{tracking.PICTURE}</body>'
    )


def test_nothing_is_added_that_was_not_asked_for() -> None:
    """Without openings no picture, without clicks no hidden link, without HTML neither."""
    mine = message("Hello", "<p>Hello</p>")
    assert tracking.tracked(mine, {}, opens=False) == mine
    assert tracking.tracked(mine, {}, opens=True).html == "<p>Hello</p>" + tracking.PICTURE
    assert tracking.tracked(message("Hello"), {}, opens=True).html == ""


TEXTS = st.lists(
    st.sampled_from(
        ["https://shop.example/", "a", "{{ name }}", " ", "\n", ".", "?q=1", "{% if name %}", "{% endif %}", "(", ")", "https://"]
    )
).map("".join)


@given(TEXTS)
def test_filled_in_it_reads_as_before(text: str) -> None:
    """With the addresses themselves in the fields, any template that can be used says what it said."""
    mine = message(text)
    if any(problems(text)):  # no usable template: nothing is promised of it
        return
    names = {address: f"link_{i}" for i, address in enumerate(tracking.addresses(mine))}
    fields = {"name": "Ann"}
    changed = tracking.tracked(mine, names, opens=False)
    assert not any(problems(changed.text))
    assert write(changed, {**fields, **{name: address for address, name in names.items()}}) == write(mine, fields)
