"""An author's HTML as the document that is mailed: known tags only, netlift's blocks as tables, styles at each element.

Plain HTML and blocks may be mixed: <heading>, <text>, <button href>, <image src alt>, <columns> of <column>, <divider>, <footer>.
Mail programs know neither scripts nor forms, and most of them style sheets only in part; so styles are written to the elements
(css-inline), and what is left in the sheet are the rules for narrow screens. Fields keep their places as private characters meanwhile.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser

import css_inline

from netlift.campaigns.links import LINK, WEB, tagged
from netlift.campaigns.messages import UNSUBSCRIBE

TEMPLATE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
HELD = re.compile("\ue000([0-9]+)\ue001|<!--n([0-9]+)-->")
IN_TEXT = re.compile("\ue000([0-9]+)\ue001")
PRIVATE = re.compile("[\ue000\ue001]")
OWN_LINK = re.compile(r"\{\{\s*" + UNSUBSCRIBE + r"\s*\}\}")
LOADS = re.compile(r"@import|url\s*\(|expression\s*\(|behavior|[\\<]", re.IGNORECASE)

VOID = frozenset(("br", "col", "divider", "hr", "image", "img", "meta"))
DROPPED = frozenset(("body", "head", "html", "meta", "title"))  # the document around the content is netlift's
_EVERY = "align bgcolor border cellpadding cellspacing class colspan dir height id lang role rowspan style title valign width"
EVERY = frozenset(_EVERY.split())
OWN = {
    "a": frozenset(("href", "target", "rel")),
    "button": frozenset(("href",)),
    "img": frozenset(("src", "alt")),
    "heading": frozenset(("level",)),
}
OWN |= {"image": frozenset(("src", "alt", "href"))}
_TAGS = (
    "a abbr b big blockquote br caption center code col colgroup del div em font h1 h2 h3 h4 h5 h6 hr i img ins li ol p pre s small span "
    "strike strong sub sup table tbody td tfoot th thead tr u ul style heading text button image columns column divider footer"
)
TAGS = frozenset(_TAGS.split())
OPEN = {
    "text": '<p class="nl-text"{}>',
    "columns": '<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" class="nl-columns"{}><tbody><tr>',
    "column": '<td valign="top" class="nl-column"{}>',
    "divider": '<hr class="nl-divider"{}>',
    "footer": '<p class="nl-footer"{}>',
}
CLOSE = {
    "text": "</p>",
    "columns": "</tr></tbody></table>",
    "column": "</td>",
    "footer": "</p>",
    "button": "</a></td></tr></tbody></table>",
}
SHEET = """
body { margin: 0; padding: 0; background: #f4f4f4; }
.nl-page { background: #f4f4f4; }
.nl-content { background: #ffffff; padding: 24px; font-family: Arial, Helvetica, sans-serif; font-size: 16px; }
.nl-content { line-height: 1.5; color: #222222; }
.nl-heading { margin: 0 0 12px; line-height: 1.25; }
.nl-text { margin: 0 0 16px; }
.nl-button { margin: 0 0 16px; }
.nl-button td { background: #1a4f8b; border-radius: 4px; }
.nl-button a { display: inline-block; padding: 12px 24px; color: #ffffff; text-decoration: none; font-weight: bold; }
.nl-image { display: block; max-width: 100%; height: auto; border: 0; margin: 0 0 16px; }
.nl-columns { table-layout: fixed; }
.nl-column { padding: 0 8px 0 0; vertical-align: top; }
.nl-divider { border: 0; border-top: 1px solid #cccccc; margin: 16px 0; }
.nl-footer { margin: 16px 0 0; font-size: 12px; color: #666666; }
@media (max-width: 600px) { .nl-column { display: block !important; width: 100% !important; } }
"""
DOCUMENT = (
    '<!DOCTYPE html><html><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
    "<style>{sheet}</style></head><body>"
    '<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" class="nl-page"><tbody><tr><td align="center">'
    '<table role="presentation" width="600" cellpadding="0" cellspacing="0" border="0" style="width:100%;max-width:600px"><tbody><tr>'
    '<td class="nl-content" align="left">{content}</td></tr></tbody></table></td></tr></tbody></table></body></html>'
)


@dataclass(frozen=True, slots=True)
class Document:
    """A template in HTML, ready for a person's fields, or what is wrong with it."""

    html: str
    problems: tuple[str, ...] = ()


def document(source: str, *, utm: Mapping[str, str]) -> Document:
    """The template of a whole HTML document, made from an author's HTML with {{ fields }}.

    Args:
        source: the content; tags of the document around it may be there and are left out.
        utm: parameters appended to every web address.
    """
    if PRIVATE.search(source):
        return Document("", ("it holds the private characters U+E000 or U+E001",))
    held: list[str] = []

    def hold(found: re.Match[str]) -> str:
        held.append("" if found[0].startswith("{#") else found[0])
        return f"\ue000{len(held) - 1}\ue001" + "\n" * found[0].count("\n")  # lines are counted on

    rewriter = _Rewriter(held, utm)
    rewriter.feed(TEMPLATE.sub(hold, source))
    rewriter.close()
    rewriter.finish()
    if rewriter.problems:
        return Document("", tuple(dict.fromkeys(rewriter.problems)))
    sheet = SHEET + "\n".join(rewriter.sheets)
    made = _inliner().inline(DOCUMENT.format(sheet=sheet, content="".join(rewriter.parts)))
    return Document(HELD.sub(lambda found: held[int(found[1] or found[2])], made) + "\n")


@functools.cache
def _inliner() -> css_inline.CSSInliner:
    return css_inline.CSSInliner(load_remote_stylesheets=False, keep_at_rules=True)  # nothing is fetched


@dataclass
class _Open:
    tag: str
    line: int
    closing: str = field(default="")


class _Rewriter(HTMLParser):
    """Writes known tags anew, with quoted attributes; everything else becomes a problem."""

    def __init__(self, held: list[str], utm: Mapping[str, str]) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.sheets: list[str] = []
        self.problems: list[str] = []
        self._held, self._utm = held, utm
        self._open: list[_Open] = []

    def finish(self) -> None:
        """See whether everything was closed."""
        for left in self._open:
            self.problems.append(f"line {left.line}: <{left.tag}> is never closed")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in DROPPED:
            if tag == "title":
                self._open.append(_Open(tag, self.getpos()[0]))
            return
        if tag not in TAGS:
            self._problem(f"<{_shown(tag)}> is not allowed in mail")
            return
        given = {name: value or "" for name, value in attrs if self._is_known(tag, name)}
        self._check(tag, given)
        opening, closing = _written(tag, {name: self._value(name, value) for name, value in given.items()})
        if tag != "style":
            self.parts.append(opening)
        if tag not in VOID:
            self._open.append(_Open(tag, self.getpos()[0], closing))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID and tag not in DROPPED | {"title"} and tag in TAGS:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if (tag in DROPPED and tag != "title") or tag in VOID or (tag not in TAGS and tag != "title"):
            return
        if not self._open or self._open[-1].tag != tag:
            inside = f", and <{self._open[-1].tag}> of line {self._open[-1].line} is still open" if self._open else ""
            self._problem(f"</{tag}> closes nothing{inside}")
            return
        self.parts.append(self._open.pop().closing)

    def handle_data(self, data: str) -> None:
        tag = self._open[-1].tag if self._open else ""
        if tag == "style":
            if LOADS.search(data) or PRIVATE.search(data):
                self._problem("a style sheet may hold no fields, and nothing that loads or computes (url, @import, expression)")
            self.sheets.append(data.replace("{", "{ "))  # never the beginning of a template
        elif tag != "title":
            self.parts.append(IN_TEXT.sub(self._in_text, self._braces(escape(data, quote=False))))

    def unknown_decl(self, data: str) -> None:  # noqa: ARG002 - the parser's
        self._problem("<![…]> is not allowed in mail")

    def _in_text(self, found: re.Match[str]) -> str:
        """{% if %} stands as a comment, which may be anywhere, also between the rows of a table."""
        return f"<!--n{found[1]}-->" if self._held[int(found[1])].startswith("{%") else found[0]

    def _is_known(self, tag: str, name: str) -> bool:
        if name in EVERY or name in OWN.get(tag, ()):
            return True
        self._problem(f'the attribute "{_shown(name)}" of <{tag}> is not allowed in mail')
        return False

    def _check(self, tag: str, given: Mapping[str, str]) -> None:
        for name in ("href", "src"):
            if name in given and not self._is_link(given[name].strip(), WEB if name == "src" else LINK):
                self._problem(
                    f"the {name} of <{tag}> is no https, mailto or tel link the same for everybody (fields are not allowed in it)"
                )
        if tag in {"img", "image"} and ("alt" not in given or not given.get("src")):
            self._problem(f'<{tag}> needs src and alt (what is read where the picture is not shown; alt="" for decoration)')
        if tag == "button" and not given.get("href"):
            self._problem("<button> needs href")
        if LOADS.search(given.get("style", "")) or PRIVATE.search(given.get("style", "")):
            self._problem(f"the style of <{tag}> holds a field, or something that loads or computes")
        if tag == "heading" and given.get("level", "1") not in {"1", "2", "3"}:
            self._problem("the level of <heading> is 1, 2 or 3")

    def _is_link(self, value: str, kind: re.Pattern[str]) -> bool:
        if OWN_LINK.fullmatch(self._restored(value)):
            return kind is LINK
        return bool(kind.match(value)) and not PRIVATE.search(value) and not re.search(r"[\x00-\x20<>\"]", value)

    def _value(self, name: str, value: str) -> str:
        return self._braces(escape(tagged(value.strip(), self._utm) if name == "href" else value))

    def _braces(self, text: str) -> str:
        """A brace that is written as an entity begins no template either."""
        if "{" not in text:
            return text
        self._held.append("{{ '{' }}")
        return text.replace("{", f"\ue000{len(self._held) - 1}\ue001")

    def _restored(self, value: str) -> str:
        return IN_TEXT.sub(lambda found: self._held[int(found[1])], value)

    def _problem(self, text: str) -> None:
        self.problems.append(f"line {self.getpos()[0]}: {text}")


def _written(tag: str, given: Mapping[str, str]) -> tuple[str, str]:
    """How a tag begins and ends in the document; the values are escaped."""
    rest = "".join(f' {name}="{value}"' for name, value in given.items() if name not in {"level", "class"})
    mine = f" {given['class']}" if "class" in given else ""
    if tag == "heading":
        size = f"h{given.get('level', '1')}"
        return f'<{size} class="nl-heading{mine}"{rest}>', f"</{size}>"
    if tag == "button":
        around = '<table role="presentation" cellpadding="0" cellspacing="0" border="0" class="nl-button"><tbody><tr><td>'
        return f'{around}<a class="nl-link{mine}"{rest}>', CLOSE[tag]
    if tag == "image":
        picture = "".join(f' {name}="{value}"' for name, value in given.items() if name not in {"href", "class"})
        shown = f'<img class="nl-image{mine}"{picture}>'
        return (f'<a href="{given["href"]}">{shown}</a>' if "href" in given else shown), ""
    if tag in OPEN:
        opening = OPEN[tag].format(rest)
        return (re.sub(r'class="(nl-\w+)"', rf'class="\1{mine}"', opening) if mine else opening), CLOSE.get(tag, "")
    kind = f' class="{given["class"]}"' if mine else ""
    return f"<{tag}{kind}{rest}>", f"</{tag}>"


def _shown(name: str) -> str:
    return re.sub(r"[^\w:.-]", "?", name)[:40]
