"""What an error of the database means to who runs netlift, in one sentence. Codes: PostgreSQL 15, Appendix A."""

from __future__ import annotations

from django.db import Error, InterfaceError, OperationalError, connection

from netlift.errors import Busy, InputError, NetliftError, NoRoom
from netlift.store import database

AWAY = frozenset({"57P01", "57P02", "57P03"})  # admin_shutdown, crash_shutdown, cannot_connect_now; and all of class 08
BY_CODE: tuple[tuple[tuple[str, ...], type[NetliftError], str], ...] = (
    (
        ("40001", "40P01", "55P03"),  # serialization_failure, deadlock_detected, lock_not_available (lock_timeout)
        Busy,
        "Another process changed the same things in the store {where} at this moment; this step changed nothing, so run the command again.",
    ),
    (("53",), NoRoom, "The server of the store {where} has no room left ({words}); free some, then run it again."),
    (("42501",), InputError, "The user of the store {where} lacks a right ({words}); make that user the owner of the database."),
    (("25006",), InputError, "The store {where} can only be read, as on a standby; name the primary server in NETLIFT_DATABASE_URL."),
    (("22001", "22003"), InputError, "The store {where} cannot keep a value ({words}); shorten or correct what was given."),
)
AT_SIGN_IN = {  # what the server or libpq says, as neither gives a code then
    "password authentication failed": "does not take the password of the user '{user}'; give the right one in PGPASSWORD, a passfile or "
    "NETLIFT_DATABASE_PASSWORD_FILE.",
    "no password supplied": "asks for the password of the user '{user}'; give it in PGPASSWORD, a passfile or "
    "NETLIFT_DATABASE_PASSWORD_FILE.",
    'database "{name}" does not exist': "is not there; make it first: createdb -O {user} {name}.",
    'role "{user}" does not exist': "knows no user '{user}'; make it first: createuser -P {user}.",
    "no pg_hba.conf entry": "does not let the user '{user}' in from this machine; add a line to its pg_hba.conf.",
    "too many clients": "has no connection left; end other programs that use it, or raise its max_connections.",
    "too many connections": "has no connection left; end other programs that use it, or raise its limit.",
    "server does not support SSL": "speaks no TLS; switch it on there, or change sslmode in NETLIFT_DATABASE_URL.",
    "certificate": "does not prove who it is; give its authority's certificate as sslrootcert in NETLIFT_DATABASE_URL.",
}


def told(error: BaseException) -> NetliftError | None:
    """The error for people; None where it is not PostgreSQL's, or a fault of netlift itself."""
    if connection.vendor == "sqlite" or not isinstance(error, Error):
        return None
    code, where = _code(error), database.named()
    for codes, kind, text in BY_CODE:
        if code.startswith(codes):
            return kind(text.format(where=where, words=_first_line(error)))
    return InputError(_away(error, where)) if is_lost(error) else None


def is_lost(error: BaseException) -> bool:
    """Whether the database is away: restarted, unreachable, or the connection was cut. A new connection may find it back."""
    if connection.vendor == "sqlite" or not isinstance(error, OperationalError | InterfaceError):
        return False
    code = _code(error)
    return not code or code in AWAY or code.startswith("08")


def _away(error: Error, where: str) -> str:
    settings = connection.settings_dict
    words = {"user": settings["USER"], "name": settings["NAME"]}
    for sign, sentence in AT_SIGN_IN.items():
        if sign.format(**words) in str(error):
            return f"The PostgreSQL database {where} {sentence.format(**words)}"
    return f"The PostgreSQL database {where} does not answer ({_first_line(error)}); see that the server runs, then run it again."


def _code(error: BaseException) -> str:
    """The SQLSTATE; "" where the server gave none, as when it cannot be reached."""
    return getattr(_origin(error), "sqlstate", None) or ""


def _origin(error: BaseException) -> BaseException:
    """The error as the server sent it, below those that Django makes of it; where there is none, the error itself."""
    one: BaseException | None = error
    while one is not None and not getattr(one, "sqlstate", None):
        one = one.__cause__ or one.__context__
    return one or error


def _first_line(error: BaseException) -> str:
    """The server's own words without the statement and the rows that it may quote in further lines."""
    lines = str(_origin(error)).strip().splitlines()
    return lines[0].strip().rstrip(".") if lines else type(error).__name__
