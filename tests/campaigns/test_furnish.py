from __future__ import annotations

import dataclasses

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netlift.campaigns.furnish import furnished, imprint
from netlift.campaigns.links import tagged, tagged_text
from netlift.campaigns.messages import problems, write
from netlift.records import Message
from tests.campaigns.letters import MESSAGE, settings

UTM = {"utm_source": "news letter", "utm_medium": "email"}


def text_of(message: Message, **more: str) -> str:
    """The text part for nobody in particular."""
    made = furnished(message, imprint(settings(1, **more)))
    return write(dataclasses.replace(made.message, subject="x"), {"name": "Zoë"}, unsubscribe_url="https://x.example/u").text


def test_the_footer_names_the_sender_or_its_address() -> None:
    """A sender without a name is named by address; the words of the link are a setting."""
    assert text_of(MESSAGE).endswith("\n-- \nShop\nUnsubscribe: https://x.example/u\n")
    bare = dataclasses.replace(MESSAGE, sender="news@shop.example")
    assert text_of(bare, postal_address="Straße 1", unsubscribe_words="Abmelden").endswith(
        "\n-- \nnews@shop.example · Straße 1\nAbmelden: https://x.example/u\n"
    )


def test_braces_in_a_name_are_no_template() -> None:
    """What a sender is called is never read as a field."""
    message = dataclasses.replace(MESSAGE, sender='"{{ name }} {% x" <news@shop.example>', html="<p>x</p>")
    made = furnished(message, imprint(settings(1)))
    assert made.problems == ()
    assert list(problems(made.message.html, html=True)) == []
    written = write(dataclasses.replace(made.message, subject="x"), {"name": "Zoë"})
    assert "{{ name }} {% x" in written.text
    assert "{{ name }} {% x" in written.html


@pytest.mark.parametrize(
    ("address", "then"),
    [
        ("https://x.example", "https://x.example?utm_source=news+letter&utm_medium=email"),
        ("https://x.example/a?b=1#c", "https://x.example/a?b=1&utm_source=news+letter&utm_medium=email#c"),
        ("https://x.example/?utm_source=own", "https://x.example/?utm_source=own&utm_medium=email"),
        ("mailto:a@x.example", "mailto:a@x.example"),
        ("tel:+491234", "tel:+491234"),
        ("https://[broken", "https://[broken"),
    ],
)
def test_parameters_of_links(address: str, then: str) -> None:
    """They come last in the query, once, and only to web addresses."""
    assert tagged(address, UTM) == then
    assert tagged(address, {}) == address


def test_links_in_text() -> None:
    """A full stop or a bracket after a link does not belong to it; fields between stay."""
    assert tagged_text("see https://x.example/a. (Or https://x.example/b)", {"utm_source": "n"}) == (
        "see https://x.example/a?utm_source=n. (Or https://x.example/b?utm_source=n)"
    )
    message = dataclasses.replace(MESSAGE, text="{{ name }}: https://x.example/a {{ name }}")
    assert text_of(message, utm={"utm_source": "n"}).startswith("Zoë: https://x.example/a?utm_source=n Zoë\n")  # type: ignore[arg-type]


@hypothesis.settings(deadline=None)
@given(st.text(max_size=100))
def test_any_link_is_tagged_or_left(address: str) -> None:
    """Nothing that stands for a link ends in an error."""
    assert tagged(f"https://x.example/{address}", UTM)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"utm": {"source": "x"}}, "'source' is no parameter for utm"),
        ({"utm": {"utm_source": "{{ email }}"}}, "utm.utm_source is"),
        ({"utm": {"utm_source": "anna@example.com"}}, "utm.utm_source is"),
        ({"postal_address": "a\nb"}, "postal_address"),
        ({"postal_address": "{{ name }}"}, "postal_address"),
        ({"unsubscribe_words": ""}, "unsubscribe_words"),
        ({"list_id": "no domain"}, "list_id"),
        ({"seeds": ["nobody"]}, "'nobody' in seeds is no address"),
        ({"seeds": ["@example.com"]}, "'@example.com' in seeds is no address"),
        ({"test_recipients": ["x"]}, "'x' in test_recipients is no address and no @domain"),
        ({"connections": 0}, "connections"),
    ],
)
def test_settings_that_would_stand_in_every_mail(changes: dict[str, object], told: str) -> None:
    """No field, no line break, no address of a person gets in by way of the settings."""
    with pytest.raises(ValueError, match=told):
        settings(1, **changes)
