"""The public surface: small, sorted, and light to import."""

from __future__ import annotations

import subprocess
import sys

import pytest

import netlift
from netlift import plugins
from netlift.errors import NetliftError, SettingsError


def test_everything_promised_can_be_imported() -> None:
    """`__all__` is sorted and each name is there."""
    assert sorted(netlift.__all__) == netlift.__all__
    assert all(callable(getattr(netlift, name)) for name in netlift.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = netlift.nothing


@pytest.mark.parametrize("module", ["netlift", "netlift.cli"])
def test_importing_stays_light(module: str) -> None:
    """Neither the package nor the command line imports anything heavy before a command runs."""
    heavy = "{'duckdb', 'sklearn', 'scipy', 'django', 'pyarrow', 'pandas', 'numpy', 'vl_convert', 'pydantic'}"
    code = f"import sys, {module}; print(sorted({heavy} & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_every_error_says_its_exit_code() -> None:
    """1 for wrong input, 3 for a refusal, nothing else."""

    def tree(kind: type[NetliftError]) -> list[type[NetliftError]]:
        return [kind, *(deep for sub in kind.__subclasses__() for deep in tree(sub))]

    assert {kind.exit_code for kind in tree(NetliftError)} == {1, 3}


def test_a_plugin_may_not_take_a_name_that_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two entries of one name are an error that names both."""

    class Point:
        name, value = "smtp", "other.package:Channel"

    monkeypatch.setattr(plugins, "entry_points", lambda **_given: [Point()])
    with pytest.raises(SettingsError, match=r"Two of netlift's channels are named 'smtp', one of them from other.package:Channel"):
        plugins.table("channels", {"smtp": object()})
