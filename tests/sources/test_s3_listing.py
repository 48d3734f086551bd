"""What a path in a bucket names, without asking a server."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netlift.errors import SettingsError
from netlift.sources.area import Landed
from netlift.sources.s3_listing import Found, _hidden, _pattern, address, suffix

PART = st.text(st.characters(exclude_characters="/*?"), min_size=1)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("s3://bucket", ("bucket", "")),
        ("s3://bucket/", ("bucket", "")),
        ("s3://my.bucket-1/a/b.csv", ("my.bucket-1", "a/b.csv")),
        ("s3://bucket/a/", ("bucket", "a/")),
        ("s3://bucket/a b/**/*.parquet", ("bucket", "a b/**/*.parquet")),
    ],
)
def test_a_path_is_a_bucket_and_a_key(path: str, expected: tuple[str, str]) -> None:
    """The bucket is the part after s3://, the key all that follows."""
    assert address(path, "customers") == expected


@pytest.mark.parametrize(
    "path", [None, "", "bucket/a", "s3:/bucket/a", "s3://b/a", "s3://bucket/../a", "s3://bucket/a/./b", "s3://bucket//a", "s3://a_/b"]
)
def test_other_paths_are_refused(path: str | None) -> None:
    """No bucket, an impossible bucket, an empty part, dots: refused with an example or the reason."""
    with pytest.raises(SettingsError, match=r"tables\.customers\.path is"):
        address(path, "customers")


@pytest.mark.parametrize(
    ("glob", "key", "fits"),
    [
        ("a/*.csv", "a/b.csv", True),
        ("a/*.csv", "a/b/c.csv", False),
        ("a/*.csv", "a/b.csv.gz", False),
        ("a/**/*.csv", "a/c.csv", True),
        ("a/**/*.csv", "a/b/b/c.csv", True),
        ("a/**", "a/b/c", True),
        ("a/?.csv", "a/b.csv", True),
        ("a/?.csv", "a/bb.csv", False),
        ("a/dt=*/x.csv", "a/dt=2026-01-01/x.csv", True),
        ("a.b/*", "axb/c", False),
        ("a/[x]*", "a/[x]1", True),
        ("*", "line\nend", True),
    ],
)
def test_globs(glob: str, key: str, *, fits: bool) -> None:
    """One star stays in its folder, two stars do not; every other sign stands for itself."""
    assert bool(_pattern(glob).fullmatch(key)) == fits


@given(st.lists(PART, min_size=1, max_size=4))
def test_a_glob_without_marks_is_its_own_key(parts: list[str]) -> None:
    """Whatever signs a key holds, as a glob it fits itself and nothing longer."""
    key = "/".join(parts)
    assert _pattern(key).fullmatch(key)
    assert not _pattern(key).fullmatch(key + "x")
    assert re.fullmatch(_pattern("/".join("*" for _ in parts)), key)


@pytest.mark.parametrize(
    ("key", "kind", "expected"),
    [
        ("a/B.CSV", None, ".csv"),
        ("a.csv.gz", None, ".csv.gz"),
        ("a.parquet", "csv", ".parquet"),
        ("export", "csv", ".csv"),
        ("export.gz", "csv", ".csv.gz"),
        ("part-0", "parquet", ".parquet"),
    ],
)
def test_the_suffix_says_what_a_file_is(key: str, kind: str | None, expected: str) -> None:
    """The key's own ending counts, else the table's format."""
    assert suffix(key, kind) == expected


def test_a_key_that_does_not_say_what_it_is() -> None:
    """Without ending and format the key is named."""
    with pytest.raises(SettingsError, match=r"'export' does not say by its name what it is; write the table's format"):
        suffix("export", None)


@pytest.mark.parametrize(
    ("below", "hidden"), [("/a.csv", False), ("/_SUCCESS", True), ("/_temporary/a.csv", True), ("/x/.a.crc", True), ("a_.csv", False)]
)
def test_what_a_writer_hides(below: str, *, hidden: bool) -> None:
    """Marks of writers are no rows of the table."""
    assert _hidden(below) == hidden


def test_any_difference_makes_an_object_new() -> None:
    """Size, etag and time must all be those of what landed."""
    found = Found("a", 1, "e", "2026-01-01T00:00:00+00:00")
    landed = Landed(key="a", file="a-1.csv", size=1, sha256="", fetched_at="", etag="e", last_modified="2026-01-01T00:00:00+00:00")
    assert found.landed_as(landed)
    assert not found.landed_as(None)
    assert not Found("a", 2, "e", found.last_modified).landed_as(landed)
    assert not Found("a", 1, None, found.last_modified).landed_as(landed)
    assert not Found("a", 1, "e", "2026-01-01T00:00:00.001000+00:00").landed_as(landed)
