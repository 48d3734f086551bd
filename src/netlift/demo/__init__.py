"""The demo: the whole way on real shopping data, without an account or a service."""

from netlift.demo.run import demo

__all__ = ["demo"]
