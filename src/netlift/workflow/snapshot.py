"""A run's records on disk, so that a later verb can go on where an earlier one stopped. JSON and arrays, never pickle."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np

from netlift import records


def save(record: Any, path: Path) -> None:  # noqa: ANN401 - any record
    """Write a record of `netlift.records` to `path` (.npz): its numbers as arrays, all else as JSON."""
    arrays: dict[str, Any] = {}
    body = json.dumps(_plain(record, arrays), ensure_ascii=False)
    np.savez_compressed(path, body=np.array(body), **arrays)


def load(path: Path) -> Any:  # noqa: ANN401 - any record
    """Read what `save` wrote."""
    with np.load(path, allow_pickle=False) as file:
        return _record(json.loads(str(file["body"])), file)


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


def _record(value: Any, file: Any) -> Any:  # noqa: ANN401, PLR0911 - a line per kind of value
    if isinstance(value, list):
        return tuple(_record(item, file) for item in value)
    if not isinstance(value, dict):
        return value
    if "record" in value:
        return getattr(records, value["record"])(**{name: _record(item, file) for name, item in value["fields"].items()})
    if "pairs" in value:
        return {key: _record(item, file) for key, item in value["pairs"]}
    if "numbers" in value:
        return file[value["numbers"]]
    if "texts" in value:
        texts = file[value["texts"]].astype(object)
        texts[file[value["texts"] + "_none"]] = None
        return texts
    return _time(value)


def _time(value: dict[str, str]) -> date:
    return datetime.fromisoformat(value["moment"]) if "moment" in value else date.fromisoformat(value["day"])
