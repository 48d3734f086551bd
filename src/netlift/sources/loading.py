"""The verb: read every table of the settings, check it, and leave it in the engine under its canonical name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from netlift import plugins
from netlift.engine import Engine, quoted
from netlift.errors import SettingsError, SourceError
from netlift.records import Progress, TableInput, Tables, silent
from netlift.settings import Settings, TableSettings
from netlift.sources import (
    area,
    browsing,
    enrichment,
    files,
    health,
    json_api,
    numbered,
    odata,
    parts,
    private_numbers,
    quarantine,
    refusals,
    register,
    s3,
    sql,
    survey,
    traps,
)
from netlift.sources.canonical import CANONICAL, RECORDED
from netlift.sources.derived import CHECKED, Checked, check_rows
from netlift.sources.kinds import decide
from netlift.sources.landing import RAW, land
from netlift.sources.mapping import Mapping, match
from netlift.sources.parts import BUCKETS
from netlift.sources.relation import Place, Relation
from netlift.sources.strangers import strangers, unknown_campaigns
from netlift.sources.values import Reader, reader
from netlift.sources.vital_signs import vital_signs

Read = Callable[..., Relation]  # read(table: TableSettings, *, name: str, place: Place)
SOURCES: dict[str, Read] = {
    "files": files.read,
    "s3": s3.read,
    "odata": odata.read,
    "api": json_api.read,
    "postgres": sql.read_postgres,
    "sqlalchemy": sql.read_sqlalchemy,
    "hana": sql.read_hana,
    "survey": survey.read,
}

TYPED = "typed"  # folder of the parts in the landing area


def load(
    settings: Settings, engine: Engine, progress: Progress = silent, *, landing: Path | None = None, numbered_rows: bool = False
) -> Tables:
    """Read all tables; the rows stay in the engine (customers, transactions, …), refused rows in `quarantine`.

    Moments without an offset are read in the zone of the file's format, else the project's, and stored in UTC. Where
    clocks are set back, a time that occurs twice is the later one; a time that is skipped is moved on by the hour.

    `landing` is the folder in which fetched files are kept, so that only what is new is fetched; None = a temporary one.
    With `numbered_rows` only the columns that settings name are read from files, and numbered.ROW is the row's place.

    Raises:
        SettingsError: a source is unknown, or a key does not fit the table.
        SourceError: a table cannot be read, or is refused as a whole; then none of the tables is left in the engine.
        ExpressionError: derive or where is wrong.
    """
    sources = plugins.table("sources", SOURCES) | ({"files": numbered.read} if numbered_rows else {})
    for name, table in settings.tables.items():
        if table.source not in sources:
            raise SettingsError(f"tables.{name}.source is '{table.source}', which is no source; they are {', '.join(sorted(sources))}.")
    with TemporaryDirectory(prefix="netlift-landing-") as temporary:
        passing = Place(settings, Path(temporary))
        # contact data is kept in the vault only: what was fetched of it goes when the table is read
        places = {name: passing if landing is None or name == "contacts" else Place(settings, landing) for name in settings.tables}
        # the engine reads parts until it is closed
        typed = landing / TYPED if landing else Path(engine.hold(TemporaryDirectory(prefix="netlift-typed-")))
        return _load(settings, engine, sources, places=places, typed=typed, progress=progress)


def _load(
    settings: Settings, engine: Engine, sources: dict[str, Read], *, places: dict[str, Place], typed: Path, progress: Progress
) -> Tables:
    quarantine.create(engine)
    inputs: list[TableInput] = []
    try:
        for i, (name, table) in enumerate(settings.tables.items()):
            part = _part(progress, i, len(settings.tables))
            inputs.append(_read_table(engine, sources[table.source], places[name], name=name, typed=typed, progress=part))
    except BaseException:
        for name in settings.tables:
            engine.drop(name)
        raise
    finally:
        engine.drop(RAW)
        engine.drop(CHECKED)
    base = "customers" if "customers" in settings.tables else "transactions"
    remarks = strangers(engine, inputs, base=base)
    campaigns = unknown_campaigns(engine, inputs)
    progress(1.0, "all tables read")
    found = tuple(replace(i, findings=(*i.findings, *(told[i.table] for told in (remarks, campaigns) if i.table in told))) for i in inputs)
    figures = vital_signs(engine, found, base=base, time_zone=settings.project.time_zone)
    for name in ("vital_sample", *(f"vital_{i.table}" for i in inputs)):
        engine.drop(name)
    return Tables(found, figures, buckets=BUCKETS)


def _part(progress: Progress, i: int, n: int) -> Progress:
    return lambda share, doing: progress((i + share) / n, doing)


def _read_table(engine: Engine, read: Read, place: Place, *, name: str, typed: Path, progress: Progress) -> TableInput:
    settings = place.settings
    private_numbers.check_settings(name, settings.tables[name])
    if name == "enrichment":
        enrichment.recorded(settings.tables[name])
    try:
        relation = read(settings.tables[name], name=name, place=place)
        if name == "enrichment":
            enrichment.no_social_media(settings.tables[name], relation.columns)
        _check_fits(name, settings.tables[name])
        in_parts = CANONICAL[name].local_time and relation.one is not None
        if settings.tables[name].key and not in_parts:
            raise SettingsError(
                f"tables.{name}.key: only transactions and events from files, object storage or a database have a key; take it out."
            )
        if in_parts:
            loaded = _load_parts(Place(settings, typed), engine, relation, name=name, progress=progress)
        else:
            loaded = _load_table(settings, engine, relation, name=name, progress=progress)
        return browsing.cleaned(engine, Place(settings, typed), settings.tables[name], loaded) if name == "events" else loaded
    except OSError as error:
        raise SourceError(f"tables.{name}: '{settings.tables[name].path}' cannot be read: {error.strerror or error}.") from error


def _check_fits(name: str, table: TableSettings) -> None:
    """Refuse what is said of a table and means nothing there: the user would believe that it is done."""
    if table.duplicates != "refuse" and CANONICAL[name].key is None:
        alike = ', or name key = ["…"], so that of rows with the same the last stands' if CANONICAL[name].local_time else ""
        raise SettingsError(f"tables.{name}.duplicates is of tables with one row per id, and {name} has many; take it out{alike}.")
    if table.returns != "refuse" and name != "transactions":
        raise SettingsError(f"tables.{name}.returns is of transactions alone; take it out.")
    stray = next((key for key in ("relation", "query", "watermark") if getattr(table, key) is not None), None)
    if stray and table.source in {"files", "s3", "survey"}:
        raise SettingsError(f"tables.{name}.{stray}: source '{table.source}' reads files, which have none; take it out.")


def _load_table(settings: Settings, engine: Engine, relation: Relation, *, name: str, progress: Progress) -> TableInput:
    """One table from its opened source to its canonical form."""
    table = settings.tables[name]
    how = reader(table.format, project_zone=settings.project.time_zone, table=name, engine=engine)
    relation = register.allowed(name, settings, private_numbers.withheld(relation))
    mapping = match(name, table, relation)
    rows_in = land(engine, relation, mapping, lambda share, doing: progress(0.8 * share, doing))
    mapping = private_numbers.take_out(engine, mapping, table, relation)
    columns, mixed = decide(engine, mapping, how)
    checked = check_rows(engine, mapping, columns, how)
    known = refusals.seen(engine, mapping, checked)
    refusals.to_quarantine(engine, mapping, relation, checked)
    refusals.over_threshold(quarantine.commonest(engine, name), mapping, table, known=known, rows_in=rows_in)
    refusals.repeated_keys(engine, mapping, table, relation)
    refusals.over_threshold(quarantine.commonest(engine, name), mapping, table, known=known, rows_in=rows_in)
    refusals.returned_goods(engine, mapping, table, checked=checked)
    rows_ok, left_out = engine.rows(f"SELECT count_if({refusals.GOOD}), count_if(__problem IS NULL AND NOT __kept) FROM {CHECKED}")[0]
    refusals.nothing_left(mapping, rows_in=rows_in, rows_ok=rows_ok, rows_left_out=left_out)
    relation.notes.extend(traps.in_words(traps.found(engine, mapping, checked)))
    common = quarantine.commonest(engine, name)
    refused = [f"{name}: {_refused(common.refused, rows_in)}; {refusals.describe(common, known)}."] if common else []
    engine.execute(f"DROP TABLE {RAW}")
    kinds = _store(engine, name, checked, how)
    progress(0.9, f"checking {name}")
    counted = health.figures(engine, name, table=name, checked=checked, reader=how)
    remarks = health.findings(name, counted, checked=checked, reader=how)
    return TableInput(
        table=name,
        source=relation.named,
        rows_in=rows_in,
        rows_ok=rows_ok,
        rows_quarantined=common.refused if common else 0,
        rows_left_out=left_out,
        sha256=relation.sha256,
        columns=kinds,
        findings=(*(f"{name}: {note}" for note in relation.notes), *refused, *mixed, *remarks),
    )


def _load_parts(place: Place, engine: Engine, relation: Relation, *, name: str, progress: Progress) -> TableInput:
    """A table of moments from its files to parts, of which only new ones are read; `place` keeps them."""
    settings, table = place.settings, place.settings.tables[name]
    how = reader(table.format, project_zone=settings.project.time_zone, table=name, engine=engine)
    relation = register.allowed(name, settings, private_numbers.withheld(relation))
    mapping = match(name, table, relation)
    _check_key(mapping, table)
    whose = f"typed {settings.folder} {table.source} {table.connection} {table.path} {table.relation} {table.query}"
    with area.opened(place, name, source=whose) as typed:
        made = parts.ingest(engine, typed, relation, mapping=mapping, table=table, reader=how, progress=progress)
        engine.hold(area.reading(typed.folder))
    engine.attach(name, [part.path for part in made.parts])
    common = quarantine.commonest(engine, name)
    remarks = [f"{name}: {text}" for text in traps.in_words(made.traps)]
    remarks += [f"{name}: {_refused(common.refused, made.rows_in)}; {refusals.describe(common, made.reasons)}."] if common else []
    remarks += dict.fromkeys(text for summary in made.summaries for text in summary.mixed)
    if made.replaced:
        rows = "1 row was" if made.replaced == 1 else f"{made.replaced:,} rows were"
        remarks.append(f"{name}: {rows} replaced by later rows with the same {', '.join(table.key)}.")
    remarks += health.findings(name, made.figures, checked=made.checked, reader=how, parts=len(made.parts))
    notes = dict.fromkeys((*relation.notes, *(note for summary in made.summaries for note in summary.notes)))
    return TableInput(
        table=name,
        source=relation.named,
        rows_in=made.rows_in,
        rows_ok=made.rows_ok,
        rows_quarantined=common.refused if common else 0,
        rows_left_out=made.left_out,
        sha256=relation.sha256,
        columns={**{column: RECORDED[kind] for column, kind in made.checked.kinds.items()}, "local_timestamp": "timestamp"},
        findings=(*(f"{name}: {note}" for note in notes), *remarks),
        parts=made.parts,
    )


def _check_key(mapping: Mapping, table: TableSettings) -> None:
    columns = [*(c.name for c in mapping.columns if c.stays), *(n for n in mapping.derive if n in CANONICAL[mapping.table].columns)]
    for name in table.key:
        if name not in columns:
            raise SettingsError(
                f"tables.{mapping.table}.key names '{name}', which the table does not have; its columns are {', '.join(columns)}."
            )


def _store(engine: Engine, name: str, checked: Checked, how: Reader) -> dict[str, str]:
    """Make the canonical table; returns its columns and their kinds."""
    columns = {column: RECORDED[kind] for column, kind in checked.kinds.items()}
    selected = [quoted(column) for column in columns]
    if CANONICAL[name].local_time:
        selected.append(f"{how.local('timestamp')} AS local_timestamp")
        columns["local_timestamp"] = "timestamp"
    engine.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT {', '.join(selected)} FROM {CHECKED} WHERE {refusals.GOOD}")
    return columns


def _refused(refused: int, rows_in: int) -> str:
    rows = "1 row is" if refused == 1 else f"{refused:,} rows are"
    return f"{rows} refused and in quarantine ({100 * refused / rows_in:.1f} % of {rows_in:,})"
