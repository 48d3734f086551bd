"""The console: netlift in the browser, another face of the verbs in `workflow`."""

import netlift.store as _store  # noqa: F401 -- sets Django up, which every module here needs
from netlift.console.server import serve

__all__ = ["serve"]
