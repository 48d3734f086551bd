"""What all tests share: a store of their own, and nobody's environment."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"
# what reads the data beside the repository lies in files of this name, which are no tests where those data are not
collect_ignore_glob = [] if SHARED.exists() else ["**/test_shared_*.py"]


@pytest.fixture(autouse=True)
def own_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the user's store or name."""
    monkeypatch.setenv("NETLIFT_DATA_DIR", str(tmp_path / "netlift"))
    monkeypatch.delenv("NETLIFT_USER", raising=False)
