"""Text messages by an HTTP interface: Twilio's (and whoever offers the same), and Kannel's sendsms.

Neither has a key against sending twice: what was written to the connection and got no answer is `unknown`. Sources: Twilio
Programmable Messaging, "Create a Message" and "Error and Warning Dictionary"; Kannel User's Guide 1.4.5, chapter 8.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import httpx

from netlift.campaigns.channels import OPTED_OUT
from netlift.campaigns.channels.numbers import INVALID, e164
from netlift.campaigns.messages import CannotWrite, write
from netlift.campaigns.sms_parts import parts_of
from netlift.errors import InputError, SettingsError
from netlift.records import Delivery, Receipt
from netlift.settings import KannelSettings, TextSettings, TwilioSettings

BEFORE = "no connection to the provider"
AFTER = "connection lost after the message was sent and before the provider's answer"
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
IDLE = 2.0  # seconds after which a connection is not used again: one that the provider closed meanwhile would lose a message
DLR = 31  # what Kannel tells: delivered, undelivered, queued, taken or refused by the centre
STATUS = "{url}?status=%d&id=%F"  # Kannel fills in what became of the message, and the centre's number of it

logging.getLogger("httpx").setLevel(logging.WARNING)  # it tells whole addresses, and Kannel's hold numbers and the password

Post = Callable[[httpx.Client, "Text"], Receipt]
Committing = Callable[[Sequence[Delivery]], frozenset[int]]


@dataclass(frozen=True, slots=True)
class Text:
    """A message that is ready for the wire."""

    delivery: Delivery
    to: str
    body: str


class Texts:
    """The channels `twilio` and `kannel`: as many requests at the same time as `connections` says."""

    address_field = "phone"

    def __init__(self, settings: TextSettings, post: Post, probe: Callable[[httpx.Client], None]) -> None:
        self._settings, self._post, self._probe = settings, post, probe
        limits = httpx.Limits(max_connections=settings.connections, keepalive_expiry=IDLE)
        self._client = httpx.Client(timeout=settings.reply_timeout, limits=limits, follow_redirects=False, trust_env=False)
        self._threads = ThreadPoolExecutor(settings.connections, thread_name_prefix="texts")

    def problem(self, address: str) -> str | None:
        """Why nothing can be sent to this number; None = it looks right."""
        return None if e164(address, self._settings.country) else INVALID

    def open(self) -> None:
        """See whether the provider answers and takes the account.

        Raises:
            InputError: it does not answer.
            SettingsError: it refuses the account.
        """
        try:
            self._probe(self._client)
        except httpx.HTTPError as error:
            raise InputError(f"The provider of texts does not answer ({type(error).__name__}); nothing was sent.") from error

    def send(self, batch: Sequence[Delivery], committing: Committing) -> Iterator[Receipt]:
        """Hand over messages, some at the same time; see `Channel.send`."""
        for first in range(0, len(batch), self._settings.connections):
            ready: list[Text] = []
            for delivery in batch[first : first + self._settings.connections]:
                try:
                    ready.append(self._written(delivery))
                except CannotWrite as error:  # the contact data were changed after the launch
                    yield Receipt(delivery.delivery_id, "failed", str(error))
            may = committing([one.delivery for one in ready]) if ready else frozenset()
            yield from self._threads.map(self._handed_over, [one for one in ready if one.delivery.delivery_id in may])
            if len(may) < len(ready):
                return

    def close(self) -> None:
        """End the connections."""
        self._client.close()
        self._threads.shutdown()

    def _written(self, delivery: Delivery) -> Text:
        to = e164(delivery.address, self._settings.country)
        if to is None:
            raise CannotWrite(INVALID)
        body = write(delivery.message, delivery.fields, unsubscribe_url=delivery.unsubscribe_url).text
        if parts_of(body).parts > self._settings.most_parts:
            raise CannotWrite(f"longer than {self._settings.most_parts} parts")
        return Text(delivery, to, body)

    def _handed_over(self, text: Text) -> Receipt:
        number = text.delivery.delivery_id
        try:
            return self._post(self._client, text)
        except NOT_SENT:
            return Receipt(number, "retry", BEFORE)
        except httpx.HTTPError:
            return Receipt(number, "unknown", AFTER)


def twilio(settings: TwilioSettings) -> Texts:
    """The channel `twilio`."""
    account = f"{settings.url.rstrip('/')}/2010-04-01/Accounts/{settings.account}"

    def auth() -> tuple[str, str]:
        return settings.account, settings.token() or ""

    def probe(client: httpx.Client) -> None:
        answer = client.get(f"{account}.json", auth=auth())
        if answer.status_code in {401, 403}:
            raise SettingsError(f"The provider of texts refuses the account {settings.account} ({answer.status_code}); correct its token.")

    def post(client: httpx.Client, text: Text) -> Receipt:
        form = {"To": text.to, "From": settings.sender, "Body": text.body}
        if text.delivery.status_url:
            form["StatusCallback"] = text.delivery.status_url
        answer = client.post(f"{account}/Messages.json", data=form, auth=auth())
        return _of_twilio(text.delivery.delivery_id, answer)

    return Texts(settings, post, probe)


def kannel(settings: KannelSettings) -> Texts:
    """The channel `kannel`."""

    def probe(client: httpx.Client) -> None:
        answer = client.get(settings.url, params=_signed_in(settings))  # without a recipient: refused, but not for the password
        if answer.status_code == 403:
            raise SettingsError(f"Kannel refuses the sendsms user '{settings.user}'; correct user or password.")

    def post(client: httpx.Client, text: Text) -> Receipt:
        coding = "2" if parts_of(text.body).alphabet == "UCS-2" else "0"
        asked = {"to": text.to, "from": settings.sender, "text": text.body, "charset": "UTF-8", "coding": coding}
        if text.delivery.status_url:
            asked |= {"dlr-mask": str(DLR), "dlr-url": STATUS.format(url=text.delivery.status_url)}
        return _of_kannel(text.delivery.delivery_id, client.get(settings.url, params={**_signed_in(settings), **asked}))

    return Texts(settings, post, probe)


def _signed_in(settings: KannelSettings) -> dict[str, str]:
    return {"username": settings.user, "password": settings.password() or ""}


def _of_twilio(number: int, answer: httpx.Response) -> Receipt:
    told = _json(answer)
    if answer.status_code in {200, 201} and told.get("sid"):
        return Receipt(number, "accepted", f"{answer.status_code} {_word(told['sid'])} {_word(told.get('status', ''))}".strip())
    code = _word(told.get("code", ""))
    if answer.status_code == 400 and code == "21610":
        return Receipt(number, "failed", OPTED_OUT)
    return _refused(number, answer.status_code, f"{answer.status_code} {code}".strip())


def _of_kannel(number: int, answer: httpx.Response) -> Receipt:
    told = " ".join(_word(word) for word in answer.text[:80].split())
    if answer.status_code == 202 and told[:1] in {"0", "3"}:
        return Receipt(number, "accepted", f"202 {told}")
    return _refused(number, answer.status_code, f"{answer.status_code} {told}")


def _refused(number: int, code: int, told: str) -> Receipt:
    """4xx is certain; so are 429 and 503, for now; of any other answer nobody can know."""
    if code in {401, 403, 408, 429, 503}:
        return Receipt(number, "retry", told)
    return Receipt(number, "failed" if 400 <= code < 500 else "unknown", told)


def _json(answer: httpx.Response) -> Mapping[str, object]:
    try:
        told = answer.json()
    except (json.JSONDecodeError, UnicodeDecodeError):
        return {}
    return told if isinstance(told, dict) else {}


def _word(value: object) -> str:
    """A word of the provider's that can hold no number and no text of anybody."""
    text = str(value)[:40]
    return text if sum(c.isdigit() for c in text) < 7 or text[:2].isalpha() else "…"
