"""One person a row → one answer a row.

Every question is a file of its own in the relation that is handed on ("answers.csv, question 'Q1'"), so that a row in
quarantine is known by file and line. Questions with several answers have one such file for each possible answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from netlift.errors import ExpressionError, SettingsError, SourceError
from netlift.expressions import columns_used
from netlift.settings import Format, TableSettings
from netlift.sources.relation import LINE, Batch, Relation
from netlift.sources.survey_sav import Labels
from netlift.sources.survey_shapes import Shape, matcher

ABOUT = ("customer_id", "answered_at", "wave", "weight")
CHOSEN = {"1", "y", "yes", "true", "x", "checked", "selected", "quoted"}  # the column's name is the answer
NOT_CHOSEN = {"", "0", "n", "no", "false", "unchecked", "not selected", "not quoted"}  # else the cell is the answer
MOST_ANSWERS = 50  # of one person to one question, in one cell


@dataclass(frozen=True, slots=True)
class _Part:
    """A question, or one possible answer of a question with several."""

    question: str
    sources: tuple[str, ...]  # columns it is read from
    option: str | None = None  # the answer's name where the column stands for one answer
    separator: str | None = None  # what parts the answers in a cell
    place: int = 0  # which of the parted answers
    none_of: bool = False  # the row of a person who chose none


def melted(base: Relation, table: TableSettings, *, shape: Shape, labels: Labels) -> Relation:
    """The relation of answers; `base` holds texts.

    Raises:
        SettingsError: questions, options or separators name columns that do not exist, or nothing is a question.
        SourceError: the header rows of the shape are not there.
    """
    kept = _kept(base, table, shape)
    parts = _parts(base, table.format, shape=shape, taken=set(kept.values()))
    coded = bool(labels.values or labels.measures)
    names = [*kept, "question", "answer", *(("label", "measure") if coded else ())]
    notes: list[str] = []

    def batches(columns: Sequence[str]) -> Iterator[Batch]:
        people = 0
        for batch in _without_extra_header(base, shape):
            people += batch.rows.num_rows
            for number, part in enumerate(parts):
                rows = _answers(batch.rows, part, kept=kept, missing=table.format.missing, labels=labels if coded else None)
                rejects = batch.rejects if number == 0 else ()
                yield Batch(batch.file * len(parts) + number, rows.select([*columns, LINE]), rejects, batch.share)
        notes.extend(base.notes)
        questions = len({part.question for part in parts})
        notes.append(f"{people:,} forms and {questions:,} questions, read as shape '{table.format.shape}'; rows are answers.")

    return replace(
        base,
        files=tuple(f"{file}, {_place(part)}" for file in base.files for part in parts),
        columns=dict.fromkeys(names, pa.string()),
        batches=batches,
        whole_rows=True,
        notes=notes,
    )


def _place(part: _Part) -> str:
    if part.option is not None:
        return f"question '{part.question}', answer '{part.option}'"
    return f"question '{part.question}'" + (f", answer {part.place + 1}" if part.separator is not None else "")


def _kept(base: Relation, table: TableSettings, shape: Shape) -> dict[str, str]:
    """Columns that go with every answer: their name in the relation of answers → in the file."""
    kept: dict[str, str] = {}
    for canonical in ABOUT:
        named = table.columns.get(canonical)
        if named is not None:
            kept |= {named: named} if named in base.columns else {}
            if named not in base.columns:
                raise SourceError(
                    f"tables.survey: columns says that {canonical} is '{named}', and '{base.named}' has no such column; correct the name."
                )
        elif canonical in base.columns:
            kept[canonical] = canonical
        elif shape.columns.get(canonical) in base.columns:
            kept[canonical] = shape.columns[canonical]
    if "customer_id" not in {*kept, *(c for c in table.columns if table.columns[c] in kept)}:
        raise SourceError(
            f"tables.survey: no column of '{base.named}' says who answered; write columns = {{ customer_id = \"its name\" }}.",
        )
    for text in (*table.derive.values(), *([table.where] if table.where else [])):
        try:
            used = columns_used(text)
        except ExpressionError:
            continue  # told in full later
        kept |= {c: c for c in sorted(used) if c in base.columns and c not in kept}
    return kept


def _parts(base: Relation, style: Format, *, shape: Shape, taken: set[str]) -> list[_Part]:
    parts: list[_Part] = []
    used: set[str] = set()
    for question, patterns in style.options.items():
        options = {c: option for pattern in patterns for c, option in _matching(base, pattern, f"options.{question}").items()}
        used |= set(options)
        parts.append(_Part(question, tuple(options), none_of=True))
        parts += [_Part(question, (column,), option=option) for column, option in options.items()]
    for question, separator in style.separators.items():
        if question not in base.columns or not separator:
            raise SettingsError(f"tables.survey.format.separators names '{question}', which is no column of '{base.named}'; correct it.")
        used.add(question)
        parts += [_Part(question, (question,), separator=separator, place=i) for i in range(MOST_ANSWERS)]
    about = [matcher(p) for p in shape.about]
    free = [c for c in base.columns if c not in used | taken and not any(p.fullmatch(c) for p in about)]
    if style.questions:
        wanted = {c for pattern in style.questions for c in _matching(base, pattern, "questions")}
        free = [c for c in base.columns if c in wanted - used - taken]
    elif not shape.all_questions and not parts:
        raise SettingsError(
            'tables.survey.format.questions is missing; write which columns are questions, such as questions = ["Q*", "nps"].',
        )
    elif not shape.all_questions:
        free = []
    parts += [_Part(column, (column,)) for column in free]
    if not parts:
        raise SettingsError(f"tables.survey: no column of '{base.named}' is a question; name them under format.questions.")
    return parts


def _matching(base: Relation, pattern: str, key: str) -> dict[str, str]:
    """Columns that fit a pattern → what * stands for (the whole name where there is no *)."""
    fit = {c: found for c in base.columns if (found := matcher(pattern).fullmatch(c))}
    if not fit:
        raise SettingsError(f"tables.survey.format.{key} names '{pattern}', and no column of '{base.named}' is like it; correct it.")
    return {c: "".join(found.groups()) or c for c, found in fit.items()}


def _answers(rows: pa.RecordBatch, part: _Part, *, kept: dict[str, str], missing: Sequence[str], labels: Labels | None) -> pa.RecordBatch:
    """The batch's answers to one question, people who have none to this part left out."""
    columns = [_column(rows, source) for source in part.sources]
    answers, chosen = _chosen(columns, part, missing)
    about = {name: _column(rows, source) for name, source in kept.items()}
    data: dict[str, Any] = {**about, "question": pa.array([part.question] * rows.num_rows, pa.string()), "answer": answers}
    if labels is not None:
        meaning = labels.values.get(part.sources[0], {}) if part.option is None and not part.none_of else {}
        data["label"] = pa.array([meaning.get(a) for a in answers.to_pylist()], pa.string())
        measure = "nominal" if part.option is not None or part.none_of else labels.measures.get(part.sources[0])
        data["measure"] = pa.array([measure] * rows.num_rows, pa.string())
    data[LINE] = _column(rows, LINE)
    batch = pa.RecordBatch.from_pydict(data)
    return batch if chosen is None else batch.filter(chosen)


