"""Tests on the shared data are not collected where it is not at hand."""

from __future__ import annotations

from tests.conftest import SHARED

collect_ignore = [] if SHARED.exists() else ["test_targets_of_real_campaigns.py"]
