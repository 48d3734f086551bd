from __future__ import annotations

import dataclasses
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netlift.campaigns import CannotWrite, Written, check, messages, names, obstacle, write
from netlift.errors import InputError
from tests.campaigns.letters import MESSAGE


def with_text(text: str) -> str:
    """The problem of a template, or '' where there is none."""
    try:
        check(dataclasses.replace(MESSAGE, text=text))
    except InputError as error:
        return str(error)
    return ""


def test_fields_are_filled_in() -> None:
    """Subject and text get the person's fields, unchanged: plain text is not escaped."""
    assert write(MESSAGE, {"name": "Ann & Bo <3"}) == Written("A letter for Ann & Bo <3", "Hello Ann & Bo <3\n.dot\n")


def test_missing_field_is_named() -> None:
    """Who lacks a field gets no letter with a hole in it."""
    with pytest.raises(CannotWrite, match=r"^missing field name$"):
        write(MESSAGE, {"first_name": "Ann"})


TEXTS = st.text(st.characters(exclude_characters="{}#%", codec="utf-8"), max_size=20)


@given(st.lists(st.tuples(TEXTS, st.sampled_from(["", "{{ name }}", "{{name}}", "{{ town }}", "{# remark #}"])), max_size=6), TEXTS, TEXTS)
def test_plain_templates_come_out_as_jinja_writes_them(parts: list[tuple[str, str]], name: str, town: str) -> None:
    """Texts and fields alone are joined without Jinja: escaped the same in HTML, untouched in text, also at line ends."""
    source = "".join(text + field for text, field in parts)
    fields = {"name": name, "town": town}
    found = write(dataclasses.replace(MESSAGE, subject="Hi", text=source, html=source), fields)
    assert found.text == messages.TEXT.from_string(source).render(fields)
    assert found.html == messages.HTML.from_string(source).render(fields)


def test_default_replaces_a_missing_field() -> None:
    """A template may say what to write instead."""
    message = dataclasses.replace(MESSAGE, subject="Hi", text="{% if name %}{{ name }}{% endif %}Hello {{ first|default('you') }}")
    with pytest.raises(CannotWrite, match="missing field name"):
        write(message, {})
    assert write(message, {"name": "Ann, "}).text == "Ann, Hello you"


@pytest.mark.parametrize(
    "bad", ["Ann\r\nBcc: all@example.com", "Ann\nBo", "Ann\x00", "Ann\u2028Bo", "Ann\x85", "=?utf-8?q?Ann=0ABcc:all=40example.com?="]
)
def test_line_break_cannot_reach_the_subject(bad: str) -> None:
    """A name with a line break, also one that is encoded as mail headers do it, would write headers of its own."""
    with pytest.raises(CannotWrite, match="line break"):
        write(MESSAGE, {"name": bad})


@pytest.mark.parametrize(
    "template",
    [
        "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ self }}{{ self.__init__ }}",
        "{% for i in range(100000000) %}x{% endfor %}",
        "{{ 'x' * 200000000 }}",
        "{{ name|safe }}",
        "{{ name|replace('a', 'b') }}",
        "{{ name['__class__'] }}",
        "{% include 'secret' %}",
        "{% set x = 1 %}",
        "{% macro m() %}{% endmacro %}",
        "{{ namespace(x=1) }}",
        "{{ name is nonsense }}",
        "{{ " + "(" * 3000 + "name" + ")" * 3000 + " }}",
        "{% if name %}" * 2000 + "{% endif %}" * 2000,
        "{% if name %}" * 120 + "{% endif %}" * 120,
        "{{ name" + "|upper" * 5000 + " }}",
        "{{ " + "9" * 5000 + " }}",
    ],
)
def test_templates_reach_nothing_and_take_no_time(template: str) -> None:
    """All but fields, if and a few filters is refused before anything is rendered."""
    assert "cannot be used" in with_text(template)


def test_mistakes_are_named_with_their_line() -> None:
    """What is wrong and where."""
    assert with_text("Hello\n{{ name") == (
        "The text of the offer 'Wine' on email cannot be used: line 2: unexpected end of template, expected 'end of print statement'."
    )
    assert "at most 100,000" in with_text("x" * 100_001)
    assert with_text("{{ name|upper }}{% if city == 'Bonn' and not vip %}!{% else %}?{% endif %}") == ""


@pytest.mark.parametrize(
    "text", ["{% if score > 3 %}!{% endif %}", "{{ score is divisibleby(2) }}", "{{ 'a' in 3 }}", "{{ score|title(1, 2) }}"]
)
def test_template_that_does_not_fit_the_fields(text: str) -> None:
    """Fields are text; a template that reckons with them leaves the person out and does not end the launch."""
    with pytest.raises(CannotWrite, match="the template does not fit"):
        write(dataclasses.replace(MESSAGE, subject="Hi", text=text), {"score": "7"})


@pytest.mark.parametrize("name", ["range", "dict", "lipsum"])
def test_only_fields_have_names(name: str) -> None:
    """A name that means something to the template engine is a missing field like any other."""
    with pytest.raises(CannotWrite, match=f"missing field {name}"):
        write(dataclasses.replace(MESSAGE, subject="Hi", text=f"{{{{ {name} }}}}"), {})


