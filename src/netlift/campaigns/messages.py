"""Writing a message for one person: the offer's template and the person's fields."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.utils import parseaddr

from jinja2 import StrictUndefined, Template, TemplateSyntaxError, UndefinedError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from netlift.errors import InputError
from netlift.records import Message

FILTERS = ("capitalize", "default", "lower", "title", "trim", "upper")
MAX_TEMPLATE = 100_000  # characters
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
CONTROL = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]")

# Plain text, so nothing is escaped.
ENVIRONMENT = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True)


@dataclass(frozen=True, slots=True)
class Written:
    """What one person gets to read."""

    subject: str
    text: str


class CannotWrite(Exception):
    """The message cannot be written for this person; the text is the reason, without contact data."""


def check(message: Message) -> None:
    """See whether sender and templates of a message can be used at all.

    Raises:
        InputError: a template has a mistake or does more than a message needs, or the sender is no address.
    """
    if CONTROL.search(message.sender) or not re.fullmatch(r"[^@\s]+@[^@\s]+", parseaddr(message.sender)[1]):
        raise InputError(f"The sender '{message.sender}' of the offer '{message.offer}' is not of the form 'Name <name@example.com>'.")
    for part, source in (("subject", message.subject), ("text", message.text)):
        for problem in _problems(source):
            raise InputError(f"The {part} of the offer '{message.offer}' on {message.channel} cannot be used: {problem}.")


def write(message: Message, fields: Mapping[str, str]) -> Written:
    """Fill in a person's fields.

    Raises:
        CannotWrite: a field is missing, or would break the subject.
    """
    try:
        subject = _template(message.subject).render(fields)
        text = _template(message.text).render(fields)
    except UndefinedError as error:
        named = re.match(r"'(.+)' is undefined", str(error))
        raise CannotWrite(f"missing field {named[1] if named else ''}".strip()) from error
    if CONTROL.search(subject):
        raise CannotWrite("line break in the subject")
    return Written(subject, text)


@functools.lru_cache(maxsize=256)
def _template(source: str) -> Template:
    return ENVIRONMENT.from_string(source)


def _problems(source: str) -> Iterator[str]:
    if len(source) > MAX_TEMPLATE:
        yield f"it is {len(source):,} characters long, and at most {MAX_TEMPLATE:,} are allowed"
        return
    try:
        tree = ENVIRONMENT.parse(source)
    except TemplateSyntaxError as error:
        yield f"line {error.lineno}: {(error.message or 'mistake').rstrip('.')}"
        return
    for node in tree.find_all(nodes.Node):
        if not isinstance(node, ALLOWED):
            yield f"line {node.lineno}: only {{{{ field }}}}, if and filters are allowed, not {type(node).__name__.lower()}"
        elif isinstance(node, nodes.Filter) and node.name not in FILTERS:
            yield f"line {node.lineno}: the filter '{node.name}' is not one of {', '.join(FILTERS)}"
