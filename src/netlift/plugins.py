"""Third-party sources, algorithms, checks, channels and estimators, found by entry point."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import Literal, TypeVar, cast

from netlift.errors import SettingsError

Thing = TypeVar("Thing")


def table(kind: Literal["sources", "algorithms", "checks", "channels", "estimators"], built_in: Mapping[str, Thing]) -> dict[str, Thing]:
    """The built-in entries of a table and those that installed packages add under the group `netlift.<kind>`.

    Raises:
        SettingsError: a name is used twice; the message names both.
    """
    entries = dict(built_in)
    for point in entry_points(group=f"netlift.{kind}"):
        if point.name in entries:
            raise SettingsError(
                f"Two of netlift's {kind} are named '{point.name}', one of them from {point.value}; uninstall one of the packages."
            )
        entries[point.name] = cast(Thing, point.load())
    return entries
