"""Signed tokens: they say again what was put in, and nothing else is ever taken for one."""

from __future__ import annotations

import base64
import random
import re
import string

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st

from netlift.store import keys, tokens
from netlift.store.tokens import OptOut, Tracked

OLD, NEW, STRANGER = (Fernet.generate_key() for _ in range(3))
MEANT = OptOut(7, "ab" * 32, "email")
NUMBERS = st.integers(min_value=0, max_value=2**63 - 1)


@given(NUMBERS, st.binary(min_size=32, max_size=32), st.text(max_size=20))
def test_an_unsubscribe_link_says_again_what_was_put_in(number: int, person: bytes, channel: str) -> None:
    """Any delivery, person and channel come out as they went in, from text that needs no escape in an address."""
    meant = OptOut(number, person.hex(), channel)
    token = tokens.opt_out(meant, by=[NEW])
    assert re.fullmatch(r"[A-Za-z0-9_-]+", token)
    assert tokens.read_opt_out(token, by=[NEW]) == (meant if len(token) <= tokens.LONGEST else None)


@given(NUMBERS, NUMBERS)
def test_the_other_tokens_say_again_what_was_put_in(number: int, link: int) -> None:
    """Links and return addresses; those of addresses survive capitals and fit the 64 characters of RFC 5321, 4.5.3.1.1."""
    assert tokens.read_tracked("click", tokens.tracked("click", Tracked(number, link), by=[NEW]), by=[NEW]) == Tracked(number, link)
    token = tokens.return_path(number, by=[NEW])
    assert re.fullmatch(r"[a-z2-7]{32}", token)
    assert tokens.read_return_path(token.upper(), by=[NEW]) == number
    assert len("b" * 31 + "+" + token) == 64


def test_a_renewed_key_breaks_no_link() -> None:
    """What an old key signed is good as long as that key is kept; a stranger's is never."""
    for token in (tokens.opt_out(MEANT, by=[OLD]), tokens.opt_out(MEANT, by=[NEW])):
        assert tokens.read_opt_out(token, by=[NEW, OLD]) == MEANT
        assert tokens.read_opt_out(token, by=[STRANGER]) is None
    assert tokens.read_return_path(tokens.return_path(7, by=[OLD]), by=[NEW, OLD]) == 7
    assert tokens.opt_out(MEANT, by=[NEW, OLD]) == tokens.opt_out(MEANT, by=[NEW])


def test_the_keys_are_those_of_the_store(owner: str) -> None:
    """Without keys given, the vault's are used, and renewing them breaks nothing."""
    token = tokens.opt_out(MEANT)
    assert keys.renew()
    assert tokens.read_opt_out(token) == MEANT
    assert tokens.opt_out(MEANT) != token


def test_a_token_serves_one_purpose() -> None:
    """A link's token opens neither the picture nor an unsubscription, and the other way round."""
    click = tokens.tracked("click", Tracked(7, 1), by=[NEW])
    assert tokens.read_tracked("open", click, by=[NEW]) is None
    assert tokens.read_opt_out(click, by=[NEW]) is None
    assert tokens.read_tracked("click", tokens.opt_out(MEANT, by=[NEW]), by=[NEW]) is None
    assert tokens.read_return_path(click, by=[NEW]) is None


def test_a_token_tells_nobody() -> None:
    """Neither the id nor the address of a person is in it, in any spelling."""
    person = keys.keyed_hash("customer", "c0001", key=NEW)
    token = tokens.opt_out(OptOut(1, person, "email"), by=[NEW])
    assert "c0001" not in token
    assert "c0001" not in str(tokens.read_opt_out(token, by=[NEW]))


@pytest.mark.parametrize("token", ["", "a", "=", "ä", "a\x00b", "a b", "A" * 5000, "x/y+z", "=" * 32, "\ud800"])
def test_what_is_no_token_is_refused(token: str) -> None:
    """Whatever stands in an address, it is answered and never an error."""
    assert tokens.read_opt_out(token, by=[NEW]) is None
    assert tokens.read_tracked("click", token, by=[NEW]) is None
    assert tokens.read_return_path(token, by=[NEW]) is None


def test_a_million_forged_tokens_are_refused() -> None:
    """0 of 1,000,000 accepted: random text, and good tokens with one character changed, dropped, added or two swapped."""
    draw = random.Random(8)
    letters, small = string.ascii_letters + string.digits + "-_", string.ascii_lowercase + "234567"
    good, address = tokens.opt_out(MEANT, by=[NEW, OLD]), tokens.return_path(7, by=[NEW, OLD])
    accepted = 0
    for _ in range(250_000):
        noise = draw.randbytes(61)
        accepted += tokens.read_opt_out(base64.urlsafe_b64encode(noise).decode().rstrip("="), by=[NEW, OLD]) is not None
        accepted += tokens.read_opt_out(_changed(good, letters, draw), by=[NEW, OLD]) is not None
        accepted += tokens.read_return_path(base64.b32encode(noise[:20]).decode().lower(), by=[NEW, OLD]) is not None
        accepted += tokens.read_return_path(_changed(address, small, draw), by=[NEW, OLD]) is not None
    assert accepted == 0


def _changed(token: str, letters: str, draw: random.Random) -> str:
    """One character of a token is another, or too many, or too few; never the token itself."""
    at = draw.randrange(len(token))
    kind = draw.randrange(3)
    if kind == 0:
        return token[:at] + letters[letters.index(token[at]) - draw.randrange(1, len(letters))] + token[at + 1 :]
    return token[:at] + token[at + 1 :] if kind == 1 else token[:at] + draw.choice(letters) + token[at:]
