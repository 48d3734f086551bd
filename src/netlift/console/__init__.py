"""The console: netlift in the browser, another face of the verbs in `workflow`."""

from netlift.console.server import serve

__all__ = ["serve"]
