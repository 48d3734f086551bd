"""The header against the canonical table: which column of the source becomes what."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pyarrow import types as is_a

from netlift import expressions
from netlift.errors import ExpressionError, SettingsError, SourceError
from netlift.settings import TableSettings
from netlift.sources.canonical import CANONICAL, RECORDED, STORED_AS, Kind
from netlift.sources.relation import Relation

Native = Literal["text", "whole", "float", "decimal", "boolean", "time", "time_with_zone"]
_FITS: dict[Kind, frozenset[Native]] = {
    "id": frozenset({"text", "whole"}),
    "text": frozenset({"text", "whole", "float", "decimal", "boolean", "time", "time_with_zone"}),
    "number": frozenset({"text", "whole", "float", "decimal", "boolean"}),
    "instant": frozenset({"text", "time", "time_with_zone"}),
    "day": frozenset({"text", "time", "time_with_zone"}),
}
MADE = ("local_timestamp", "bucket")  # columns of big tables that netlift makes


@dataclass(frozen=True, slots=True)
class Column:
    """One column that is read."""

    name: str  # canonical, or the source's own
    source: str
    native: Native  # how the source stores it
    kind: Kind | None  # None: the values decide
    stays: bool  # whether it is in the canonical table; else only derive and where see it
    filled: bool  # whether a missing value is a fault


@dataclass(frozen=True, slots=True)
class Mapping:
    """What is read from a source into a canonical table. Expressions are checked."""

    table: str
    columns: tuple[Column, ...]
    landed: tuple[str, ...]  # the source's columns that are read; those beside `columns` only for quarantine
    derive: dict[str, str]
    where: str | None

    def raw(self, source: str) -> str:
        """The raw table's name for a column of the source: by its place, so that no name can do harm."""
        return f"c{self.landed.index(source)}"

    def source_of(self, column: str) -> str | None:
        """The source's name of a column, None for derived ones."""
        return next((c.source for c in self.columns if c.name == column), None)


def match(name: str, table: TableSettings, relation: Relation) -> Mapping:
    """Find every column that is needed.

    Raises:
        SourceError: a required column is missing, two names are the same but for case, or a stored type cannot be.
        SettingsError: columns or types name something that does not exist.
        ExpressionError: derive or where is wrong.
    """
    derive = {STORED_AS.get(key, key): text for key, text in table.derive.items()}
    sources = _sources(name, table, relation)
    _check_required(name, relation, present={*sources, *derive})
    used = _used(derive, table.where)
    columns = tuple(_column(name, column, source, table, relation) for column, source in sources.items() if _wanted(name, column, used))
    _check_names([c.name for c in columns], derive, name)
    _check_types(name, table, {c.name for c in columns} | set(derive))
    _check_renamed(name, table, used)
    _check_expressions(name, sources, derive, table.where)
    needed = tuple(relation.columns) if relation.whole_rows else tuple(dict.fromkeys(c.source for c in columns))
    return Mapping(name, columns, needed, derive, table.where)


def _sources(name: str, table: TableSettings, relation: Relation) -> dict[str, str]:
    """Column name → the source's name: those that settings rename, then the rest under their own names."""
    renamed = {STORED_AS.get(key, key): source for key, source in table.columns.items()}
    for column, source in renamed.items():
        if source not in relation.columns:
            hint = expressions.closest(source, relation.columns)
            raise SourceError(f"tables.{name}: columns says that {column} is '{source}', and {_found(relation)}{hint}; correct the name.")
    taken = set(renamed.values())
    own = {_stored(name, c): c for c in relation.columns if c not in taken}
    found = {**own, **renamed}
    canonical = {column: found[column] for column in CANONICAL[name].columns if column in found}
    return canonical | found


def _stored(name: str, column: str) -> str:
    stored = STORED_AS.get(column, column)
    return stored if stored in CANONICAL[name].columns else column


def _found(relation: Relation) -> str:
    """The source's columns in words; what may be a person's data (a file without a header) is not shown."""
    if any("@" in c for c in relation.columns):
        return f"'{relation.named}' has {len(relation.columns)} columns, whose names are not shown because they look like a person's data"
    shown = [("…" if "@" in c or sum(map(str.isdigit, c)) > 5 else c) for c in list(relation.columns)[:40]]
    more = f" and {len(relation.columns) - 40} more" if len(relation.columns) > 40 else ""
    return f"'{relation.named}' has the columns {', '.join(shown)}{more}"


def _check_required(name: str, relation: Relation, *, present: Collection[str]) -> None:
    missing = [c for c in CANONICAL[name].required if c not in present]
    if not missing:
        return
    as_written = {stored: key for key, stored in STORED_AS.items()}
    wanted = [as_written.get(c, c) for c in missing]
    if any(_is_value(c) for c in relation.columns):
        hint = "line 1 looks like a row of values: write the column names there"
    else:
        named = ", ".join(f'{c} = "the name in the file"' for c in wanted)
        wide = "; where each person has one row, write format.shape (wide, limesurvey, qualtrics, typeform or google_forms) instead"
        hint = f"write columns = {{ {named} }}{expressions.closest(missing[0], relation.columns)}"
        hint += wide if name == "survey" and {"question", "answer"} <= set(missing) else ""
    raise SourceError(f"tables.{name} needs {', '.join(wanted)}, and {_found(relation)}; {hint}.")


