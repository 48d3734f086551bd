"""Writing a message for one person: the offer's template and the person's fields."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
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
# What would end a header: line breaks and the like, and encoded words, whose line breaks come out when the mail is made.
BREAK = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]|=\?")

# Plain text, so nothing is escaped.
ENVIRONMENT = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True)
ENVIRONMENT.globals.clear()  # a name is a field or nothing


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
    if not _is_sender(message.sender):
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
    except (TypeError, ArithmeticError) as error:
        raise CannotWrite("the template does not fit the fields") from error
    if BREAK.search(subject):
        raise CannotWrite("line break in the subject")
    return Written(subject, text)


def _is_sender(text: str) -> bool:
    """Whether this is one mailbox, the same for everybody who reads the header."""
    if BREAK.search(text):
        return False
    address = parseaddr(text)[1]
    header = EmailMessage(policy=policy.SMTP)
    header["From"] = text
    same = [mailbox.addr_spec for mailbox in header["From"].addresses] == [address]
    return same and not header["From"].defects and re.fullmatch(r"[!-?A-~]+@[!-?A-~]+", address) is not None


@functools.lru_cache(maxsize=256)
def _template(source: str) -> Template:
    return ENVIRONMENT.from_string(source)


def _problems(source: str) -> Iterator[str]:
    if len(source) > MAX_TEMPLATE:
        yield f"it is {len(source):,} characters long, and at most {MAX_TEMPLATE:,} are allowed"
        return
    try:
        forbidden = list(_forbidden(ENVIRONMENT.parse(source)))
        yield from forbidden
        if not forbidden:
            _template(source)
    except TemplateSyntaxError as error:
        yield f"line {error.lineno}: {(error.message or 'mistake').rstrip('.')}"
    except (RecursionError, SyntaxError, ValueError):
        yield "it is nested too deeply, or holds too long a number"


def _forbidden(tree: nodes.Template) -> Iterator[str]:
    for node in tree.find_all(nodes.Node):
        if not isinstance(node, ALLOWED):
            yield f"line {node.lineno}: only {{{{ field }}}}, if and filters are allowed, not {type(node).__name__.lower()}"
        elif isinstance(node, nodes.Filter) and node.name not in FILTERS:
            yield f"line {node.lineno}: the filter '{node.name}' is not one of {', '.join(FILTERS)}"
