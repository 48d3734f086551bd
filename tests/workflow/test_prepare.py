"""What prepare says when the machine fails it; the way itself is in tests/flow."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import NoReturn

import pytest

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
