"""A strict stand-in for Acoustic Campaign on this machine: OAuth tokens, XML API and SFTP. It shares no code with the channel."""

from netlift.errors import MissingExtra

try:
    from netlift.campaigns.testing.acoustic.organisation import Contact
    from netlift.campaigns.testing.acoustic.server import CLIENT, COLUMNS, DATABASE, PASSWORD, TEMPLATE, USER, Acoustic
except ImportError as error:
    raise MissingExtra("acoustic", "The stand-in for Acoustic Campaign (package asyncssh)") from error

__all__ = ["CLIENT", "COLUMNS", "DATABASE", "PASSWORD", "TEMPLATE", "USER", "Acoustic", "Contact"]
