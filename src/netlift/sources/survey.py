"""Source kind `survey`: exports of survey tools, one answer a row or one person a row, as text, Excel or SPSS file."""

from __future__ import annotations

from pathlib import Path

from netlift.errors import SettingsError, SourceError
from netlift.settings import TableSettings
from netlift.sources import files
from netlift.sources.relation import Place, Relation
from netlift.sources.survey_sav import Labels, open_sav
from netlift.sources.survey_shapes import SHAPES
from netlift.sources.survey_wide import melted
from netlift.sources.survey_xlsx import open_xlsx

_KINDS = {".xlsx": "xlsx", ".xlsm": "xlsx", ".sav": "sav", ".zsav": "sav"}


def read(table: TableSettings, *, name: str, place: Place) -> Relation:
    """Open the export; what has one person a row is turned into one answer a row.

    Raises:
        SettingsError: path, shape or the patterns of questions are missing or cannot be.
        SourceError: the file is missing, damaged, or not of the declared shape.
        MissingExtra: an Excel or SPSS file, and the extra 'surveys' is not installed.
    """
    if name != "survey":
        raise SettingsError(f"tables.{name}.source is 'survey', which reads the table survey alone; write source = \"files\".")
    if not table.path:
        raise SettingsError("netlift.toml: tables.survey.path is missing; write the file that the survey tool exported.")
    found = files.find(table.path, place.settings.folder)
    base, labels = _open(found, table)
    shape = SHAPES[table.format.shape]
    if shape is None:
        return base
    return melted(base, table, shape=shape, labels=labels)


def _open(paths: list[Path], table: TableSettings) -> tuple[Relation, Labels]:
    named = table.path or ""
    kind = table.format.kind or _KINDS.get(paths[0].suffix.lower())
    if kind not in {"xlsx", "sav"}:
        return files.open_files(paths, table, name="survey", named=named), Labels()
    if len(paths) > 1:
        raise SourceError(f"tables.survey: '{named}' matches {len(paths)} files, and one Excel or SPSS file is read; name one.")
    if kind == "xlsx":
        return open_xlsx(paths[0], table.format, named=named), Labels()
    return open_sav(paths[0], table.format, named=named)
