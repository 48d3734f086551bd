"""Mailboxes that are read: a Maildir, IMAP (RFC 3501) and POP3 (RFC 1939). Nothing is taken out of one but by `remove`."""

from __future__ import annotations

import contextlib
import imaplib
import poplib
import ssl
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from netlift.campaigns.bounces import LONGEST
from netlift.errors import InputError, SettingsError
from netlift.settings import InboxSettings

poplib._MAXLINE = LONGEST  # type: ignore[attr-defined]  # noqa: SLF001 -- 2,048: one mail with a longer line would block all the others


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail, cut where it gets too long to be read; never logged."""

    key: str
    raw: bytes


class Mailbox(Protocol):
    """What reading needs of a mailbox."""

    def letters(self) -> Iterator[Letter]:
        """Every mail, one after the other; the mailbox stays as it is."""

    def remove(self, keys: Sequence[str]) -> None:
        """Take these out for good; call it when what they say is committed."""

    def close(self) -> None:
        """End the session."""


class Maildir:
    """A folder with new, cur and tmp on this machine."""

    def __init__(self, settings: InboxSettings, folder: Path) -> None:
        self._path = folder / Path(settings.path or "")
        if not (self._path / "new").is_dir():
            raise InputError(f"'{self._path}' is no Maildir: it has no folder 'new'; correct path in [inbox].")

    def letters(self) -> Iterator[Letter]:
        """Every mail, the new ones first."""
        for part in ("new", "cur"):
            for path in sorted((self._path / part).glob("[!.]*")):
                try:
                    with path.open("rb") as file:
                        raw = file.read(LONGEST)
                except FileNotFoundError:  # a mail reader moved it meanwhile; it is found the next time
                    continue
                except OSError as error:
                    raise InputError(f"A mail in '{path.parent}' cannot be read ({error.strerror}); give netlift the right to.") from error
                yield Letter(f"{part}/{path.name}", raw)

    def remove(self, keys: Sequence[str]) -> None:
        """Delete the files."""
        for key in keys:
            (self._path / key).unlink(missing_ok=True)

    def close(self) -> None:
        """Nothing is held."""


class Imap:
    """A mailbox on an IMAP server. Mail that is read stays unseen."""

    def __init__(self, settings: InboxSettings, _folder: Path) -> None:
        place = (settings.host, settings.server_port())
        timeout = settings.reply_timeout

        def sign_in() -> imaplib.IMAP4:
            made = (
                imaplib.IMAP4_SSL(*place, ssl_context=ssl.create_default_context(), timeout=timeout)
                if settings.tls
                else imaplib.IMAP4(*place, timeout=timeout)
            )
            try:
                made.login(settings.user or "", settings.password())
                quoted = settings.mailbox.replace("\\", "\\\\").replace('"', '\\"')
                _checked(made.select(f'"{quoted}"'))
            except BaseException:
                made.shutdown()
                raise
            return made

        self._told = _Told(settings)
        self._session = self._told(sign_in)

    def letters(self) -> Iterator[Letter]:
        """Every mail that is not marked as deleted, by UID."""
        (found,) = self._uid("SEARCH", "UNDELETED")
        for uid in (found or b"").split():
            answer = self._uid("FETCH", uid.decode(), f"(BODY.PEEK[]<0.{LONGEST}>)")
            raw = next((part[1] for part in answer if isinstance(part, tuple)), None)
            if raw is not None:  # else it went away meanwhile
                yield Letter(uid.decode(), raw)

    def remove(self, keys: Sequence[str]) -> None:
        """Mark as deleted and expunge exactly these (RFC 4315); a server without that keeps them marked."""
        if not keys:
            return
        which = ",".join(keys)
        self._uid("STORE", which, "+FLAGS.SILENT", r"(\Deleted)")
        (offered,) = self._told(self._session.capability)[1]  # before the sign-in a server offers less
        if b"UIDPLUS" in offered.split():
            self._uid("EXPUNGE", which)

    def close(self) -> None:
        """Sign out; CLOSE is not sent, as it would expunge what others have marked."""
        with contextlib.suppress(imaplib.IMAP4.error, OSError):
            self._session.logout()

    def _uid(self, *command: str) -> list[Any]:
        def step() -> list[Any]:
            return _checked(self._session.uid(*command))

        answer: list[Any] = self._told(step)
        return answer


class Pop3:
    """A mailbox on a POP3 server, which takes mail out when the session ends well."""

    def __init__(self, settings: InboxSettings, _folder: Path) -> None:
        place = (settings.host, settings.server_port())

        def sign_in() -> poplib.POP3:
            made = (
                poplib.POP3_SSL(*place, context=ssl.create_default_context(), timeout=settings.reply_timeout)
                if settings.tls
                else poplib.POP3(*place, timeout=settings.reply_timeout)
            )
            try:
                made.user(settings.user or "")
                made.pass_(settings.password())
            except BaseException:
                made.close()
                raise
            return made

        self._told = _Told(settings)
        self._session = self._told(sign_in)

    def letters(self) -> Iterator[Letter]:
        """Every mail, by its number in this session."""
        for number in range(1, self._told(self._session.stat)[0] + 1):
            lines = self._told(self._session.retr, number)[1]
            yield Letter(str(number), b"\r\n".join(lines)[:LONGEST])

    def remove(self, keys: Sequence[str]) -> None:
        """Mark as deleted; the server does it at the end."""
        for key in keys:
            self._told(self._session.dele, int(key))

    def close(self) -> None:
        """Sign out, with which the marked mails go."""
        with contextlib.suppress(poplib.error_proto, OSError):
            self._session.quit()


MAILBOXES: dict[str, Callable[[InboxSettings, Path], Mailbox]] = {"maildir": Maildir, "imap": Imap, "pop3": Pop3}


def open_mailbox(settings: InboxSettings, folder: Path) -> Mailbox:
    """The mailbox of [inbox], signed in.

    Args:
        settings: where it is.
        folder: what a relative path of a Maildir is relative to.

    Raises:
        InputError: nobody answers, or there is no such mailbox.
        SettingsError: the sign-in is refused, or the server cannot be trusted.
    """
    return MAILBOXES[settings.kind](settings, folder)


class _Told:
    """Runs a step of a session, and tells what goes wrong in one sentence."""

    def __init__(self, settings: InboxSettings) -> None:
        self._where = f"The mailbox on {settings.host}:{settings.server_port()}"

    def __call__(self, step: Callable[..., Any], *given: object) -> Any:  # noqa: ANN401 -- whatever the step answers
        try:
            return step(*given)
        except (ssl.SSLError, ssl.CertificateError) as error:
            raise SettingsError(f"{self._where} has no certificate that can be trusted ({type(error).__name__}).") from error
        except (imaplib.IMAP4.abort, OSError, EOFError) as error:
            raise InputError(
                f"{self._where} does not answer ({type(error).__name__}); check [inbox]. Nothing is lost: read it again."
            ) from error
        except (imaplib.IMAP4.error, poplib.error_proto) as error:
            raise SettingsError(f"{self._where} refused a step; check user, password and mailbox in [inbox].") from error


def _checked(answer: tuple[str, list[Any]]) -> list[Any]:
    """What the server answered.

    Raises:
        IMAP4.error: it refused.
    """
    if answer[0] != "OK":
        raise imaplib.IMAP4.error(answer[0])
    return answer[1]
