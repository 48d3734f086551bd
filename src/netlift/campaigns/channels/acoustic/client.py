"""One operation of the XML API: token, slot, time limits, and which calls may be repeated after which fault."""

from __future__ import annotations

import hashlib
import random
import ssl
import time
from pathlib import Path
from urllib.parse import urlencode
from xml.etree.ElementTree import Element

import httpx

from netlift.campaigns.channels.acoustic import envelope, faults
from netlift.campaigns.channels.acoustic.slots import slot
from netlift.campaigns.channels.acoustic.token import token
from netlift.errors import SettingsError
from netlift.settings import AcousticSettings, data_dir

ATTEMPTS = 5
FIRST_WAIT, LONGEST_WAIT = 1.0, 30.0  # seconds before the second attempt, doubled for each after it
CONNECT = 10.0  # seconds
FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"}
NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class Client:
    """The connection to one organisation; threads may share it."""

    def __init__(self, settings: AcousticSettings) -> None:
        self.settings = settings
        self.folder = home(settings)
        self._http = httpx.Client(timeout=httpx.Timeout(settings.reply_timeout, connect=CONNECT), verify=_trusted(settings))

    def sign_in(self) -> None:
        """Get a token, unless one is kept.

        Raises:
            AuthLost: it is refused.
            Throttled: nobody answers.
        """
        token(self.settings, self._http, self.folder)

    def call(self, operation: str, elements: envelope.Elements, *, repeatable: bool) -> Element:
        """Do one operation; the answer is its RESULT.

        Args:
            operation: its name.
            elements: what is in it.
            repeatable: whether doing it twice is as good as doing it once. Only then it is repeated when its answer is lost.

        Raises:
            Rejected: the platform says that it did not do it.
            Throttled, AuthLost, Malformed: it was not done.
            Ambiguous: not repeatable, and nobody knows whether it was done.
        """
        body = envelope.request(operation, elements)
        refused: str | None = None
        outcome: Element | faults.AcousticError = Element("never asked")
        for attempt in range(ATTEMPTS):
            if attempt and not isinstance(outcome, faults.AuthLost):
                time.sleep(min(LONGEST_WAIT, FIRST_WAIT * 2 ** (attempt - 1)) * random.uniform(0.8, 1.2))  # noqa: S311 -- spreads load
            ticket = token(self.settings, self._http, self.folder, refused=refused)
            outcome = self._once(operation, body, ticket, elements)
            if isinstance(outcome, Element):
                return outcome
            if isinstance(outcome, faults.AuthLost):
                if refused is not None:
                    break  # a new token once
                refused = ticket
                continue
            _give_up(operation, outcome, repeatable=repeatable)
            if isinstance(outcome, faults.Malformed) and refused is None:
                refused = ticket  # an empty body may mean a lost session, too
        raise outcome if isinstance(outcome, faults.AcousticError) else AssertionError

    def close(self) -> None:
        """End the connection."""
        self._http.close()

    def _once(self, operation: str, body: bytes, ticket: str, elements: envelope.Elements) -> Element | faults.AcousticError:
        """One attempt: the RESULT, or why there is none."""
        where = f"Acoustic Campaign at {self.settings.url}"
        try:
            with slot(self.folder, self.settings.connections):
                form = urlencode({"xml": body.decode()}).encode("ascii")
                headers = {**FORM, "Authorization": f"Bearer {ticket}"}
                response = self._http.post(f"{self.settings.url.rstrip('/')}/XMLAPI", content=form, headers=headers)
        except NEVER_SENT as error:
            return faults.Unreached(f"{where} cannot be reached ({type(error).__name__}); check the channel's url, or try later.")
        except httpx.RequestError as error:
            return faults.Malformed(f"{where} broke off before it answered {operation} ({type(error).__name__}); try later.")
        if response.status_code == 401:
            return faults.AuthLost(f"{where} refuses the token it gave; check the account's access.")
        if response.status_code == 429:
            return faults.Throttled(f"{where} is asked too much at once (429 to {operation}); try later.")
        found = envelope.answer(response.content) if response.status_code == 200 else None
        if found is None:
            said = "with an empty body" if not response.content.strip() else "with something else than XML"
            return faults.Malformed(f"{where} answers {operation} {said} (HTTP {response.status_code}); try later.")
        return self._judged(operation, found, elements)

    def _judged(self, operation: str, found: Element, elements: envelope.Elements) -> Element | faults.AcousticError:
        """The RESULT of an envelope, or its fault."""
        if envelope.succeeded(found):
            result = found.find("./Body/RESULT")
            return result if result is not None else Element("RESULT")
        if faults.errorid(found) == faults.SESSION:
            return faults.AuthLost(
                f"Acoustic Campaign at {self.settings.url} says that the session of a fresh token is invalid; try later."
            )
        if found.find("./Body/Fault") is None:
            return faults.Malformed(f"Acoustic Campaign answers {operation} neither with success nor with a fault; try later.")
        return faults.rejected(operation, found, envelope.values(elements))


def _give_up(operation: str, outcome: faults.AcousticError, *, repeatable: bool) -> None:
    """Raise what must not, or need not, be tried again."""
    if isinstance(outcome, faults.Rejected) and (outcome.certain or (not repeatable and outcome.errorid != faults.SERVER_ERROR)):
        raise outcome
    if repeatable or isinstance(outcome, faults.Unreached):
        return
    if isinstance(outcome, faults.Throttled):
        raise outcome  # what this answer means is not documented: it is looked up, too
    raise faults.Ambiguous(f"{outcome} Whether {operation} was done is not known.") from outcome


def home(settings: AcousticSettings) -> Path:
    """The folder of an organisation in the data directory: its token, its slots and the steps of its mailings."""
    name = hashlib.sha256(f"{settings.url}\n{settings.client_id}".encode()).hexdigest()[:12]
    folder = data_dir() / "acoustic" / name
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def _trusted(settings: AcousticSettings) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if settings.ca_file:
        try:
            context.load_verify_locations(settings.ca_file)
        except OSError as error:  # an SSLError is one, too
            raise SettingsError(f"ca_file '{settings.ca_file}' cannot be used ({error}); write the path of a PEM file.") from error
    return context
