"""What prepare says when the machine fails it; the way itself is in tests/flow."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NoReturn

import pytest

from netlift.engine import Engine
from netlift.errors import SettingsError
from netlift.workflow import prepare


def test_a_full_disk_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """shutil names every file that was not copied; the user is told why, once."""

    def full(*_: object, **__: object) -> NoReturn:
        raise shutil.Error([(f"/data/{n}", f"/out/{n}", f"[Errno 28] No space left on device: '/data/{n}' -> '/out/{n}'") for n in "ab"])

    monkeypatch.setattr(shutil, "copytree", full)
    with pytest.raises(SettingsError) as caught:
        prepare._copy(tmp_path, tmp_path / "out")
    assert str(caught.value) == f"--out '{tmp_path / 'out'}' cannot be written: No space left on device; name another folder."


@pytest.mark.parametrize("columns", [0, 1, prepare.NARROW, prepare.NARROW + 1, 3 * prepare.NARROW])
def test_facts_come_from_another_session_a_few_columns_at_a_time(columns: int) -> None:
    """However many there are, each customer has his own values in their order."""
    names = [f"f {n}" for n in range(columns)]
    with Engine() as engine, Engine() as other:
        made = ", ".join(["CAST(i AS VARCHAR) AS customer_id", *(f'i * 100 + {n} AS "{name}"' for n, name in enumerate(names))])
        other.keep("features", f"SELECT {made} FROM range(50) AS r(i)")
        prepare._bring(engine, other, names)
        found = engine.rows("SELECT * FROM features ORDER BY CAST(customer_id AS INTEGER)")
    assert found == [(str(i), *(i * 100 + n for n in range(columns))) for i in range(50)]