def _is_value(text: str) -> bool:
    return "@" in text or text.replace(".", "", 1).replace("-", "").isdigit()


def _wanted(name: str, column: str, used: frozenset[str]) -> bool:
    if column == "local_timestamp" and CANONICAL[name].local_time:
        return False  # netlift makes it
    return column in CANONICAL[name].columns or CANONICAL[name].attributes != "none" or column in used


def _column(name: str, column: str, source: str, table: TableSettings, relation: Relation) -> Column:
    canonical = CANONICAL[name]
    native = _native(relation.columns[source], source, relation.named)
    kind = canonical.columns.get(column)
    if kind is None and column in table.types:
        kind = {"text": "text", "number": "number", "timestamp": "instant"}[table.types[column]]  # type: ignore[assignment]
    if kind is None and canonical.attributes == "text":
        kind = "text"
    dated = native == "whole" and kind in {"instant", "day"} and table.format.date is not None  # 19970131
    if kind is not None and native not in _FITS[kind] and not dated:
        raise SourceError(
            f"tables.{name}: '{source}' is stored as {relation.columns[source]} in '{relation.named}', which cannot be "
            f"{'an id: two ids may have become one; store it as text or whole numbers' if kind == 'id' else f'a {RECORDED[kind]}'}.",
        )
    stays = column in canonical.columns or canonical.attributes != "none"
    return Column(column, source, native, kind, stays, column in canonical.filled)


def _is_decimal(kind: Any) -> bool:  # noqa: ANN401 - pyarrow has no types
    """Decimals that the engine can hold."""
    return bool(is_a.is_decimal(kind) and kind.bit_width <= 128)


_NATIVES: tuple[tuple[Native, Callable[[Any], bool]], ...] = (
    ("text", lambda t: is_a.is_string(t) or is_a.is_large_string(t) or is_a.is_string_view(t)),
    ("whole", lambda t: is_a.is_integer(t) or (_is_decimal(t) and t.scale == 0)),
    ("float", is_a.is_floating),
    ("decimal", _is_decimal),
    ("boolean", is_a.is_boolean),
    ("time_with_zone", lambda t: is_a.is_timestamp(t) and t.tz is not None),
    ("time", lambda t: is_a.is_timestamp(t) or is_a.is_date(t)),
)


def _native(kind: Any, column: str, named: str) -> Native:  # noqa: ANN401 - pyarrow has no types
    for native, fits in _NATIVES:
        if fits(kind):
            return native
    raise SourceError(
        f"Column '{column}' of '{named}' is stored as {kind}, which is neither text, number nor time; leave it out of the file."
    )


def _check_names(names: Sequence[str], derive: dict[str, str], table: str) -> None:
    seen: dict[str, str] = {}
    for name in (*names, *derive):
        if name.startswith("__"):
            raise SourceError(
                f"tables.{table}: the column '{name}' begins with '__', which netlift keeps for itself; rename it under columns."
            )
        if name in derive and CANONICAL[table].local_time and name.lower() in MADE:
            raise SettingsError(f"tables.{table}.derive: netlift makes the column '{name}' itself; give the derived one another name.")
        other = seen.get(name.lower())
        if other is not None and name in derive:
            raise SettingsError(f"tables.{table}.derive: the table already has a column '{other}'; give the derived one another name.")
        if other is not None:
            raise SourceError(f"tables.{table}: '{other}' and '{name}' differ only in case; rename one under columns.")
        seen[name.lower()] = name


def _check_types(name: str, table: TableSettings, known: Collection[str]) -> None:
    for column, kind in table.types.items():
        stored = STORED_AS.get(column, column)
        canonical = CANONICAL[name].columns.get(stored)
        if canonical is not None and RECORDED[canonical] != kind:
            raise SettingsError(f"tables.{name}.types: {column} is always a {RECORDED[canonical]}, not a {kind}; take the line out.")
        if stored not in known:
            raise SettingsError(
                f"tables.{name}.types names '{column}', which is no column of the table{expressions.closest(column, known)}."
            )
        if column in table.derive:
            raise SettingsError(
                f"tables.{name}.types: the kind of the derived column '{column}' follows from its expression; take the line out."
            )


def _check_renamed(name: str, table: TableSettings, used: frozenset[str]) -> None:
    """A renamed column that nothing reads is most likely a canonical name written wrongly."""
    canonical = CANONICAL[name]
    for column in table.columns:
        if canonical.attributes == "none" and STORED_AS.get(column, column) not in canonical.columns and column not in used:
            hint = expressions.closest(column, canonical.columns)
            raise SettingsError(f"tables.{name}.columns: '{column}' is no column of {name}{hint}; they are {', '.join(canonical.columns)}.")


def _used(derive: dict[str, str], where: str | None) -> frozenset[str]:
    used: set[str] = set()
    for text in (*derive.values(), *([where] if where else [])):
        try:
            used |= expressions.columns_used(text)
        except ExpressionError:
            continue  # told in full, with the columns there are, by _check_expressions
    return frozenset(used)


def _check_expressions(name: str, columns: Collection[str], derive: dict[str, str], where: str | None) -> None:
    known = [*columns, "local_timestamp"] if CANONICAL[name].local_time and "timestamp" in columns else [*columns]
    for column, text in derive.items():
        expressions.check(text, columns=known, what=f"tables.{name}.derive.{column}")
        known.append(column)
    if where:
        expressions.check(where, columns=known, what=f"tables.{name}.where")