def _column(rows: pa.RecordBatch, name: str) -> Any:  # noqa: ANN401 - pyarrow has no types
    column = rows.column(rows.schema.names.index(name))
    return column if name == LINE else column.cast(pa.string())


def _chosen(columns: Sequence[Any], part: _Part, missing: Sequence[str]) -> tuple[Any, Any]:
    """The answers, and who has one (None: everybody)."""
    if part.none_of:
        chosen = [any(_is_chosen(v, missing) for v in row) for row in zip(*(c.to_pylist() for c in columns), strict=True)]
        return pa.array([None] * len(chosen), pa.string()), pa.array([not c for c in chosen], pa.bool_())
    if part.option is not None:
        values = columns[0].to_pylist()
        answers = [part.option if str(v).strip().lower() in CHOSEN else v for v in values]
        return pa.array(answers, pa.string()), pa.array([_is_chosen(v, missing) for v in values], pa.bool_())
    if part.separator is not None:
        split = [_split(v, part.separator, missing) for v in columns[0].to_pylist()]
        answers = [row[part.place] if part.place < len(row) else None for row in split]
        return pa.array(answers, pa.string()), pa.array([part.place < len(row) for row in split], pa.bool_())
    return columns[0], None


def _is_chosen(value: str | None, missing: Sequence[str]) -> bool:
    return value is not None and value.strip().lower() not in NOT_CHOSEN and value not in missing


def _split(value: str | None, separator: str, missing: Sequence[str]) -> list[str | None]:
    if value is None or value in missing:
        return [None]
    found: list[str | None] = [piece.strip() for piece in value.split(separator) if piece.strip()]
    if len(found) > MOST_ANSWERS:
        raise SourceError(
            f"tables.survey: a cell holds {len(found)} answers parted by '{separator}', and {MOST_ANSWERS} are the most that is read; "
            "is the separator right?",
        )
    return found or [None]


def _without_extra_header(base: Relation, shape: Shape) -> Iterator[Batch]:
    """Drop header rows after the first, and see that the last of them is what the tool writes there."""
    seen = dict.fromkeys(range(len(base.files)), 0)
    for batch in base.batches(list(base.columns)):
        begun = seen[batch.file]
        drop = max(0, min(shape.extra_header - begun, batch.rows.num_rows))
        seen[batch.file] += batch.rows.num_rows
        if drop and begun + drop == shape.extra_header:
            last = batch.rows.slice(drop - 1, 1).to_pylist()[0]
            if not any("ImportId" in str(value) for value in last.values()):
                raise _header_missing(base.files[batch.file])
        yield replace(batch, rows=batch.rows.slice(drop))
    short = next((f for f, rows in seen.items() if rows < shape.extra_header), None)
    if short is not None:
        raise _header_missing(base.files[short])


def _header_missing(file: str) -> SourceError:
    return SourceError(
        f"'{file}' does not have the three header rows of a Qualtrics export (names, questions, ImportId); export it again from Qualtrics, "
        'or write shape = "wide".',
    )
