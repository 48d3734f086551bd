"""Writing a message for one person: the offer's templates and the person's fields."""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from jinja2 import StrictUndefined, Template, TemplateSyntaxError, UndefinedError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import escape

from netlift.records import Message

FILTERS = ("capitalize", "default", "lower", "title", "trim", "upper")
PLAIN_FILTERS = frozenset(FILTERS) - {"default"}
MAX_TEMPLATE = 100_000  # characters
MAX_LETTER = 256_000  # characters that are worked on for one person, so that a letter takes well below 100 ms
MAX_SUBJECT = 500  # characters
ESCAPED = 6  # most characters that one becomes in HTML
UNSUBSCRIBE = "unsubscribe_url"  # a name that every template may use, whatever the contact data
ALLOWED = (  # no loops, calls, attributes or arithmetic: a template can neither reach anything nor take long
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Const,
    nodes.Filter,
    nodes.If,
    nodes.CondExpr,
    nodes.Compare,
    nodes.Operand,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.Test,
)
# What would end a header: line breaks and the like, and encoded words, whose line breaks come out when the mail is made.
BREAK = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]|=\?")
SURROGATE = re.compile("[\ud800-\udfff]")  # half a character, which no mail can hold


def _environment(*, autoescape: bool) -> ImmutableSandboxedEnvironment:
    made = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=autoescape, keep_trailing_newline=True)
    made.globals.clear()  # a name is a field or nothing
    return made


TEXT, HTML = _environment(autoescape=False), _environment(autoescape=True)


@dataclass(frozen=True, slots=True)
class Written:
    """What one person gets to read."""

    subject: str
    text: str
    html: str = ""


class CannotWrite(Exception):
    """The message cannot be written for this person; the text is the reason, without contact data."""


@dataclass(frozen=True, slots=True)
class _Compiled:
    template: Template
    names: Mapping[str, int]  # how often the text of each field is worked on
    needed: tuple[str, ...]  # names without which nothing can be written, in their order
    exact: bool  # whether nothing but a missing name can go wrong
    pieces: tuple[tuple[str, str], ...]  # text and the name that follows it, of a template that is nothing else; () = it is more


def write(message: Message, fields: Mapping[str, str], *, unsubscribe_url: str = "") -> Written:
    """Fill in a person's fields.

    Raises:
        CannotWrite: a field is missing or too long, or would break the subject.
    """
    known = {**fields, UNSUBSCRIBE: unsubscribe_url}
    subject = _subject(message, known)
    text = _rendered(_compiled(message.text, html=False), known)
    html = _rendered(_compiled(message.html, html=True), known) if message.html else ""
    return Written(subject, text, html)


def obstacle(message: Message, fields: Mapping[str, str]) -> str:
    """Why `write` would refuse; "" = it would not. Only what can differ from person to person is written for it."""
    known = {**fields, UNSUBSCRIBE: ""}
    try:
        _subject(message, known)
        for source, html in ((message.text, False), (message.html, True)):
            compiled = _compiled(source, html=html)
            if not compiled.exact:
                _rendered(compiled, known)
            _check_size(compiled, known)
            for name in compiled.needed:
                if name not in known:
                    return f"missing field {name}"
    except CannotWrite as error:
        return str(error)
    return ""


def names(message: Message) -> tuple[str, ...]:
    """The fields that a message uses, sorted."""
    used = {n for source, html in _parts(message) for n in _compiled(source, html=html).names}
    return tuple(sorted(used - {UNSUBSCRIBE}))


def problems(source: str, *, html: bool = False) -> Iterator[str]:
    """What is wrong with a template, whoever it is written for."""
    if len(source) > MAX_TEMPLATE:
        yield f"it is {len(source):,} characters long, and at most {MAX_TEMPLATE:,} are allowed"
        return
    if SURROGATE.search(source):
        yield "it holds half a character (a lone surrogate)"
        return
    try:
        forbidden = list(_forbidden((HTML if html else TEXT).parse(source)))
        yield from forbidden
        if not forbidden:
            _compiled(source, html=html)
    except TemplateSyntaxError as error:
        yield f"line {error.lineno}: {(error.message or 'mistake').rstrip('.')}"
    except (RecursionError, SyntaxError, ValueError):
        yield "it is nested too deeply, or holds too long a number"


