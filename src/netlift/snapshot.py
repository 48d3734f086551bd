"""Records on disk, so that a later verb can go on where an earlier one stopped. JSON and arrays, never pickle."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import IO, Any

import numpy as np

from netlift import records


def save(record: Any, path: Path | IO[bytes]) -> None:  # noqa: ANN401 - any record
    """Write a record to `path` (.npz): its numbers as arrays, all else as JSON. Equal records make equal bytes."""
    arrays: dict[str, Any] = {}
    body = json.dumps(_plain(record, arrays), ensure_ascii=False)
    np.savez_compressed(path, body=np.array(body), **arrays)


def load(path: Path | IO[bytes], kinds: Iterable[type] = ()) -> Any:  # noqa: ANN401 - any record
    """Read what `save` wrote: records of `netlift.records`, and of the other classes that may be in it."""
    known = {**vars(records), **{kind.__name__: kind for kind in kinds}}
    with np.load(path, allow_pickle=False) as file:
        return _Reader(file, known).record(json.loads(str(file["body"])))


def _plain(value: Any, arrays: dict[str, Any]) -> Any:  # noqa: ANN401, PLR0911 - a line per kind of value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: _plain(getattr(value, f.name), arrays) for f in dataclasses.fields(value)}
        return {"record": type(value).__name__, "fields": fields}
    if isinstance(value, np.ndarray):
        return _array(value, arrays)
    if isinstance(value, datetime):
        return {"moment": value.isoformat()}
    if isinstance(value, date):
        return {"day": value.isoformat()}
    if isinstance(value, Mapping):
        return {"pairs": [[key, _plain(item, arrays)] for key, item in value.items()]}
    if isinstance(value, tuple | list):
        return [_plain(item, arrays) for item in value]
    return value.item() if isinstance(value, np.generic) else value


def _array(value: Any, arrays: dict[str, Any]) -> dict[str, str]:  # noqa: ANN401
    key = f"a{len(arrays)}"
    if value.dtype != object:
        arrays[key] = value
        return {"numbers": key}
    arrays[key] = np.array(["" if item is None else str(item) for item in value], dtype=str)
    arrays[key + "_none"] = np.array([item is None for item in value], dtype=bool)
    return {"texts": key}


@dataclasses.dataclass(frozen=True, slots=True)
class _Reader:
    file: Any  # of numpy
    known: Mapping[str, Any]

    def record(self, value: Any) -> Any:  # noqa: ANN401, PLR0911 - a line per kind of value
        if isinstance(value, list):
            return tuple(self.record(item) for item in value)
        if not isinstance(value, dict):
            return value
        if "record" in value:
            return self.known[value["record"]](**{name: self.record(item) for name, item in value["fields"].items()})
        if "pairs" in value:
            return {key: self.record(item) for key, item in value["pairs"]}
        if "numbers" in value:
            return self.file[value["numbers"]]
        if "texts" in value:
            texts = self.file[value["texts"]].astype(object)
            texts[self.file[value["texts"] + "_none"]] = None
            return texts
        return _time(value)


def _time(value: dict[str, str]) -> date:
    return datetime.fromisoformat(value["moment"]) if "moment" in value else date.fromisoformat(value["day"])
