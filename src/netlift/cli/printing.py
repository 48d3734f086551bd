"""What the commands share: their common arguments, the progress on the terminal, tables and JSON."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self

import typer

from netlift.errors import InputError

if TYPE_CHECKING:
    from netlift.records import Progress
    from netlift.settings import Settings

Config = Annotated[Path, typer.Argument(metavar="CONFIG", help="netlift.toml")]
RunId = Annotated[str, typer.Argument(metavar="ID", help="number of the run")]
Json = Annotated[bool, typer.Option("--json", help="print JSON for machines")]
As = Annotated[str | None, typer.Option("--as", metavar="USER", help="who acts (default: NETLIFT_USER, else your account)")]


_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # but tabs and line ends


def visible(text: str) -> str:
    """The text with control characters spelt out: names of files and what is in them must not steer the terminal."""
    return _CONTROL.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def variable(name: str | None, option: str) -> str | None:
    """What an environment variable holds; None where none is named.

    Raises:
        InputError: it is not set.
    """
    if name is None:
        return None
    if name not in os.environ:
        raise InputError(f"The environment variable {name}, named as --{option}, is not set.")
    return os.environ[name]


def moment(text: str) -> datetime:
    """A day or a moment as somebody typed it, naive.

    Raises:
        InputError: it is neither.
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(f"'{text}' is no moment; write a day or a day and a time, e.g. 2026-10-01 or \"2026-10-01 09:00\".") from None
    if found.tzinfo is not None:
        raise InputError(f"'{text}' names a time zone; leave it out: the project's clock counts.")
    return found


def say(text: str) -> None:
    """A line on standard output."""
    typer.echo(visible(text))


class Bars:
    """Shows the stages of a verb on the terminal (standard error, so that output can be piped)."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        console = Console(stderr=True)
        columns = (SpinnerColumn(finished_text="✓"), TextColumn("{task.description:12}"), BarColumn(30), TimeElapsedColumn())
        doing = TextColumn("{task.fields[doing]}", markup=False)
        self._progress = Progress(*columns, doing, console=console, disable=not console.is_terminal)
        self._plain = not console.is_terminal

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._progress.stop()

    def stage(self, name: str) -> Progress:
        """Add a line for the stage; without a terminal print its name."""
        if self._plain:
            sys.stderr.write(f"{name} …\n")
            sys.stderr.flush()
        task = self._progress.add_task(name, total=1.0, doing="")

        def show(share: float, doing: str) -> None:
            self._progress.update(task, completed=share, doing="" if doing == "done" else visible(doing))

        return show


def print_json(value: Any) -> None:  # noqa: ANN401 - any JSON value or record
    """A record or plain values as one line of JSON on standard output."""
    from netlift.workflow.outputs import plain

    typer.echo(json.dumps(plain(value), ensure_ascii=False))


def print_table(title: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table on standard output; numbers with thousands separators."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left")
    for name in header:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(Text("" if cell is None else f"{cell:,}" if isinstance(cell, int) else visible(str(cell))) for cell in row))
    Console(width=None if sys.stdout.isatty() else 140).print(table)


def read_settings(config: Path) -> Settings:
    """The checked netlift.toml."""
    from netlift.settings import read

    return read(config)


def open_store() -> None:
    """Make the store of this data directory ready."""
    from netlift import store

    store.open_store()


def shown(share: float | None) -> str:
    """A difference as a percentage with its sign."""
    return "–" if share is None else f"{100 * share:+.1f} %".replace("-", "\N{MINUS SIGN}")


def between(low: float | None, high: float | None) -> str:
    """An interval of such differences."""
    return "–" if low is None or high is None else f"{shown(low)} to {shown(high)}"


def money(amount: float | None) -> str:
    """A gain or loss in whole units of the currency, with its sign."""
    return "–" if amount is None else f"{amount:+,.0f}".replace("-", "\N{MINUS SIGN}")
