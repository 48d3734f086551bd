"""E-mail over several SMTP sessions at the same time, driven so that the ledger knows when bodies go on the wire.

In each round every session hands over one body and announces its next message, so a message costs one round trip, and the
ledger one commit for all. SMTP has no exactly-once: between a body and the server's answer nobody can know. What is lost there
is `unknown`; everything refused before it is certain.
"""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

from netlift.campaigns import dkim
from netlift.campaigns.channels.addresses import on_the_wire
from netlift.campaigns.channels.session import LOST, Envelope, Session
from netlift.campaigns.channels.signing_in import connected
from netlift.campaigns.messages import CannotWrite
from netlift.campaigns.mime import Skeleton, letter, skeleton
from netlift.errors import InputError, NetliftError
from netlift.records import Delivery, Message, Receipt
from netlift.settings import ChannelSettings

WRITERS, SIGNED = 2, 8  # threads that sign, and messages that each signs at a time
CONNECT_TRIES, CONNECT_PAUSE = 3, 1.0  # tries; seconds between them
RETURN_PATH = re.compile(r"[!-;=?-~]+@[!-;=?-~]+")
FEWER = 60.0  # seconds for which no further session is tried after the server refused one
BEFORE = "connection lost before the message was sent"
AFTER = "connection lost after the message was sent and before the server's answer"
NO_UTF8 = "the mail server takes no addresses beyond ASCII (SMTPUTF8)"

Committing = Callable[[Sequence[Delivery]], frozenset[int]]


@dataclass(slots=True)
class Prepared:
    """A message that is ready for the wire, and later the session it goes through."""

    delivery: Delivery
    envelope: Envelope
    body: bytes


Written = Prepared | Receipt  # a message, or why there is none


@dataclass(slots=True)
class Work:
    """One batch on its way."""

    left: deque[Delivery]
    writing: deque[Future[list[Written]]]  # being signed by other threads
    ahead: deque[Prepared]  # made while the server was thinking
    done: list[Receipt]

    def stop(self) -> None:
        """Begin nothing more."""
        for waiting in (self.left, self.writing, self.ahead):
            waiting.clear()

    def taken(self) -> list[Receipt]:
        """The receipts so far, each told once."""
        found, self.done = self.done, []
        return found


