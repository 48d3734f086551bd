"""Fewer copies in the structure test; tests on the shared data are not collected where it is not at hand."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from netlift.segments import structure
from tests.segments import getallmart

collect_ignore = [] if getallmart.FILE.exists() else ["test_getallmart_insight.py"]


@pytest.fixture(scope="module", autouse=True)
def _nineteen_copies() -> Iterator[None]:
    """The same rule with a coarser p: at .05 the customers must beat all nineteen."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(structure, "COPIES", 19)
        yield