def _parts(message: Message) -> tuple[tuple[str, bool], ...]:
    return ((message.subject, False), (message.text, False), (message.html, True))


def _subject(message: Message, fields: Mapping[str, str]) -> str:
    if not message.subject:
        return ""  # a text message; `lint` refuses mail without one
    subject = _rendered(_compiled(message.subject, html=False), fields)
    if BREAK.search(subject):
        raise CannotWrite("line break in the subject")
    if not subject.strip():
        raise CannotWrite("empty subject")
    if len(subject) > MAX_SUBJECT:
        raise CannotWrite(f"subject longer than {MAX_SUBJECT} characters")
    return subject


def _rendered(compiled: _Compiled, fields: Mapping[str, str]) -> str:
    _check_size(compiled, fields)
    if compiled.pieces:
        return _joined(compiled, fields)
    try:
        return compiled.template.render(fields)
    except UndefinedError as error:
        named = re.match(r"'(.+)' is undefined", str(error))
        raise CannotWrite(f"missing field {named[1] if named else ''}".strip()) from error
    except (TypeError, ArithmeticError) as error:
        raise CannotWrite("the template does not fit the fields") from error


def _joined(compiled: _Compiled, fields: Mapping[str, str]) -> str:
    """What the template would render, without what it costs to begin one."""
    parts, escaped = [], compiled.template.environment.autoescape
    for text, name in compiled.pieces:
        parts.append(text)
        if name:
            value = fields.get(name)
            if value is None:
                raise CannotWrite(f"missing field {name}")
            parts.append(escape(value) if escaped else value)
    return "".join(parts)


def _check_size(compiled: _Compiled, fields: Mapping[str, str]) -> None:
    """Nothing is rendered that could grow beyond the limit: the time a letter takes is bounded by what goes into it."""
    grown = ESCAPED if compiled.template.environment.autoescape else 1
    size = 0
    for name, times in compiled.names.items():
        size += len(fields.get(name, "")) * times
    if size * grown > MAX_LETTER:
        raise CannotWrite(f"the fields would make the message longer than {MAX_LETTER // 1000} kB")


@functools.lru_cache(maxsize=256)
def _compiled(source: str, *, html: bool) -> _Compiled:
    environment = HTML if html else TEXT
    tree = environment.parse(source)
    found = list(tree.find_all(nodes.Node))
    used = Counter(n.name for n in found if isinstance(n, nodes.Name))
    for work in found:
        if isinstance(work, (nodes.Filter, nodes.Compare, nodes.Test)):
            used.update(n.name for n in work.find_all(nodes.Name))
    exact = all(_certain(node) for node in found)
    needed = tuple(dict.fromkeys(n.name for n in found if isinstance(n, nodes.Name))) if exact else ()
    return _Compiled(environment.from_string(source), dict(used), needed, exact, tuple(_pieces(tree)))


def _pieces(tree: nodes.Template) -> Iterator[tuple[str, str]]:
    """Text and names by turns; nothing where there is anything else in the template."""
    written = [part for output in tree.body if isinstance(output, nodes.Output) for part in output.nodes]
    plain = len(tree.body) == sum(isinstance(output, nodes.Output) for output in tree.body)
    if not plain or not all(isinstance(part, (nodes.TemplateData, nodes.Name)) for part in written):
        return
    text = ""
    for part in written:
        if isinstance(part, nodes.Name):
            yield text, part.name
            text = ""
        elif isinstance(part, nodes.TemplateData):
            text += part.data
    yield text, ""


def _certain(node: nodes.Node) -> bool:
    """Whether this part of a template is written for everybody, and cannot fail where the names are there."""
    if isinstance(node, nodes.Filter):
        return node.name in PLAIN_FILTERS and not (node.args or node.kwargs)
    return isinstance(node, (nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name))


def _forbidden(tree: nodes.Template) -> Iterator[str]:
    for node in tree.find_all(nodes.Node):
        if not isinstance(node, ALLOWED):
            yield f"line {node.lineno}: only {{{{ field }}}}, if and filters are allowed, not {type(node).__name__.lower()}"
        elif isinstance(node, nodes.Filter) and node.name not in FILTERS:
            yield f"line {node.lineno}: the filter '{node.name}' is not one of {', '.join(FILTERS)}"
