"""Where the shared data are not at hand, the tests on them are not collected."""

from __future__ import annotations

from tests.segments import getallmart

collect_ignore = [] if getallmart.FILE.exists() else ["test_getallmart_insight.py"]
