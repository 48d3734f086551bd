"""Where feature SQL runs: the checked tables stay in DuckDB, or are handed to Spark as Parquet."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from netlift.engine.duck import Engine
from netlift.engine.session import Session, quoted
from netlift.engine.spark import SparkEngine
from netlift.errors import SettingsError
from netlift.settings import EngineSettings


@contextmanager
def computing(settings: EngineSettings, engine: Session, tables: Sequence[str]) -> Iterator[Session]:
    """The session that computes: `engine` itself, or the Spark of the settings with `tables` of DuckDB handed over.

    Raises:
        SettingsError: Spark cannot be reached or started, or the exchange folder cannot be written.
        MissingExtra: pyspark is not installed.
    """
    if settings.name == "duckdb" or not isinstance(engine, Engine):
        yield engine
        return
    with _exchange(settings) as folder, SparkEngine(settings) as spark:
        for name in tables:
            path = folder / f"{name}.parquet"
            engine.write_parquet(f"SELECT * FROM {quoted(name)}", path)
            spark.attach(name, path)
        yield spark


@contextmanager
def _exchange(settings: EngineSettings) -> Iterator[Path]:
    """A new folder that this machine writes and Spark's workers read; it is gone afterwards."""
    parent = settings.exchange
    try:
        made = tempfile.TemporaryDirectory(prefix="netlift-exchange-", dir=parent)
    except OSError as error:
        raise SettingsError(f"engine.exchange '{parent}' cannot be written ({error.strerror}); name a folder that can.") from error
    with made as folder:
        if parent is not None:
            Path(folder).chmod(0o750)  # workers that run as somebody else read it through the folder's group
        yield Path(folder)
