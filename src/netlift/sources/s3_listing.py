"""The objects of a bucket that a key, a folder or a glob names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING

from netlift.errors import SettingsError, SourceError
from netlift.sources.area import Landed
from netlift.sources.files import SUFFIXES
from netlift.sources.s3_store import Bucket

if TYPE_CHECKING:
    from obstore import ObjectMeta


@dataclass(frozen=True, slots=True)
class Found:
    """An object as the store describes it."""

    key: str
    size: int
    etag: str | None  # juicefs may give none
    last_modified: str  # ISO 8601, UTC

    def landed_as(self, entry: Landed | None) -> bool:
        """Whether this is what was fetched."""
        return entry is not None and (self.size, self.etag, self.last_modified) == (entry.size, entry.etag, entry.last_modified)


def address(path: str | None, name: str) -> tuple[str, str]:
    """The bucket, and the key, folder or glob in it."""
    if not path:
        raise SettingsError(f'netlift.toml: tables.{name}.path is missing; write e.g. "s3://bucket/folder/*.parquet".')
    match = re.fullmatch(r"s3://([A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9])(?:/(.*))?", path, re.DOTALL)
    if not match:
        raise SettingsError(
            f"tables.{name}.path is '{path}', and source 's3' reads e.g. \"s3://bucket/folder/*.parquet\", where a bucket's name has"
            " 3 to 63 letters, digits, dots and dashes."
        )
    key = match[2] or ""
    if any(part in {"", ".", ".."} for part in key.rstrip("/").split("/")) and key:
        raise SettingsError(f"tables.{name}.path is '{path}', and a path in a bucket has no empty part, '.' or '..'.")
    return match[1], key


def listed(bucket: Bucket, path: str) -> list[Found]:
    """The objects that a key, a folder or a glob names, in the order of their keys.

    Raises:
        SourceError: there are none, or the store says no.
    """
    import obstore  # noqa: PLC0415 - optional

    parts = path.split("/")
    globbed = next((i for i, part in enumerate(parts) if set(part) & set("*?")), None)
    if globbed is None and path and not path.endswith("/") and (single := _single(bucket, path)):
        return [single]
    prefix = path.strip("/") if globbed is None else "/".join(parts[:globbed])
    with bucket.asked(prefix):
        found = [described(meta) for page in obstore.list(bucket.store, prefix or None) for meta in page]
    found = [f for f in found if not _hidden(f.key.removeprefix(prefix))]
    if globbed is None:
        found = [f for f in found if _known_suffix(f.key)]
        expected = f"no object named {', '.join('*' + s for s in SUFFIXES)}"
    else:
        pattern = _pattern(path)
        found = [f for f in found if pattern.fullmatch(f.key)]
        expected = "no object of that pattern"
    if not found:
        raise SourceError(f"'{bucket.place(path)}' holds {expected}; look at the path.")
    return sorted(found, key=lambda f: f.key)


def _single(bucket: Bucket, key: str) -> Found | None:
    """The object with exactly this key; asked by GET, as the answer to HEAD does not say what is wrong."""
    import obstore  # noqa: PLC0415 - optional

    with bucket.asked(key):
        try:
            return described(obstore.get(bucket.store, key).meta)
        except FileNotFoundError:
            return None


def described(meta: ObjectMeta) -> Found:
    """The store's words about an object, in ours."""
    return Found(meta["path"], meta["size"], meta["e_tag"] or None, meta["last_modified"].astimezone(UTC).isoformat())


def _hidden(below: str) -> bool:
    """Whether a writer marks the object as not of the table (_SUCCESS, _temporary/, .crc)."""
    return any(part.startswith((".", "_")) for part in below.split("/"))


def _pattern(glob: str) -> re.Pattern[str]:
    """`*` and `?` stay within a folder, `**/` is any number of folders."""
    marks = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", glob)
    return re.compile("".join(marks.get(part) or re.escape(part) for part in parts), re.DOTALL)


def _known_suffix(key: str) -> str | None:
    return max((s for s in SUFFIXES if key.lower().endswith(s)), key=len, default=None)


def suffix(key: str, kind: str | None) -> str:
    """What the landed file's name ends with, so that it is read as what it is."""
    known = _known_suffix(key)
    if known:
        return known
    if kind is None:
        raise SettingsError(f"'{key}' does not say by its name what it is; write the table's format = {{ kind = \"csv\" }}.")
    return f".{kind}" + (".gz" if key.lower().endswith(".gz") else "")
