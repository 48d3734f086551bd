"""The relay's log: whether a message was taken, and what became of it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from netlift.campaigns.relay_log import Found, outcomes

TAKEN = (
    "Dec  1 10:00:00 mx postfix/smtpd[11]: 4F1AB2: client=unknown[127.0.0.1]\n",
    "Dec  1 10:00:00 mx postfix/cleanup[12]: 4F1AB2: message-id=<m1@shop.example>\n",
    "Dec  1 10:00:00 mx postfix/qmgr[13]: 4F1AB2: from=<bounces+x@shop.example>, size=500, nrcpt=1 (queue active)\n",
)
SENT = "Dec  1 10:00:01 mx postfix/smtp[14]: 4F1AB2: to=<a@b.example>, relay=mx.b[192.0.2.1]:25, delay=1, dsn=2.0.0, status=sent (250 ok)\n"
BOUNCED = SENT.replace("dsn=2.0.0, status=sent", "dsn=5.1.1, status=bounced")
DEFERRED = SENT.replace("dsn=2.0.0, status=sent", "dsn=4.2.2, status=deferred")
REMOVED = "Dec  1 10:00:02 mx postfix/qmgr[13]: 4F1AB2: removed\n"
WANTED = {"<m1@shop.example>", "<m2@shop.example>"}


def told(*lines: str) -> dict[str, Found]:
    """What the log tells."""
    return outcomes(lines, WANTED)


def test_ends() -> None:
    """Sent, bounced, still in the queue, and tried again after a while."""
    assert told(*TAKEN, SENT, REMOVED) == {"<m1@shop.example>": Found("sent", "2.0.0")}
    assert told(*TAKEN, BOUNCED, REMOVED) == {"<m1@shop.example>": Found("bounced", "5.1.1")}
    assert told(*TAKEN) == {"<m1@shop.example>": Found("taken")}
    assert told(*TAKEN, DEFERRED) == {"<m1@shop.example>": Found("taken", "4.2.2")}
    assert told(*TAKEN, DEFERRED, SENT) == {"<m1@shop.example>": Found("sent", "2.0.0")}


def test_a_message_that_broke_off_was_not_taken() -> None:
    """The header had come and the client went away before the end: the relay never queued it, so it stays unknown."""
    lost = "Dec  1 10:00:01 mx postfix/smtpd[11]: lost connection after DATA (300 bytes) from unknown[127.0.0.1]\n"
    assert told(*TAKEN[:2], lost) == {}


def test_names_of_queue_files_are_used_again() -> None:
    """What happens under the same name after `removed`, or after another message, is not about this one."""
    other = TAKEN[1].replace("m1@", "stranger@")
    assert told(*TAKEN, BOUNCED, REMOVED, SENT) == {"<m1@shop.example>": Found("bounced", "5.1.1")}
    assert told(*TAKEN, other, BOUNCED) == {"<m1@shop.example>": Found("taken")}


def test_through_a_filter_the_last_end_counts() -> None:
    """Handed to a filter (sent) it comes in again under another name and bounces there."""
    again = [line.replace("4F1AB2", "9C3DE4") for line in (*TAKEN, BOUNCED)]
    assert told(*TAKEN, SENT, *again, REMOVED) == {"<m1@shop.example>": Found("bounced", "5.1.1")}


def test_of_several_recipients_the_best_counts() -> None:
    """An alias that reached one of two has arrived."""
    assert told(*TAKEN, SENT, BOUNCED) == {"<m1@shop.example>": Found("sent", "2.0.0")}
    assert told(*TAKEN, BOUNCED, SENT) == {"<m1@shop.example>": Found("sent", "2.0.0")}


def test_strangers_and_other_services() -> None:
    """Other messages, other programs, and instances with names of their own."""
    assert outcomes([*TAKEN, SENT], {"<other@shop.example>"}) == {}
    named = [line.replace("postfix/", "postfix-out/submission/") for line in (*TAKEN, SENT)]
    assert told(*named) == {"<m1@shop.example>": Found("sent", "2.0.0")}
    assert told(*(line.replace("postfix/", "sendmail/") for line in TAKEN)) == {}


def test_a_reply_of_the_receiver_is_not_the_log_s_word() -> None:
    """What a receiver writes in parentheses cannot look like another end."""
    sly = SENT.replace("dsn=2.0.0, status=sent (250 ok)", "dsn=4.0.0, status=deferred (to=<x>, dsn=2.0.0, status=sent)")
    assert told(*TAKEN, sly) == {"<m1@shop.example>": Found("taken", "4.0.0")}


@given(st.lists(st.one_of(st.text(max_size=80), st.sampled_from([*TAKEN, SENT, BOUNCED, DEFERRED, REMOVED])), max_size=12))
def test_any_log(lines: list[str]) -> None:
    """No error, and an answer only for what was asked and taken."""
    assert set(told(*lines)) <= WANTED
