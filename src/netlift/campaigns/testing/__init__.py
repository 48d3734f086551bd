"""Receivers on this machine that stand in for the real ones: for trying things out and for tests.

Each needs its channel's optional packages, so `acoustic` is imported by its own name: `netlift.campaigns.testing.acoustic`.
"""

from netlift.campaigns.testing.mail import FastSink, Sink

__all__ = ["FastSink", "Sink"]