@pytest.mark.parametrize(
    "sender",
    [
        "",
        "Shop",
        "Shop <news@shop.example>\r\nBcc: x@example.com",
        "a@b@c",
        "Shop <news@>",
        "=?utf-8?q?Shop=0ABcc:x=40example.com?= <news@shop.example>",
        "news@shop.example, other@shop.example",
        "Shop <news@bücher.example>",
        "Shop <news@shop.example> and more",
        "Corner @ Shop <news@shop.example>",
    ],
)
def test_sender_must_be_an_address(sender: str) -> None:
    """A sender without an address is found before the launch."""
    with pytest.raises(InputError, match="is not of the form"):
        check(dataclasses.replace(MESSAGE, sender=sender))


@given(st.text())
def test_fields_never_act_as_templates(name: str) -> None:
    """Whatever a field holds, it is written as it is or refused, never read as a template."""
    message = dataclasses.replace(MESSAGE, subject="Hi")
    assert write(message, {"name": name}).text == f"Hello {name}\n.dot\n"


HTML = "<p>Hello {{ name }}</p>"


def test_html_is_escaped_and_text_is_not() -> None:
    """The same name in both parts."""
    message = dataclasses.replace(MESSAGE, html=HTML)
    written = write(message, {"name": "<b>Ann</b> & 'Bo'"})
    assert written.html == "<p>Hello &lt;b&gt;Ann&lt;/b&gt; &amp; &#39;Bo&#39;</p>"
    assert written.text.startswith("Hello <b>Ann</b> & 'Bo'")


def test_every_template_may_name_the_link_that_unsubscribes() -> None:
    """It is there for everybody, and a column of the same name does not take its place."""
    message = dataclasses.replace(MESSAGE, subject="Hi", text="{{ unsubscribe_url }}")
    assert write(message, {"unsubscribe_url": "evil"}, unsubscribe_url="https://x.example/u").text == "https://x.example/u"
    assert obstacle(message, {}) == ""


def test_names_of_the_fields_that_are_used() -> None:
    """From all three parts, also behind conditions and filters."""
    message = dataclasses.replace(MESSAGE, text="{% if city %}{{ city }}{% endif %}{{ x|default(y) }}", html="{{ z }}{{ unsubscribe_url }}")
    assert names(message) == ("city", "name", "x", "y", "z")


@pytest.mark.parametrize(
    ("changes", "fields", "reason"),
    [
        ({}, {"name": "Ann"}, ""),
        ({}, {}, "missing field name"),
        ({"html": "{{ city }}"}, {"name": "Ann"}, "missing field city"),
        ({"text": "{% if vip %}{{ city }}{% endif %}"}, {"name": "Ann", "vip": ""}, ""),
        ({"text": "{% if vip %}{{ city }}{% endif %}"}, {"name": "Ann", "vip": "yes"}, "missing field city"),
        ({"text": "{{ first|default('you') }}"}, {"name": "Ann"}, ""),
        ({"text": "{{ name > 3 }}"}, {"name": "Ann"}, "the template does not fit the fields"),
        ({"subject": "{{ name }}"}, {"name": " "}, "empty subject"),
        ({}, {"name": "a\nb"}, "line break in the subject"),
        ({}, {"name": "a" * 500}, "subject longer than 500 characters"),
        ({"subject": "Hi"}, {"name": "a" * 256_001}, "the fields would make the message longer than 256 kB"),
        ({"subject": "Hi", "html": HTML}, {"name": "a" * 50_000}, "the fields would make the message longer than 256 kB"),
    ],
)
def test_who_cannot_be_written_to_is_known_without_writing(changes: dict[str, str], fields: dict[str, str], reason: str) -> None:
    """The check before a launch says what writing would say."""
    message = dataclasses.replace(MESSAGE, **changes)
    assert obstacle(message, fields) == reason
    if reason:
        with pytest.raises(CannotWrite, match=reason):
            write(message, fields)
    else:
        write(message, fields)


@given(st.dictionaries(st.sampled_from(["name", "city", "vip"]), st.text(max_size=20)))
def test_the_check_and_the_writing_agree(fields: dict[str, str]) -> None:
    """For any fields and templates of every kind."""
    for text in (
        "{{ name }} {{ city|upper }}",
        "{% if vip == 'x' %}{{ city }}{% endif %}",
        "{{ city|default(name) }}",
        "{{ name < city }}",
    ):
        message = dataclasses.replace(MESSAGE, subject="{{ vip|default('Hi')|trim }}", text=text, html="<b>{{ name|title }}</b>")
        if reason := obstacle(message, fields):
            with pytest.raises(CannotWrite, match=f"^{re.escape(reason)}$"):
                write(message, fields)
        else:
            write(message, fields)


def test_the_slowest_letter_takes_less_than_the_limit() -> None:
    """The longest template with the longest fields that pass: well below 100 ms, because there are no loops."""
    text = "{{ name|upper|lower|title|trim }}" * 3000
    message = dataclasses.replace(MESSAGE, subject="Hi", text=text, html="")
    fields = {"name": "a" * (256_000 // (3000 * 5))}
    write(message, fields)  # compiled
    assert obstacle(message, {"name": "a" * (256_000 // (3000 * 5) + 1)}).startswith("the fields would make")
    began = time.process_time()
    write(message, fields)
    assert time.process_time() - began < 0.1
