"""Source kind `odata`: an entity set of an SAP system's OData service, V4 or V2, all of it or what changed since.

One Parquet file in the landing area holds the rows as they are now. With a watermark, only rows that changed since (and a
little before: OVERLAP) are fetched, and they replace the rows with the same key. Rows deleted there stay until all is fetched again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from netlift import expressions
from netlift.engine import Engine, quoted
from netlift.errors import ExpressionError, MissingExtra, SettingsError, SourceError
from netlift.settings import ODataConnection, Settings, TableSettings
from netlift.sources import area, odata_metadata, odata_values, private_numbers
from netlift.sources.canonical import CANONICAL, STORED_AS
from netlift.sources.files import open_files
from netlift.sources.odata_metadata import EntitySet, Metadata, Property, Version
from netlift.sources.relation import Place, Relation

if TYPE_CHECKING:
    from netlift.sources.odata_client import Client, Page

KEY = "rows"  # of the one landed file


@dataclass(frozen=True, slots=True)
class _Pull:
    """What is asked for."""

    entity: EntitySet
    wanted: tuple[str, ...]  # the columns the table gets
    properties: tuple[Property, ...]  # those, the key and the watermark
    watermark: Property | None
    version: Version
    named: str


def read(table: TableSettings, *, name: str, place: Place) -> Relation:
    """Fetch what is new of `table.relation` and open it; `name` is the table's.

    Only columns that columns, types, derive or where name, and those with a canonical name, are fetched; all where columns is empty.

    Raises:
        SettingsError: connection or relation is missing or cannot be.
        SourceError: the service cannot be read, or does not have what the settings name.
        MissingExtra: httpx is not installed.
        Busy: another process fetches the same.
    """
    connection = _connection(table, name, place.settings)
    client_of = _client_class()
    with client_of(connection, name=str(table.connection)) as client:
        metadata = odata_metadata.parse(client.metadata(), named=client.named)
        pull = _pull(table, name, metadata, connection=connection)
        source = " ".join([client.root, connection.version, repr(pull.properties), table.watermark or ""])
        with area.opened(place, name, source=source) as landed:
            before = landed.get(KEY)
            fetched = 0

            def write(path: Path) -> area.Facts:
                nonlocal fetched
                old = landed.path(before) if before and before.watermark else None
                fetched = _fetch(client, pull, path, old=old, since=before.watermark if before else None, settings=place.settings)
                return _facts(path, pull)

            entry = landed.add(KEY, write, suffix=".parquet")
            relation = open_files([landed.path(entry)], table, name=name, named=pull.named)
    if before and before.watermark:
        relation.notes.append(f"{fetched:,} rows that changed since {before.watermark} were fetched; {entry.rows:,} rows are held.")
    return replace(relation, columns={c: relation.columns[c] for c in pull.wanted})


def _client_class() -> type[Client]:
    try:
        from netlift.sources.odata_client import Client  # noqa: PLC0415 - httpx is an extra
    except ModuleNotFoundError as error:
        raise MissingExtra("odata", "Source 'odata'") from error
    return Client


def _connection(table: TableSettings, name: str, settings: Settings) -> ODataConnection:
    connection = settings.connections.get(table.connection or "")
    if connection is None:
        named = f"tables.{name}.connection is {table.connection!r}" if table.connection else f"tables.{name}.connection is missing"
        there = ", ".join(settings.connections) or "none"
        raise SettingsError(f"{named}; name one of the [connections.…] sections of netlift.toml (there is {there}).")
    if not isinstance(connection, ODataConnection):
        raise SettingsError(
            f"tables.{name}.connection '{table.connection}' is of kind '{connection.kind}'; source 'odata' needs kind 'odata'."
        )
    if not table.relation:
        raise SettingsError(f"netlift.toml: tables.{name}.relation is missing; write the entity set to read.")
    for key in ("path", "query"):
        if getattr(table, key) is not None:
            raise SettingsError(f"tables.{name}.{key} is given, and source 'odata' reads the entity set named as relation; remove {key}.")
    return connection


def _pull(table: TableSettings, name: str, metadata: Metadata, *, connection: ODataConnection) -> _Pull:
    """The settings against `$metadata`."""
    if metadata.version != connection.version:
        raise SourceError(
            f"The service of connections.{table.connection} speaks OData {metadata.version.upper()}, and the connection's version is "
            f"'{connection.version}'; write version = \"{metadata.version}\".",
        )
    relation = str(table.relation)
    entity = metadata.sets.get(relation)
    if entity is None:
        known = ", ".join(list(metadata.sets)[:40])
        hint = expressions.closest(relation, metadata.sets)
        raise SourceError(f"tables.{name}.relation is '{relation}', which is no entity set of the service{hint}; they are {known}.")
    wanted = _wanted(table, name, entity)
    watermark = _watermark(table, name, entity)
    held = dict.fromkeys([*wanted, *entity.key, *([watermark.name] if watermark else [])])
    named = f"{relation} of connections.{table.connection}"
    return _Pull(entity, wanted, tuple(entity.properties[c] for c in held), watermark, metadata.version, named)


def _wanted(table: TableSettings, name: str, entity: EntitySet) -> tuple[str, ...]:
    """The columns to fetch, in the order of `$metadata`."""
    for column, source in table.columns.items():
        if source not in entity.properties:
            hint = expressions.closest(source, entity.properties)
            raise SourceError(
                f"tables.{name}: columns says that {column} is '{source}', which is no property of '{entity.name}'{hint}; correct the name."
            )
        if odata_values.arrow_type(entity.properties[source]) is None:
            raise SourceError(
                f"tables.{name}: '{source}' of '{entity.name}' is {entity.properties[source].type}, which is no single value; take it out."
            )
    single = [c for c, p in entity.properties.items() if odata_values.arrow_type(p) is not None]
    if not table.columns:
        return tuple(single)
    own = {c for c in single if STORED_AS.get(c, c) in CANONICAL[name].columns}
    used = {*table.columns.values(), *table.types, *own, *_used(table)}
    return tuple(c for c in single if c in used)


def _used(table: TableSettings) -> set[str]:
    used: set[str] = set()
    for text in (*table.derive.values(), *([table.where] if table.where else [])):
        try:
            used |= expressions.columns_used(text)
        except ExpressionError:
            continue  # told in full when the table is matched
    return used


def _watermark(table: TableSettings, name: str, entity: EntitySet) -> Property | None:
    if table.watermark is None:
        return None
    p = entity.properties.get(table.watermark)
    if p is None:
        hint = expressions.closest(table.watermark, entity.properties)
        raise SourceError(
            f"tables.{name}.watermark is '{table.watermark}', which is no property of '{entity.name}'{hint}; correct the name."
        )
    kind = odata_values.arrow_type(p)
    if kind is None or pa.types.is_boolean(kind) or pa.types.is_floating(kind):
        raise SourceError(
            f"tables.{name}.watermark '{p.name}' is {p.type}, which does not grow with every change; name a time or a counter."
        )
    if not entity.key:
        raise SourceError(f"'{entity.name}' has no key, so a changed row cannot replace the old one; take tables.{name}.watermark out.")
    return p


def _fetch(client: Client, pull: _Pull, path: Path, *, old: Path | None, since: str | None, settings: Settings) -> int:
    """Write the rows as they are now to `path`; returns how many were fetched."""
    new = path.with_name(f"{path.name}.fetched")
    try:
        rows = _write(client.pages(pull.entity.name, _options(pull, since)), pull, new)
        if pull.entity.key:
            _merge(pull, old, new, into=path, settings=settings)
        else:
            new.replace(path)
    finally:
        new.unlink(missing_ok=True)
    return rows


def _options(pull: _Pull, since: str | None) -> dict[str, str]:
    """A stable order, so that no row is lost between two pages; rows changed meanwhile come again at the end."""
    order = [*([pull.watermark.name] if pull.watermark else []), *pull.entity.key]
    options = {"$select": ",".join(p.name for p in pull.properties)}
    if pull.watermark and since is not None:
        options["$filter"] = odata_values.since(pull.watermark, since, pull.version)
    if order:
        options["$orderby"] = ",".join(dict.fromkeys(order))
    return {**options, **({"$inlinecount": "allpages", "$format": "json"} if pull.version == "v2" else {"$count": "true"})}


def _write(pages: Iterator[Page], pull: _Pull, path: Path) -> int:
    """All pages into one Parquet file."""
    schema = pa.schema([(p.name, odata_values.arrow_type(p)) for p in pull.properties])
    rows, counted = 0, None
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for page in pages:
            counted = page.counted if page.counted is not None else counted
            if page.rows:
                fetched = odata_values.table(page.rows, pull.properties, named=pull.named, before=rows)
                writer.write_table(private_numbers.emptied(fetched))
            rows += len(page.rows)
    if counted is not None and rows < counted:
        raise SourceError(f"The service counted {counted:,} rows of {pull.named} and gave {rows:,}, then no next page; run again.")
    return rows


def _merge(pull: _Pull, old: Path | None, new: Path, *, into: Path, settings: Settings) -> None:
    """Of rows with the same key the one that was fetched last, in the order of the key."""
    columns, key = _list(p.name for p in pull.properties), _list(pull.entity.key)
    parts = [f"SELECT {columns}, {i} AS __pull, file_row_number AS __row FROM {_parquet(p)}" for i, p in enumerate((old, new)) if p]
    last = f"row_number() OVER (PARTITION BY {key} ORDER BY __pull DESC, __row DESC)"
    with Engine(settings.engine) as engine:
        engine.write_parquet(f"SELECT {columns} FROM ({' UNION ALL '.join(parts)}) QUALIFY {last} = 1 ORDER BY {key}", into)


def _list(names: Iterator[str] | Sequence[str]) -> str:
    return ", ".join(quoted(name) for name in names)


def _parquet(path: Path) -> str:
    return "read_parquet('" + str(path).replace("'", "''") + "', file_row_number = true)"


def _facts(path: Path, pull: _Pull) -> area.Facts:
    with pq.ParquetFile(path) as file:
        rows = file.metadata.num_rows
        if pull.watermark is None:
            return area.Facts(rows=rows)
        maxima = [pc.max(file.read_row_group(i, [pull.watermark.name]).column(0)).as_py() for i in range(file.num_row_groups)]
    highest = max((m for m in maxima if m is not None), default=None)
    return area.Facts(rows=rows, watermark=None if highest is None else odata_values.remembered(highest))
