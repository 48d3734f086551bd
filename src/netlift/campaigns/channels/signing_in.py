"""Connecting to a mail server and signing in; whatever goes wrong is one sentence."""

from __future__ import annotations

import smtplib
import socket
import ssl
import time

from netlift.campaigns.channels.session import Session
from netlift.errors import InputError, SettingsError
from netlift.settings import ChannelSettings


def connected(settings: ChannelSettings, *, tries: int = 1, pause: float = 0.0) -> Session:
    """A session that is ready for messages.

    Args:
        settings: where the server is, and who signs in.
        tries: how often to try where nobody answers.
        pause: seconds between two tries.

    Raises:
        InputError: no mail server answers.
        SettingsError: it refuses the sign-in or has no encryption.
    """
    where = f"{settings.host}:{settings.port}"
    for attempt in range(1, tries + 1):
        try:
            session = Session(settings.host, settings.port, local_hostname=socket.gethostname(), timeout=settings.reply_timeout)
        except (OSError, smtplib.SMTPException) as error:
            if attempt < tries:
                time.sleep(pause)
                continue
            told = (
                f"No mail server answers at {where} ({error}); check host and port of the channel. Nothing is lost: launch again to go on."
            )
            raise InputError(told) from error
        try:
            _sign_in(session, settings, where)
        except BaseException:
            session.close()
            raise
        return session
    raise AssertionError("unreachable")


def _sign_in(session: Session, settings: ChannelSettings, where: str) -> None:
    try:
        session.ehlo_or_helo_if_needed()
        if settings.tls:
            session.encrypt(ssl.create_default_context())
        if settings.user is not None:
            session.login(settings.user, settings.password() or "")
        session.signed_in()
    except smtplib.SMTPAuthenticationError as error:
        told = (
            f"The mail server {where} refused the sign-in of '{settings.user}' ({error.smtp_code}); check user and password of the channel."
        )
        raise SettingsError(told) from error
    except smtplib.SMTPNotSupportedError as error:
        told = f"The mail server {where} cannot do what the channel asks for: {error}"
        raise SettingsError(told) from error
    except ssl.SSLError as error:
        raise SettingsError(f"The mail server {where} has no certificate that can be trusted: {error.reason}.") from error
    except (OSError, smtplib.SMTPException) as error:
        raise InputError(
            f"The mail server {where} broke off before the first message ({type(error).__name__}); try again later."
        ) from error