class Smtp:
    """The channel `smtp`."""

    address_field = "email"

    def __init__(self, settings: ChannelSettings) -> None:
        self._settings = settings
        self._sessions: list[Session] = []
        self._no_more_until = 0.0
        self._skeletons: dict[Message, Skeleton] = {}
        self._signers: tuple[dkim.Signer, ...] | None = None
        self._writers = ThreadPoolExecutor(WRITERS, thread_name_prefix="letters")

    def problem(self, address: str) -> str | None:
        """Why nothing can be sent to this address; None = it looks right."""
        return on_the_wire(address)[1]

    def open(self) -> None:
        """Connect and sign in, unless that was done, and read the keys.

        Raises:
            InputError: no mail server answers.
            SettingsError: it refuses the sign-in or has no encryption, or a DKIM key cannot be used.
        """
        self._keys()
        if not self._sessions:
            self._sessions.append(self._first())

    def send(self, batch: Sequence[Delivery], committing: Committing) -> Iterator[Receipt]:
        """Hand over messages, as many at a time as there are sessions; see `Channel.send`."""
        for message in dict.fromkeys(delivery.message for delivery in batch):
            self._skeleton(message)  # what is wrong with a message is told before anything is on the wire
        try:
            yield from self._send(Work(deque(batch), deque(), deque(), []), committing)
        except BaseException:
            for session in list(self._sessions):  # some may wait for a body: nothing else may ever be said to them
                self._drop(session)
            raise

    def close(self) -> None:
        """Say good-bye, where somebody still listens."""
        for session in self._sessions:
            session.leave()
        self._sessions.clear()
        self._writers.shutdown(cancel_futures=True)

    def _send(self, work: Work, committing: Committing) -> Iterator[Receipt]:
        ready: dict[Session, Prepared] = {}  # the server waits for these bodies
        while True:
            if not ready:
                self._prepare(work, self._settings.connections)
                yield from work.taken()
                if not work.ahead:
                    return
            sessions = self._enough(len(ready) + len(work.ahead), ready)
            may = committing([one.delivery for one in ready.values()]) if ready else frozenset()
            stopped = any(one.delivery.delivery_id not in may for one in ready.values())
            if stopped:
                self._take_back(ready, may)
                work.stop()
            ready = self._round([s for s in sessions if s in self._sessions], ready, work)
            yield from work.taken()
            if stopped:
                return

    def _take_back(self, ready: dict[Session, Prepared], may: frozenset[int]) -> None:
        """Nothing but a lost connection takes an announced message back."""
        for session, one in list(ready.items()):
            if one.delivery.delivery_id not in may:
                self._drop(session)
                del ready[session]

    # --- messages ------------------------------------------------------------------------------------------------------

    def _prepare(self, work: Work, number: int) -> None:
        """Have that many messages ready, as far as there are some; what cannot be written has failed.

        Other threads sign: that is most of the time, and needs no interpreter lock.
        """
        if self._keys():
            while work.left and len(work.writing) * SIGNED < 3 * number:
                work.writing.append(self._writers.submit(self._written, _taken(work.left, SIGNED)))
        while len(work.ahead) < number and (work.writing or work.left):
            for one in work.writing.popleft().result() if work.writing else self._written(_taken(work.left, number)):
                if isinstance(one, Receipt):
                    work.done.append(one)
                else:
                    work.ahead.append(one)

    def _written(self, deliveries: Sequence[Delivery]) -> list[Written]:
        found: list[Written] = []
        for delivery in deliveries:
            try:
                found.append(self._prepared(delivery))
            except (CannotWrite, InputError) as error:  # the contact data were changed after the launch
                found.append(Receipt(delivery.delivery_id, "failed", str(error)))
        return found

    def _prepared(self, delivery: Delivery) -> Prepared:
        address, problem = on_the_wire(delivery.address)
        if problem:
            raise CannotWrite(problem)
        of = self._skeleton(delivery.message)
        sender = delivery.return_path or of.sender
        if not RETURN_PATH.fullmatch(sender):
            raise CannotWrite("the return path is no address")
        return Prepared(delivery, Envelope(sender, address), letter(of, delivery, to=address))

    def _skeleton(self, message: Message) -> Skeleton:
        found = self._skeletons.get(message)
        if found is None:
            found = self._skeletons[message] = skeleton(message, self._settings, self._keys())
        return found

    def _keys(self) -> tuple[dkim.Signer, ...]:
        if self._signers is None:
            self._signers = dkim.signers(self._settings)
        return self._signers

    # --- sessions ------------------------------------------------------------------------------------------------------

    def _round(self, sessions: list[Session], ready: dict[Session, Prepared], work: Work) -> dict[Session, Prepared]:
        """Hand over these bodies and announce the next messages; the answer is what the server waits for then."""
        following = {
            session: work.ahead.popleft() for session in sessions if work.ahead and not self._is_worn(session, waiting=session in ready)
        }
        self._refuse_utf8(following, work)
        for session in sessions:
            one, behind = ready.get(session), following.get(session)
            try:
                if one is not None:
                    session.hand_over(one.body, behind.envelope if behind and session.pipelines else None)
                elif behind is not None:
                    session.announce(behind.envelope)
            except LOST:  # told when the answer is read
                session.close()
        self._prepare(work, self._settings.connections)  # while the server is busy
        for session, one in ready.items():
            self._finish(session, one, work)
        for session, one in list(following.items()):
            if session not in self._sessions:  # lost with the body before it: this one was never begun
                work.ahead.appendleft(following.pop(session))
            elif session in ready and not session.pipelines:
                self._begin(session, one)
        return self._announced(following, work)

    def _begin(self, session: Session, one: Prepared) -> None:
        try:
            session.announce(one.envelope)
        except LOST:  # told when the answer is read
            session.close()

    def _finish(self, session: Session, one: Prepared, work: Work) -> None:
        """The server's word for a body."""
        number = one.delivery.delivery_id
        try:
            code, text = session.answer()
        except LOST:
            self._drop(session)
            work.done.append(Receipt(number, "unknown", AFTER))
            return
        told = _readable(code, text, one.envelope.recipient)
        if code // 100 == 2:
            work.done.append(Receipt(number, "accepted", told))
        elif code // 100 in {4, 5}:
            work.done.append(_refusal(number, code, told))
        else:
            work.done.append(Receipt(number, "unknown", f"the server's answer makes no sense: {told}"))
        if code // 100 not in {2, 4, 5} or code == 421:  # 421: the server closes the connection
            self._drop(session)

    def _announced(self, following: dict[Session, Prepared], work: Work) -> dict[Session, Prepared]:
        """Read until every announcement is answered; the answer is those that the server waits for."""
        lost: set[Session] = set()
        waiting = list(following)
        while waiting:
            for session in waiting:
                try:
                    session.read()
                except LOST:
                    lost.add(session)
            waiting = [session for session in waiting if session.waiting and session not in lost]
        ready: dict[Session, Prepared] = {}
        for session, one in following.items():
            number, refused = one.delivery.delivery_id, session.refused
            if refused is not None:
                code, text = refused
                work.done.append(_refusal(number, code, _readable(code, text, one.envelope.recipient)))
                if session in lost or code // 100 not in {4, 5} or code == 421:
                    self._drop(session)
            elif session in lost:
                self._drop(session)
                work.done.append(Receipt(number, "retry", BEFORE))
            else:
                ready[session] = one
        return ready

    def _enough(self, messages: int, ready: dict[Session, Prepared]) -> list[Session]:
        """Sessions for so many messages, those that wait for bodies first; fewer where the server wants no more.

        Raises:
            InputError: there is none, and none can be had.
        """
        for session in [s for s in self._sessions if s not in ready and self._is_worn(s)]:
            session.leave()
            self._sessions.remove(session)
        while len(self._sessions) < min(messages, self._settings.connections) and time.monotonic() >= self._no_more_until:
            try:
                self._sessions.append(connected(self._settings) if self._sessions else self._first())
            except NetliftError:
                if not self._sessions:
                    raise
                self._no_more_until = time.monotonic() + FEWER
        if not self._sessions and messages:
            self._sessions.append(self._first())
        return [*ready, *(s for s in self._sessions if s not in ready)]

    def _first(self) -> Session:
        return connected(self._settings, tries=CONNECT_TRIES, pause=CONNECT_PAUSE)

    def _is_worn(self, session: Session, *, waiting: bool = False) -> bool:
        """Whether a session has had its messages or its time; servers do not like endless ones."""
        used, limit = session.handed_over + waiting, self._settings
        old = used > 0 and time.monotonic() - session.began > limit.seconds_per_connection  # never before its first message
        return used >= limit.messages_per_connection or old

    def _refuse_utf8(self, following: dict[Session, Prepared], work: Work) -> None:
        for session, one in list(following.items()):
            if one.envelope.utf8 and not session.has_extn("smtputf8"):
                work.done.append(Receipt(one.delivery.delivery_id, "failed", NO_UTF8))
                del following[session]

    def _drop(self, session: Session) -> None:
        session.close()
        if session in self._sessions:
            self._sessions.remove(session)


def _taken(left: deque[Delivery], number: int) -> list[Delivery]:
    return [left.popleft() for _ in range(min(number, len(left)))]


def _refusal(number: int, code: int, told: str) -> Receipt:
    """5xx is for good, all else for now."""
    state: Literal["failed", "retry"] = "failed" if code // 100 == 5 else "retry"
    return Receipt(number, state, told)


def _readable(code: int, answer: bytes, address: str) -> str:
    """A server's answer in one line, without addresses, and without the name in the one it is about."""
    line = " ".join(f"{code} {answer.decode('ascii', 'replace')}".split())
    if "@" in line:
        line = re.sub(r"<?[^\s<>]+@[^\s<>]+>?", "<address>", line)
    name = address.rpartition("@")[0]
    if name.lower() in line.lower():
        line = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "<address>", line, flags=re.IGNORECASE)
    return line[:200]
