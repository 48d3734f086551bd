"""Every error netlift raises on purpose.

    NetliftError                  exit code 1
    ├── InputError                what the user gave is wrong: a file, a setting, a value
    │   ├── SettingsError         netlift.toml
    │   ├── SourceError           a table that cannot be read, or is refused as a whole
    │   ├── ExpressionError       a derive, where or feature expression
    │   └── NotEnoughData         too few customers, contacts or days for what was asked
    ├── MissingExtra              an optional package is needed for what was asked
    ├── NotFound                  no such run, plan, user
    ├── NoRoom                    this machine has too little memory or disk for what was asked
    ├── Busy                      somebody else holds what is needed; try again
    └── Refused                   policy, approval or permission says no: exit code 3

Each message is one sentence: what was found (with the value), what was expected, what to do.
"""

from __future__ import annotations


class NetliftError(Exception):
    """Base of all errors raised on purpose; `exit_code` is what the command line returns."""

    exit_code = 1


class InputError(NetliftError):
    """Something the user gave is wrong."""


class SettingsError(InputError):
    """netlift.toml, or a value in it, is wrong."""


class SourceError(InputError):
    """A table cannot be read, or is refused as a whole."""


class ExpressionError(InputError):
    """A user's SQL expression is outside the common subset or names an unknown column."""


class NotEnoughData(InputError):
    """The data are too few for what was asked; the message says how many are missing."""


class MissingExtra(NetliftError):
    """An optional package is not installed."""

    def __init__(self, extra: str, purpose: str) -> None:
        super().__init__(f"{purpose} needs the extra '{extra}', which is not installed: pip install 'netlift[{extra}]'.")


class NotFound(NetliftError):
    """No run, plan or user with that name."""


class NoRoom(NetliftError):
    """Memory or disk of this machine do not suffice."""


class Busy(NetliftError):
    """Another process holds what is needed."""


class Refused(NetliftError):
    """Policy, approval or permission says no."""

    exit_code = 3
